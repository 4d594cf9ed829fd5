"""Reads frames of any size without holding up the loop."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Final

from smriti.devices import shortening
from smriti.devices.protocol import FromDevice, Unreadable, read

LARGE: Final = 512 * 1024
"""Characters of JSON that may take some 50 ms to read."""

_AT_ONCE: Final = 2
_SHORTEN_S: Final = 60.0


class Reader:
    """Results in large messages are shortened by a process of their own before they are read."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def read(self, frame: str | bytes) -> FromDevice:
        """`Unreadable`."""
        if len(frame) <= LARGE:
            return read(frame)
        async with self._places:
            return read(await _shortened(frame.encode() if isinstance(frame, str) else frame))


async def _shortened(frame: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", shortening.__name__,
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_SHORTEN_S):
            short, _ = await process.communicate(frame)
    except TimeoutError as error:
        raise Unreadable("This message is too large to be read.") from error
    finally:
        await _end(process)
    if process.returncode != 0:
        raise Unreadable("This is not JSON.")
    return short


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.communicate()  # to `wait` is not enough: it does not end before it was read
