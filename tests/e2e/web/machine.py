"""A machine of somebody's: `smriti device connect` in a process of its own."""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.server import ROOT
from tests.e2e.web.person import Person

_COMMAND = ["uv", "run", "smriti"]


class Machine:
    """The process, and the directory in which it works."""

    def __init__(self, process: asyncio.subprocess.Process, directory: Path) -> None:
        self.process = process
        self.directory = directory

    def gate(self) -> Path:
        """What `cat gate` waits for: somebody who writes into it."""
        path = self.directory / "gate"
        os.mkfifo(path)
        return path

    async def die(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@asynccontextmanager
async def pasted(line: str, directory: Path) -> AsyncIterator[Machine]:
    """What a terminal does with a line of the page; `uv run smriti` is this environment's."""
    key, *words = shlex.split(line)
    assert words[:3] == _COMMAND, line
    name, _, secret = key.partition("=")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "smriti.cli.main",
        *words[3:],
        cwd=directory,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.defpath, name: secret},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Machine(process, directory)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def machine(
    person: Person, directory: Path, *, name: str = "lab-7", key: str = "Lab"
) -> AsyncIterator[Machine]:
    """A machine with a key of its own, which may be online in a moment."""
    made = person.caller.post("/devices/keys", {"name": key, "kind": "device"})
    command = shlex.join([*_COMMAND, "device", "connect", "--server", person.site.url])
    line = f"SMRITI_DEVICE_KEY={made['key']} {command} --name {name} --directory ."
    async with pasted(line, directory) as connected:
        yield connected
