"""Subscriptions: what a user pays for, as Stripe told it last."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field

from smriti.core.clock import read_moment, utc_now

PAYING: Final = frozenset({"active", "trialing", "past_due"})
"""The statuses that give the plan: past_due too, while Stripe still tries to get the money."""


def _unix_seconds(value: object) -> object:
    """Older tables have ISO text here, or the seconds as text."""
    if not isinstance(value, str) or value.isdecimal():
        return value
    return int(read_moment(value).timestamp())


type UnixSeconds = Annotated[int, BeforeValidator(_unix_seconds)]


class Subscription(BaseModel):
    """One of a user's subscriptions. An older table's may lack the members with a default."""

    subscription_id: str
    user_email: str
    customer_id: str | None = None
    plan_name: str
    billing_cycle: str | None = None
    status: str
    price_id: str | None = None
    current_period_start: UnixSeconds | None = None
    current_period_end: UnixSeconds | None = None
    cancel_at_period_end: bool = False
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
