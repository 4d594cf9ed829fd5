"""A device for tests that are no coroutines."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.devices.ufo import UfoDevice
from tests.patience import PATIENCE_S


@contextmanager
def connected(device: UfoDevice) -> Iterator[None]:
    """It is registered, and lives in a thread of its own."""
    registered, over = Event(), Event()

    async def run() -> None:
        async with device:
            registered.set()
            await asyncio.to_thread(over.wait)

    thread = Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert registered.wait(PATIENCE_S)
        yield
    finally:
        over.set()
        thread.join()
