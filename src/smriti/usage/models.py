"""What is counted, and what is told about it. Months are UTC's."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import BaseModel, Field

type Reserved = Literal["messages", "kb_pages"]
type Monthly = Reserved | Literal["tokens"]
type Meter = Reserved | Literal["agents", "memory_blocks"]

MONTHLY: Final[tuple[Monthly, ...]] = ("messages", "kb_pages", "tokens")
MAX_MONTHS: Final = 12


def month_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m")


def month_after(month: str, months: int = 1) -> str:
    """The month so many months later, or before when `months` is negative."""
    year, number = map(int, month.split("-"))
    years, index = divmod(number - 1 + months, 12)
    return f"{year + years:04}-{index + 1:02}"


def start_of(month: str) -> datetime:
    return datetime.fromisoformat(f"{month}-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Reservation:
    """So much of a meter, counted before it was used. `used`: all that was counted then."""

    email: str
    month: str
    meter: Monthly
    amount: int
    used: int = 0


class MonthUsage(BaseModel):
    """What was used in one month (`2026-03`)."""

    month: str
    messages: int = Field(default=0, description="Questions; each with its answer.")
    kb_pages: int = 0
    tokens: int = Field(default=0, description="Of all model calls, in and out.")


class Limits(BaseModel):
    """What a user may have; null is as much as they want."""

    agents: int | None = None
    messages: int | None = Field(default=None, description="In a month.")
    kb_pages: int | None = Field(default=None, description="In a month.")
    memory_blocks: int | None = Field(default=None, description="Of each agent.")

    def of(self, meter: Meter) -> int | None:
        match meter:
            case "agents":
                return self.agents
            case "messages":
                return self.messages
            case "kb_pages":
                return self.kb_pages
            case "memory_blocks":
                return self.memory_blocks


class Used(MonthUsage):
    """What was used this month, and the agents that there are now."""

    agents: int


class UsageSummary(BaseModel):
    """A user's plan, what it allows, and what was used. `tier` is the plan's key."""

    tier: str
    plan: str
    enforced: bool = Field(description="False: everything is counted, nothing is refused.")
    limits: Limits
    used: Used
    resets_at: datetime = Field(description="When the month ends, and counting begins anew.")
    upgrade_url: str
    months: list[MonthUsage] = Field(description="Newest first; the first is this month.")
