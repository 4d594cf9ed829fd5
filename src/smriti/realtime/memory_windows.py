"""Rate windows of one process."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from smriti.core.clock import unix_now
from smriti.realtime.windows import Window, end_of

CAPACITY: Final = 100_000
"""Windows kept at most; beyond it, those begun first are forgotten."""


class MemoryWindows:
    def __init__(self, clock: Callable[[], int] = unix_now) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[str, int, int], int] = OrderedDict()

    async def count(self, subject: str, *, limit: int, window_s: int) -> Window:
        resets_at = end_of(self._clock(), window_s)
        name = subject, window_s, resets_at
        count = self._counts[name] = self._counts.get(name, 0) + 1
        if len(self._counts) > CAPACITY:
            self._counts.popitem(last=False)
        return Window(count, limit, resets_at)
