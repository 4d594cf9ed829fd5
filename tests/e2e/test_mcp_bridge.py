"""The tools of MCP servers, which run as programs of their own, as tools of a device."""

import asyncio
import shlex
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from smriti.devices.client.bridge import McpFailed, McpTools
from smriti.llm.types import ToolCall
from smriti.tools.toolset import ToolFailed
from tests.e2e.server import ROOT
from tests.patience import PATIENCE_S

PROGRAM = ROOT / "tests" / "fakes" / "mcp_server.py"
COMMAND = shlex.join([sys.executable, str(PROGRAM)])


@asynccontextmanager
async def kept(tools: McpTools) -> AsyncIterator[McpTools]:
    keeping = asyncio.ensure_future(tools.keep())
    try:
        await connected(tools)
        yield tools
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


async def call(tools: McpTools, tool: str, **arguments: object) -> str:
    return await tools.call(ToolCall(call_id="c1", name=tool, arguments=dict(arguments)))


def bridge(
    target: str = COMMAND, *, read_only: bool = False, told: list[str] | None = None
) -> McpTools:
    tell = (told if told is not None else []).append
    return McpTools(target, {"GITHUB_TOKEN": "t0ken"}, tell, read_only=read_only)


async def test_a_servers_tools_are_offered_and_called() -> None:
    async with kept(bridge()) as tools:
        specs = {spec.name: spec for spec in tools.specs()}

        assert list(specs) == ["add", "fail", "variable", "quit"]
        assert specs["add"].description == "Add two numbers."
        assert sorted(specs["add"].parameters["properties"]) == ["a", "b"]
        assert await call(tools, "add", a=2, b=40) == "42"
        assert await call(tools, "variable", name="GITHUB_TOKEN") == "t0ken"
        with pytest.raises(ToolFailed, match="no luck"):
            await call(tools, "fail", why="no luck")
        with pytest.raises(ToolFailed):
            await call(tools, "add", a="two")
        with pytest.raises(ToolFailed, match="There is no tool 'no_such_tool'"):
            await call(tools, "no_such_tool")
        assert await call(tools, "add", a=1, b=1) == "2"


async def test_a_server_that_died_is_started_again() -> None:
    told: list[str] = []
    async with kept(bridge(told=told)) as tools:
        with pytest.raises(ToolFailed):
            await call(tools, "quit")
        with pytest.raises(ToolFailed, match="is not connected at the moment"):
            await call(tools, "add", a=1, b=1)
        await connected(tools)

        assert await call(tools, "add", a=1, b=1) == "2"
    assert "is lost. Trying again in" in told[0]


async def test_a_server_behind_an_address_may_go_and_come_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tools = bridge(f"http://127.0.0.1:{port}/mcp", read_only=True)
    async with serving(port), AsyncExitStack() as stack:
        await stack.enter_async_context(kept(tools))
        left = stack.pop_all()

        assert [spec.name for spec in tools.specs()] == ["add"]
        assert await call(tools, "add", a=1, b=1) == "2"
        with pytest.raises(ToolFailed, match="There is no tool 'variable'"):
            await call(tools, "variable", name="HOME")
    async with left:
        with pytest.raises(ToolFailed):
            await call(tools, "add", a=1, b=1)
        async with serving(port):
            await connected(tools)

            assert await call(tools, "add", a=1, b=2) == "3"


async def connected(tools: McpTools) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await tools.ready.wait()


@asynccontextmanager
async def serving(port: int) -> AsyncIterator[None]:
    """The server behind an address, once it listens."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, "http", str(port), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await _listens(port):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
        yield
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@pytest.mark.parametrize(
    "target", ["no-such-program --port 1", "true", "http://127.0.0.1:1/mcp", "'unclosed"]
)
async def test_a_server_that_never_starts_is_told(target: str) -> None:
    with pytest.raises(McpFailed, match="did not start"):
        await asyncio.wait_for(bridge(target).keep(), PATIENCE_S)
