"""Event logs in this process's memory."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from smriti.realtime.broker import Batch, Behind

LOG_BYTES: Final = 2 * 1024 * 1024
BATCH_BYTES: Final = 128 * 1024
KEPT_S: Final = 600.0
KEPT_BYTES: Final = 64 * 1024 * 1024
"""Of the logs that have ended, all together."""


class _Entry(NamedTuple):
    frame: bytes
    text: str


class MemoryLog:
    """The frames of one turn. When they pass LOG_BYTES, the older half is dropped."""

    def __init__(
        self, *, at: int = 0, on_end: Callable[["MemoryLog", bool], None] = lambda *_: None
    ) -> None:
        self._entries: list[_Entry] = []
        self._first = at + 1
        self._dropped: list[str] = []
        self._waiters: set[asyncio.Future[None]] = set()
        self._on_end = on_end
        self.bytes = 0
        self.last = at
        self.ended = False

    def append(self, frame: bytes, *, text: str = "") -> None:
        self._entries.append(_Entry(frame, text))
        self.last += 1
        self.bytes += len(frame)
        if self.bytes > LOG_BYTES and len(self._entries) > 1:
            self._drop_older_half()
        self._wake()

    def end(self, *, whole: bool = True) -> None:
        if not self.ended:
            self.ended = True
            self._wake()
            self._on_end(self, whole)

    async def read(self, after: int, *, wait_s: float) -> Batch:
        if not self.ended and after >= self.last:
            await self._change(wait_s)
        if after >= self.last:
            return Batch((), after, ended=self.ended)
        start = self._first - 1
        if after < start and self._dropped:
            raise Behind(start, "".join(self._dropped))
        after = max(after, start)
        frames: list[bytes] = []
        size = 0
        for frame, _ in self._entries[after + 1 - self._first :]:
            frames.append(frame)
            size += len(frame)
            if size > BATCH_BYTES:
                break
        last = after + len(frames)
        return Batch(frames, last, ended=self.ended and last == self.last)

    async def _change(self, wait_s: float) -> None:
        """Wait for the next change, at most so long."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(wait_s, _release, waiter)
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiters.discard(waiter)

    def _wake(self) -> None:
        for waiter in self._waiters:
            _release(waiter)
        self._waiters.clear()

    def _drop_older_half(self) -> None:
        half = len(self._entries) // 2
        old = self._entries[:half]
        del self._entries[:half]
        self.bytes -= sum(len(entry.frame) for entry in old)
        self._dropped.append("".join(entry.text for entry in old))
        self._first += half


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class MemoryLogs:
    """Every log of the process. Ended ones stay for KEPT_S, as long as there is room."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logs: dict[str, MemoryLog] = {}
        self._ended: OrderedDict[str, float] = OrderedDict()
        self._ended_bytes = 0

    def open(self, name: str, *, at: int = 0) -> MemoryLog:
        self._forget_old()
        self._remove(name)
        log = self._logs[name] = MemoryLog(at=at, on_end=partial(self._keep, name))
        return log

    def find(self, name: str) -> MemoryLog | None:
        self._forget_old()
        return self._logs.get(name)

    def _keep(self, name: str, log: MemoryLog, whole: bool) -> None:
        if self._logs.get(name) is not log:  # a later attempt has taken its place
            return
        if whole:
            self._ended[name] = self._clock() + KEPT_S
            self._ended_bytes += log.bytes
        else:
            self._remove(name)

    def _forget_old(self) -> None:
        now = self._clock()
        while self._ended:
            name, until = next(iter(self._ended.items()))
            if until > now and self._ended_bytes <= KEPT_BYTES:
                return
            self._remove(name)

    def _remove(self, name: str) -> None:
        log = self._logs.pop(name, None)
        if log is not None and self._ended.pop(name, None) is not None:
            self._ended_bytes -= log.bytes
