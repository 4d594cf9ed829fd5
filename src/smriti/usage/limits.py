"""What a plan allows of one meter, and how it is said that this is all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Final

from smriti.core.clock import utc_now
from smriti.core.errors import AppError, QuotaExceeded
from smriti.usage.models import Meter

_TEXTS: Final[Mapping[Meter, str]] = {
    "agents": "Agent limit reached ({limit}). Upgrade to create more.",
    "memory_blocks": "Memory block limit reached ({limit}). Upgrade to create more.",
    "messages": "Monthly message limit reached ({limit}). Upgrade for more.",
    "kb_pages": "Knowledge base page limit exceeded. {remaining} pages remaining.",
}


class PlanLimitReached(QuotaExceeded):
    """A plan allows no more. The document's `detail` is an object, as clients know it."""

    slug = "plan-limit-reached"

    def __init__(self, text: str, about: Mapping[str, Any], headers: dict[str, str]) -> None:
        super().__init__(text, headers=headers)
        self._about = about

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"detail": {"message": self.detail, **self._about}}


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of a meter somebody may have. `limit` None: as much as they want."""

    meter: Meter
    limit: int | None
    tier: str
    upgrade_url: str

    def within(self, most: int) -> int:
        """The limit where everybody has that of the server, too."""
        return most if self.limit is None else min(self.limit, most)

    def refusal(self, current: int, *, resets_at: datetime | None = None) -> PlanLimitReached:
        """Why there can be no more than `current`; `resets_at`: when there can be again."""
        limit = self.limit or 0
        remaining = max(0, limit - current)
        about: dict[str, Any] = {"limit": limit, "current": current, "tier": self.tier}
        if self.meter == "kb_pages":
            about["remaining"] = remaining
        headers = {"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(remaining)}
        if resets_at is not None:
            wait_s = str(max(1, ceil((resets_at - utc_now()).total_seconds())))
            headers |= {"RateLimit-Reset": wait_s, "Retry-After": wait_s}
        text = _TEXTS[self.meter].format(limit=limit, remaining=remaining)
        return PlanLimitReached(text, about | {"upgrade_url": self.upgrade_url}, headers)

    def refused(self, current: int, most: int, otherwise: AppError) -> AppError:
        """The same, or `otherwise` where the server's own limit is the smaller one."""
        return self.refusal(current) if self.within(most) == self.limit else otherwise
