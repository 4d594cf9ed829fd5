"""`smriti device connect` as people start it, against a small AIP server."""

import asyncio
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.devices.client.aip_server import KEY, AipServer
from tests.e2e.server import ROOT
from tests.patience import PATIENCE_S


class Running:
    """The command, with what it has written so far. `keys`: what types at its terminal."""

    def __init__(self, process: asyncio.subprocess.Process, keys: int) -> None:
        self.process = process
        self.keys = keys
        self.written = ""

    async def until(self, words: str) -> None:
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.written:
                piece = await self.process.stdout.read(1000)
                assert piece, self.written
                self.written += piece.decode()

    async def end(self, number: signal.Signals) -> int:
        """The exit code after this signal; `written` is then complete."""
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            rest, _ = await self.process.communicate()
        self.written += rest.decode()
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def connected(server: AipServer, directory: Path, *options: str) -> AsyncIterator[Running]:
    command = ["-m", "smriti.cli.main", "device", "connect", "--server", server.url]
    keys, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        *("--name", "lab-7", *options),
        cwd=directory,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.defpath, "SMRITI_DEVICE_KEY": KEY},
        stdin=terminal,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Running(process, keys)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
        os.close(keys)
        os.close(terminal)


@pytest.fixture
async def server() -> AsyncIterator[AipServer]:
    async with AipServer.running() as server:
        yield server


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_cleanly_and_its_command_with_it(
    server: AipServer, tmp_path: Path, number: signal.Signals
) -> None:
    async with connected(server, tmp_path, "--allow", "sh") as running:
        line = await server.device()
        script = {
            "command": 'sh -c "echo up > here; sleep 50; echo late > there"'.replace('"', "'")
        }
        os.mkfifo(tmp_path / "here")
        await line.command({"tool_name": "execute_command", "parameters": script})
        await asyncio.to_thread((tmp_path / "here").read_text, encoding="utf-8")

        code = await running.end(number)
        await asyncio.wait_for(line.socket.wait_closed(), PATIENCE_S)

    assert code == 0
    assert line.socket.close_code == 1000
    assert running.written.endswith("Disconnected.\n")
    assert KEY not in running.written


async def test_its_environment_is_not_its_programs(server: AipServer, tmp_path: Path) -> None:
    async with connected(server, tmp_path, "--allow", "env") as running:
        line = await server.device()

        seen = await line.call("execute_command", command="env")

        assert "SMRITI" not in seen["result"]
        assert f"PATH={os.defpath}" in seen["result"]
        assert running.process.returncode is None


async def test_read_only_offers_nothing_that_writes(server: AipServer, tmp_path: Path) -> None:
    async with connected(server, tmp_path, "--read-only"):
        line = await server.device()

        listed = (await line.call("list_tools"))["result"]
        written = await line.call("write_file", path="x", content="x")

    assert "write_file" not in [tool["tool_name"] for tool in listed]
    assert written["status"] == "failure"


@pytest.mark.parametrize(
    ("typed", "status"),
    [("y\n", "success"), ("yes\n", "success"), ("n\n", "failure"), ("\n", "failure")],
)
async def test_a_person_is_asked(
    server: AipServer, tmp_path: Path, typed: str, status: str
) -> None:
    async with connected(server, tmp_path, "--ask") as running:
        line = await server.device()
        os.write(running.keys, b"y\n")  # before the question: no answer to it
        action = {"tool_name": "execute_command", "parameters": {"command": "echo hello"}}
        await line.command(action)
        await running.until("Allow it? [y/N] ")
        os.write(running.keys, typed.encode())

        (result,) = (await line.heard())["action_results"]

    assert result["status"] == status
    assert 'execute_command {"command": "echo hello"}' in running.written


async def test_a_wrong_key_is_told_and_ends_it(server: AipServer, tmp_path: Path) -> None:
    async with connected(server, tmp_path, "--key", "sk_smriti_k1_wrong") as running:
        await running.until("The server refuses this device.")
        async with asyncio.timeout(PATIENCE_S):
            assert await running.process.wait() == 1

    assert "wrong" not in running.written


async def test_an_mcp_servers_tools_are_the_devices(server: AipServer, tmp_path: Path) -> None:
    program = f"{sys.executable} {ROOT / 'tests' / 'fakes' / 'mcp_server.py'}"
    async with connected(server, tmp_path, "--mcp", program) as running:
        line = await server.device()

        listed = (await line.call("list_tools"))["result"]
        added = await line.call("add", a=2, b=3)
        told = await line.call("variable", name="SMRITI_DEVICE_KEY")
        code = await running.end(signal.SIGTERM)

    assert [tool["tool_name"] for tool in listed][-4:] == ["add", "fail", "variable", "quit"]
    assert (added["status"], added["result"]) == ("success", "5")
    assert told["result"] == "(unset)"
    assert code == 0
