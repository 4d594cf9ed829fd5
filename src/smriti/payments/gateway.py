"""What we ask of Stripe, and what it answers: the port behind which its library stands."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal, Protocol

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from smriti.core.errors import BadRequest, UpstreamFailed
from smriti.payments.models import ENDED


class StripeFailed(UpstreamFailed):
    """Stripe did not answer, or refused what we asked."""

    slug = "payment-service-failed"

    def __init__(self) -> None:
        super().__init__("The payment service did not do what was asked. Try again in a moment.")


class CustomerGone(StripeFailed):
    """Stripe does not know the customer any more, or not in this mode."""


class BadSignature(BadRequest):
    slug = "bad-signature"

    def __init__(self) -> None:
        super().__init__("Invalid signature")


class BadPayload(BadRequest):
    slug = "bad-payload"

    def __init__(self) -> None:
        super().__init__("Invalid payload")


def _id_of(value: object) -> object:
    return value.get("id") if isinstance(value, Mapping) else value


type Reference = Annotated[str, BeforeValidator(_id_of)]
"""Another object's id; Stripe may give the whole object in its place."""


class Wire(BaseModel):
    """An object of Stripe's: the members that we read, of whatever version of its API."""

    model_config = ConfigDict(frozen=True)


class Recurring(Wire):
    interval: str
    interval_count: int = 1


class Price(Wire):
    id: str
    unit_amount: int | None = None
    currency: str = ""
    recurring: Recurring | None = None


class _Period(Wire):
    current_period_start: int | None = None
    current_period_end: int | None = None


class SubscriptionItem(_Period):
    id: str
    price: Annotated[Price, Field(validation_alias=AliasChoices("price", "plan"))]


class _Items(Wire):
    data: Annotated[list[SubscriptionItem], Field(min_length=1)]


class SubscriptionReference(Wire):
    id: str
    customer: Reference


class StripeSubscription(SubscriptionReference, _Period):
    """A subscription. Since 2025 the periods are those of its items."""

    status: str
    items: _Items
    cancel_at_period_end: bool = False
    cancel_at: int | None = None

    @property
    def is_living(self) -> bool:
        return self.status not in ENDED

    @property
    def is_ending(self) -> bool:
        return self.cancel_at_period_end or self.cancel_at is not None

    def period_of(self, item: SubscriptionItem) -> tuple[int | None, int | None]:
        """Start and end, Unix seconds."""
        place = self if item.current_period_end is None else item
        return place.current_period_start, place.current_period_end


class _SubscriptionDetails(Wire):
    subscription: Reference | None = None


class _Parent(Wire):
    subscription_details: _SubscriptionDetails | None = None


class Invoice(Wire):
    customer: Reference | None = None
    subscription: Reference | None = None
    parent: _Parent | None = None

    @property
    def subscription_id(self) -> str | None:
        """Of whichever shape: since 2025 an invoice has a parent."""
        details = self.parent and self.parent.subscription_details
        return (details and details.subscription) or self.subscription


class InvoicePayment(Wire):
    invoice: Reference


class StripeCustomer(Wire):
    email: str | None = None
    metadata: dict[str, str] | None = None
    deleted: bool = False


class CheckoutSession(Wire):
    id: str
    url: str | None = None
    status: Literal["open", "complete", "expired"] | None = None
    payment_status: str = "unpaid"
    customer: Reference | None = None
    subscription: Reference | None = None


class _EventData(Wire):
    object: dict[str, Any]


class Event(Wire):
    """What a webhook tells. Only the ids in its object are believed; the rest is asked for."""

    id: str
    type: str
    data: _EventData


class Order(BaseModel):
    """A Checkout session that is to be opened."""

    customer_id: str
    user_email: str
    price_id: str
    plan_key: str
    billing_cycle: str
    success_url: str
    cancel_url: str


class Gateway(Protocol):
    """Stripe. `StripeFailed`; what it does not know is None."""

    async def create_customer(self, email: str, *, key: str) -> str:
        """The id of a customer; for the same key the same again."""
        ...

    async def customer(self, customer_id: str) -> StripeCustomer | None: ...

    async def disown(self, customer_id: str) -> None:
        """Take off the customer whose account it was: the name may be somebody else's one day."""
        ...

    async def subscription(self, subscription_id: str) -> StripeSubscription | None: ...

    async def subscriptions_of(self, customer_id: str) -> list[StripeSubscription]:
        """Ended ones, too."""
        ...

    def living_subscriptions(self) -> AsyncIterator[StripeSubscription]:
        """Everybody's, without ended ones."""
        ...

    async def change_price(
        self, subscription: StripeSubscription, item: SubscriptionItem, price_id: str
    ) -> str | None:
        """Change what is paid for from now on, and settle the difference at once. While that is
        not paid nothing changes, and the answer is where to pay."""
        ...

    async def end_at_period_end(self, subscription: StripeSubscription) -> None: ...

    async def go_on(self, subscription: StripeSubscription) -> None:
        """Take an end at the period's end back."""
        ...

    async def cancel(self, subscription_id: str) -> None:
        """Now, and whether or not it has ended already."""
        ...

    async def open_session(self, order: Order, *, key: str) -> CheckoutSession:
        """For the same key the same again. `CustomerGone`."""
        ...

    async def session(self, session_id: str) -> CheckoutSession | None: ...

    async def expire_session(self, session_id: str) -> None:
        """Whether or not it is still open."""
        ...

    async def open_portal(self, customer_id: str, return_url: str) -> str:
        """Its address. `CustomerGone`."""
        ...

    async def invoice(self, invoice_id: str) -> Invoice | None: ...

    def event(self, payload: bytes, signature: str, secret: str) -> Event:
        """A webhook's, proven to be Stripe's and no older than five minutes.

        `BadSignature`; `BadPayload` when it is no event."""
        ...
