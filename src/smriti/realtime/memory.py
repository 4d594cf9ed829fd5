"""Event logs in this process's memory: bounded, forgotten a while after they end."""

import asyncio
import time
from collections import deque
from typing import Final

from smriti.realtime.broker import Batch, Behind

LOG_BYTES: Final = 8 * 1024 * 1024
KEPT_S: Final = 600.0


class MemoryLog:
    """The frames of one log. Frame n (from 0) is dropped when newer ones need its room."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._first = 0
        self._bytes = 0
        self._changed = asyncio.Event()
        self.ended_at: float | None = None

    def append(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._bytes += len(frame)
        while self._bytes > LOG_BYTES and len(self._frames) > 1:
            self._bytes -= len(self._frames.popleft())
            self._first += 1
        self._wake()

    def end(self) -> None:
        self.ended_at = time.monotonic()
        self._wake()

    async def read(self, position: int, *, wait_s: float) -> Batch:
        if self._is_news(position):
            return self._batch(position)
        changed = self._changed
        try:
            async with asyncio.timeout(wait_s):
                await changed.wait()
        except TimeoutError:
            return Batch((), position, ended=False)
        return self._batch(position)

    def _is_news(self, position: int) -> bool:
        return self.ended_at is not None or position < self._first + len(self._frames)

    def _batch(self, position: int) -> Batch:
        if position < self._first:
            raise Behind
        frames = list(self._frames)[position - self._first :]
        return Batch(frames, position + len(frames), ended=self.ended_at is not None)

    def _wake(self) -> None:
        """Wake whoever waits now; who comes later waits for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()


class MemoryBroker:
    def __init__(self) -> None:
        self._logs: dict[str, MemoryLog] = {}

    def open(self, name: str) -> MemoryLog:
        self._forget_old()
        log = self._logs[name] = MemoryLog()
        return log

    def find(self, name: str) -> MemoryLog | None:
        return self._logs.get(name)

    def _forget_old(self) -> None:
        limit = time.monotonic() - KEPT_S
        ended = [
            name
            for name, log in self._logs.items()
            if log.ended_at is not None and log.ended_at < limit
        ]
        for name in ended:
            del self._logs[name]
