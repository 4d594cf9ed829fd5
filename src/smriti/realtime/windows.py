"""The port of rate windows: how often something happened since a window of time began."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted, this time too, in a window that ends at `resets_at` (Unix seconds)."""

    count: int
    limit: int
    resets_at: int

    @property
    def is_over(self) -> bool:
        return self.count > self.limit


class RateWindows(Protocol):
    """Windows are as long as asked and begin at multiples of that, so that all agree on them."""

    async def count(self, subject: str, *, limit: int, window_s: int) -> Window:
        """Count once more. It is counted above the limit, too; who asks must refuse."""
        ...


def end_of(now: int, window_s: int) -> int:
    """When the window of this moment ends; both are Unix seconds."""
    return now - now % window_s + window_s
