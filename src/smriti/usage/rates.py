"""How often one caller may call: so many messages a minute, so many requests an hour."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from smriti.core.clock import unix_now
from smriti.core.errors import QuotaExceeded
from smriti.realtime.windows import RateWindows, Window

_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`what` may be done `limit` times in `window_s` seconds."""

    what: str
    limit: int
    window_s: int


class RateLimited(QuotaExceeded):
    title, slug = "Too many requests", "rate-limited"

    def __init__(self, rate: Rate, wait_s: int) -> None:
        super().__init__(
            f"{rate.limit} {rate.what} are allowed. Try again in {wait_s} seconds.",
            headers={
                "Retry-After": str(wait_s),
                "RateLimit-Limit": str(rate.limit),
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": str(wait_s),
            },
        )


class RequestRates:
    """Counts the requests of each caller. `None` for `windows`: nothing is counted or refused."""

    def __init__(
        self,
        windows: RateWindows | None,
        *,
        chat_per_minute: int,
        per_hour: int,
        clock: Callable[[], int] = unix_now,
    ) -> None:
        self._windows = windows
        self._hour = Rate("requests an hour", per_hour, 3600)
        self._minute = Rate("messages a minute", chat_per_minute, 60)
        self._clock = clock
        self._over: dict[tuple[str, Rate], int] = {}

    @property
    def counted(self) -> bool:
        return self._windows is not None

    def check(self, subject: str, *, chat: bool = False) -> None:
        """`RateLimited`, as far as this process remembers: who goes on costs the store nothing."""
        now = self._clock()
        for rate in self._rates(chat=chat):
            resets_at = self._over.get((subject, rate), now)
            if resets_at > now:
                raise RateLimited(rate, resets_at - now)

    async def count(self, subject: str, *, chat: bool = False) -> None:
        """Count a request, and with `chat` a message, too. `RateLimited`."""
        if self._windows is None:
            return
        rates = self._rates(chat=chat)
        windows = await asyncio.gather(
            *(
                self._windows.count(subject, limit=rate.limit, window_s=rate.window_s)
                for rate in rates
            )
        )
        for rate, window in zip(rates, windows, strict=True):
            if window.is_over:
                self._remember(subject, rate, window)
                raise RateLimited(rate, max(1, window.resets_at - self._clock()))

    def _rates(self, *, chat: bool) -> tuple[Rate, ...]:
        return (self._minute, self._hour) if chat else (self._hour,)

    def _remember(self, subject: str, rate: Rate, window: Window) -> None:
        if len(self._over) >= _REMEMBERED:
            self._over.clear()
        self._over[subject, rate] = window.resets_at
