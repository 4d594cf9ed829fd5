"""Subscriptions: what a user pays for, as Stripe told it last."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from smriti.core.clock import read_moment, utc_now

PAYING: Final = frozenset({"active", "trialing", "past_due"})
"""The statuses that give the plan: past_due too, while Stripe still tries to get the money."""
ENDED: Final = frozenset({"canceled", "incomplete_expired"})
"""The statuses that nothing follows."""
UNREADABLE: Final = "unreadable"
"""Not one of Stripe's: of a record that is broken, until Stripe is asked again."""


def _unix_seconds(value: object) -> object:
    """Older tables have ISO text here, or the seconds as text."""
    if not isinstance(value, str) or value.isdecimal():
        return value
    return int(read_moment(value).timestamp())


type UnixSeconds = Annotated[int, BeforeValidator(_unix_seconds)]


class Subscription(BaseModel):
    """One of a user's subscriptions. An older table's may lack the members with a default.

    `revision` counts what was written: who would write must have read the last.
    """

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
    revision: int = 0

    def after(self, old: Self | None) -> Self:
        """The same as it is written in place of `old`."""
        if old is None:
            return self.model_copy(update={"revision": 1})
        kept = {"created_at": old.created_at, "revision": old.revision + 1}
        told = self.model_copy(update=kept | {"updated_at": old.updated_at})
        is_news = told.model_copy(update={"revision": old.revision}) != old
        return self.model_copy(update=kept) if is_news else told


class Customer(BaseModel):
    """Who a user is at Stripe, and the Checkout session that is open, or was last."""

    user_email: str
    customer_id: str | None = None
    session_id: str | None = None
    session_price: str | None = None
    revision: int = 0


class CheckoutRequest(BaseModel):
    """Which plan is bought. The token says for whom; other members are ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        json_schema_extra={"example": {"planKey": "starter", "billingCycle": "monthly"}},
    )

    plan_key: Annotated[str, Field(max_length=100)]
    billing_cycle: Annotated[str, Field(max_length=100, description="monthly or annual")]


class Destination(BaseModel):
    """Where the browser goes next."""

    url: str


class SubscriptionStatus(BaseModel):
    """A user's plan. Periods are Unix seconds, as text."""

    tier: str
    status: str | None = None
    current_period_start: str | None = None
    current_period_end: str | None = None
    is_active: bool = False
    cancel_at_period_end: bool | None = None


class CancellationChange(BaseModel):
    success: Literal[True] = True
    message: str
    current_period_end: str | None


class PaidSession(BaseModel):
    """What a paid Checkout session is exchanged for."""

    token: str
    email: str
    subscription_status: str | None


class Received(BaseModel):
    status: Literal["ok"] = "ok"
