"""A device whose tools are given, connected to a small server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import repeat
from pathlib import Path

import pytest

from smriti.devices.client.client import DeviceClient
from smriti.devices.client.commands import Commands
from smriti.devices.client.desk import Desk
from smriti.devices.client.files import ReadFiles, WriteFiles
from smriti.devices.client.machine import Machine
from smriti.devices.client.place import Place
from smriti.tools.toolset import Combined, Toolset
from tests.devices.client.aip_server import KEY, AipServer, Line
from tests.patience import PATIENCE_S

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


class Device:
    """A device client at work. `told`: what it shows."""

    def __init__(self, server: AipServer, tools: Toolset, key: str = KEY) -> None:
        self.told: list[str] = []
        self._more = asyncio.Event()
        desk = Desk(tools, self._tell)
        self.client = DeviceClient(
            server.url, key, "lab-7", desk, self._tell, pauses_s=lambda: repeat(0.01)
        )

    async def shows(self, words: str) -> None:
        """Wait until it has shown a line with these words."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(words in line for line in self.told):
                self._more.clear()
                await self._more.wait()

    def _tell(self, text: str) -> None:
        self.told.append(text)
        self._more.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.ensure_future(self.client.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
async def server() -> AsyncIterator[AipServer]:
    async with AipServer.running() as server:
        yield server


@pytest.fixture
def tools(tmp_path: Path) -> Toolset:
    """All of a device's own tools, in an empty directory; `sh` and `sleep` may run."""
    place = Place(tmp_path)
    commands = Commands(place, PATH, also=frozenset({"sh", "sleep"}), writable=True)
    return Combined(commands, Machine(place), ReadFiles(place), WriteFiles(place))


@pytest.fixture
def device(server: AipServer, tools: Toolset) -> Device:
    return Device(server, tools)


@pytest.fixture
async def line(server: AipServer, device: Device) -> AsyncIterator[Line]:
    """A device that has registered."""
    async with device.running():
        yield await server.device()
