"""Event logs in this process's memory."""

import asyncio
from typing import Final

from smriti.realtime.broker import Batch, Behind

LOG_BYTES: Final = 8 * 1024 * 1024


class MemoryLog:
    """The frames of one turn. When they pass LOG_BYTES, the older half is dropped."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._first = 0
        self._bytes = 0
        self._ended = False
        self._changed = asyncio.Event()

    def append(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes > LOG_BYTES:
            self._drop_older_half()
        self._wake()

    def end(self) -> None:
        self._ended = True
        self._wake()

    async def read(self, position: int, *, wait_s: float) -> Batch:
        if not self._ended and position >= self._first + len(self._frames):
            changed = self._changed
            try:
                async with asyncio.timeout(wait_s):
                    await changed.wait()
            except TimeoutError:
                return Batch((), position, ended=False)
        if position < self._first:
            raise Behind
        frames = self._frames[position - self._first :]
        return Batch(frames, position + len(frames), ended=self._ended)

    def _drop_older_half(self) -> None:
        half = max(len(self._frames) // 2, 1)
        self._bytes -= sum(map(len, self._frames[:half]))
        del self._frames[:half]
        self._first += half

    def _wake(self) -> None:
        """Wake whoever waits now; who comes later waits for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()
