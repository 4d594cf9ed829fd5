"""A clock that tests move."""

from dataclasses import dataclass, field

from smriti.core.clock import unix_now


@dataclass
class Clock:
    """A clock that is moved by hand, and a pause that only counts."""

    now: int = field(default_factory=unix_now)
    paused_s: float = 0.0

    def __call__(self) -> int:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.paused_s += seconds
