"""Rate windows of several processes on one table.

RateWindow#<subject>  <seconds>#<end>  what was counted in one window (`count`); it expires
"""

from collections.abc import Callable
from typing import Final

from smriti.core.clock import unix_now
from smriti.db.table import TTL, Add, Default, Set, Table
from smriti.realtime.windows import Window, end_of

_KEPT_S: Final = 60
"""After its end, for processes whose clocks are slow."""


class TableWindows:
    def __init__(self, table: Table, clock: Callable[[], int] = unix_now) -> None:
        self._table = table
        self._clock = clock

    async def count(self, subject: str, *, limit: int, window_s: int) -> Window:
        """In one atomic write."""
        resets_at = end_of(self._clock(), window_s)
        item = await self._table.update(
            (f"RateWindow#{subject}", f"{window_s}#{resets_at}"),
            Add("count", 1),
            Set(TTL, resets_at + _KEPT_S),
            Default("entity_type", "RateWindow"),
        )
        return Window(int(str(item["count"])), limit, resets_at)
