"""The tools of an MCP server, as tools of the device."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import (
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ResourceLink,
    TextContent,
    TextResourceContents,
    Tool,
)

from smriti.core.errors import UpstreamFailed
from smriti.devices.client.desk import Tell
from smriti.devices.client.pauses import pauses_s
from smriti.llm.types import ToolCall, ToolSpec
from smriti.tools.toolset import ToolFailed

START_S: Final = 60.0
CALL_S: Final = 150.0  # the server waits for 180 s
_ALIVE_S: Final = 10.0
_MOST_PAGES: Final = 20
_MOST_CHARACTERS: Final = 200_000


class McpFailed(UpstreamFailed):
    slug = "mcp-server-failed"


class McpTools:
    """What one MCP server offers when it is connected, a command (stdio) or an address (HTTP).

    A command gets `environment`. `read_only`: only tools that say that they change nothing.
    `ready`: it is connected.
    """

    def __init__(
        self, target: str, environment: Mapping[str, str], tell: Tell, *, read_only: bool
    ) -> None:
        self._target = target
        self._environment = environment
        self._tell = tell
        self._read_only = read_only
        self._client: Client | None = None
        self._tools: list[Tool] = []
        self._started = False
        self._lost = asyncio.Event()
        self.ready = asyncio.Event()

    async def keep(self) -> None:
        """Start the server, and again whenever it is lost. `McpFailed` if that never works."""
        pauses = pauses_s()
        while True:
            try:
                await self._serve()
                pauses = pauses_s()
            except Exception as error:  # whatever a library raises, of any depth
                if not self._started:
                    raise McpFailed(f"{self._name} did not start: {_words(error)}.") from error
            self._let_go()
            pause_s = next(pauses)
            self._tell(f"{self._name} is lost. Trying again in {pause_s:.1f} s.")
            await asyncio.sleep(pause_s)

    def specs(self) -> Sequence[ToolSpec]:
        return [
            ToolSpec(name=t.name, description=t.description or "", parameters=t.input_schema)
            for t in self._tools
        ]

    async def call(self, call: ToolCall) -> str:
        if call.name not in {tool.name for tool in self._tools}:
            raise ToolFailed(f"There is no tool {call.name!r}.")
        if self._client is None:
            raise ToolFailed(f"{self._name} is not connected at the moment. Try again later.")
        try:
            result = await self._client.call_tool(
                call.name, call.arguments, read_timeout_seconds=CALL_S
            )
        except Exception as error:  # a server's refusal, its end, or an answer that is none
            await self._look_after(self._client)
            raise ToolFailed(f"{self._name}: {_words(error)}") from error
        text = _text(result)[:_MOST_CHARACTERS]
        if result.is_error:
            raise ToolFailed(text or "The tool failed.")
        return text

    @property
    def _name(self) -> str:
        return f"The MCP server {self._target!r}"

    async def _serve(self) -> None:
        self._lost.clear()
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(START_S):
                client = await stack.enter_async_context(Client(self._server()))
                self._tools = await self._offered(client)
            self._client, self._started = client, True
            self.ready.set()
            await self._lost.wait()

    def _server(self) -> str | StdioServerParameters:
        if self._target.startswith(("http://", "https://")):
            return self._target
        command, *arguments = shlex.split(self._target)
        return StdioServerParameters(command=command, args=arguments, env=dict(self._environment))

    async def _offered(self, client: Client) -> list[Tool]:
        offered: list[Tool] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
            offered += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        return [tool for tool in offered if not self._read_only or _only_reads(tool)]

    async def _look_after(self, client: Client) -> None:
        """After a failed call: whether the server is there at all."""
        try:
            async with asyncio.timeout(_ALIVE_S):
                await client.list_tools(cache_mode="bypass")
        except Exception:  # noqa: BLE001 - whatever a library raises
            self._let_go()

    def _let_go(self) -> None:
        self._client = None
        self.ready.clear()
        self._lost.set()


def _only_reads(tool: Tool) -> bool:
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def _words(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _text(result: CallToolResult) -> str:
    if not result.content and result.structured_content is not None:
        return str(result.structured_content)
    return "\n".join(map(_shown, result.content))


def _shown(block: ContentBlock) -> str:
    match block:
        case TextContent(text=text):
            return text
        case EmbeddedResource(resource=TextResourceContents(text=text)):
            return text
        case ResourceLink(uri=uri):
            return f"[{uri}]"
        case _:
            return f"[{block.type}: not shown]"
