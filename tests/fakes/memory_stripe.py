"""Stripe as the payments module sees it, in memory: what it is asked it does at once."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson

from smriti.payments.catalogue import NewPrice, Product
from smriti.payments.gateway import (
    BadSignature,
    CheckoutSession,
    CustomerGone,
    Event,
    Invoice,
    Order,
    Price,
    Recurring,
    StripeCustomer,
    StripeFailed,
    StripeSubscription,
    SubscriptionItem,
)
from smriti.payments.pricing import Tier

SIGNATURE = "signed"
PERIOD_S = 30 * 86_400

type Meanwhile = Callable[[], Awaitable[None]]


class MemoryStripe:
    """`now` are the Unix seconds of new periods.

    Methods named in `failing` end in `StripeFailed`. A method named in `meanwhile` has its answer,
    then waits for what stands there, once, and answers: what it says may be old by then.
    """

    def __init__(self, *, now: int) -> None:
        self.now = now
        self.calls: list[str] = []
        self.failing: set[str] = set()
        self.meanwhile: dict[str, Meanwhile] = {}
        self.customers: dict[str, StripeCustomer] = {}
        self.known: dict[str, StripeSubscription] = {}
        self.sessions: dict[str, CheckoutSession] = {}
        self.orders: dict[str, Order] = {}
        self.invoices: dict[str, Invoice] = {}
        self.on_sale: list[Product] = []
        self.prices: dict[str, list[Price]] = {}
        self.pay_at: str | None = None
        self._by_key: dict[str, str] = {}
        self._numbers = itertools.count(1)

    # What happens at Stripe by itself.

    def subscribe(self, customer_id: str, price_id: str, **changes: Any) -> StripeSubscription:
        number = next(self._numbers)
        made = StripeSubscription.model_validate(
            {
                "id": f"sub_{number}",
                "customer": customer_id,
                "status": "active",
                "items": {"data": [_item(f"si_{number}", price_id, self.now)]},
                **changes,
            }
        )
        self.known[made.id] = made
        return made

    def change(self, subscription_id: str, **changes: Any) -> None:
        old = self.known[subscription_id].model_dump()
        self.known[subscription_id] = StripeSubscription.model_validate(old | changes)

    def pay(self, session_id: str) -> StripeSubscription:
        """The customer goes through with it."""
        order = self.orders[session_id]
        bought = self.subscribe(order.customer_id, order.price_id)
        done = {"status": "complete", "payment_status": "paid", "subscription": bought.id}
        self.sessions[session_id] = self.sessions[session_id].model_copy(update=done)
        return bought

    @property
    def open_sessions(self) -> list[str]:
        return [one.id for one in self.sessions.values() if one.status == "open"]

    # The port.

    async def create_customer(self, email: str, *, key: str) -> str:
        customer_id = self._once(key, "cus")
        self.customers[customer_id] = StripeCustomer(metadata={"user_email": email})
        return await self._answer("create_customer", customer_id)

    async def customer(self, customer_id: str) -> StripeCustomer | None:
        return await self._answer("customer", self.customers.get(customer_id))

    async def disown(self, customer_id: str) -> None:
        if customer_id in self.customers:
            self.customers[customer_id] = StripeCustomer()
        await self._answer("disown", None)

    async def subscription(self, subscription_id: str) -> StripeSubscription | None:
        return await self._answer("subscription", self.known.get(subscription_id))

    async def subscriptions_of(self, customer_id: str) -> list[StripeSubscription]:
        found = [one for one in self.known.values() if one.customer == customer_id]
        return await self._answer("subscriptions_of", found)

    async def living_subscriptions(self) -> AsyncIterator[StripeSubscription]:
        for one in [one for one in self.known.values() if one.is_living]:
            yield one

    async def change_price(
        self, subscription: StripeSubscription, item: SubscriptionItem, price_id: str
    ) -> str | None:
        if self.pay_at is None:
            self.change(subscription.id, items={"data": [_item(item.id, price_id, self.now)]})
        return await self._answer("change_price", self.pay_at)

    async def end_at_period_end(self, subscription: StripeSubscription) -> None:
        self.change(subscription.id, cancel_at_period_end=True)
        await self._answer("end_at_period_end", None)

    async def go_on(self, subscription: StripeSubscription) -> None:
        self.change(subscription.id, cancel_at_period_end=False, cancel_at=None)
        await self._answer("go_on", None)

    async def cancel(self, subscription_id: str) -> None:
        await self._answer("cancel", None)
        self.change(subscription_id, status="canceled")

    async def open_session(self, order: Order, *, key: str) -> CheckoutSession:
        if order.customer_id not in self.customers:
            raise CustomerGone
        session_id = self._once(key, "cs")
        opened = CheckoutSession(
            id=session_id,
            url=f"https://pay/{session_id}",
            status="open",
            customer=order.customer_id,
        )
        self.orders[session_id] = order
        return await self._answer("open_session", self.sessions.setdefault(session_id, opened))

    async def session(self, session_id: str) -> CheckoutSession | None:
        return await self._answer("session", self.sessions.get(session_id))

    async def expire_session(self, session_id: str) -> None:
        session = self.sessions.get(session_id)
        if session is not None and session.status == "open":
            self.sessions[session_id] = session.model_copy(update={"status": "expired"})
        await self._answer("expire_session", None)

    async def open_portal(self, customer_id: str, return_url: str) -> str:
        if customer_id not in self.customers:
            raise CustomerGone
        return await self._answer("open_portal", f"https://portal/{customer_id}?{return_url}")

    async def invoice(self, invoice_id: str) -> Invoice | None:
        return await self._answer("invoice", self.invoices.get(invoice_id))

    async def products(self) -> list[Product]:
        return self.on_sale

    async def prices_of(self, product_id: str) -> list[Price]:
        return self.prices[product_id]

    async def create_product(self, tier: Tier) -> str:
        made = Product(id=f"prod_{next(self._numbers)}", metadata={"plan_key": tier.key})
        self.on_sale.append(made)
        self.prices[made.id] = []
        return made.id

    async def create_price(self, price: NewPrice) -> str:
        made = Price(
            id=f"price_{next(self._numbers)}",
            unit_amount=price.unit_amount,
            currency=price.currency,
            recurring=Recurring(interval=price.interval),
        )
        self.prices[price.product_id].append(made)
        return made.id

    def event(self, payload: bytes, signature: str, secret: str) -> Event:
        if signature != SIGNATURE:
            raise BadSignature
        return Event.model_validate(orjson.loads(payload))

    async def _answer[T](self, name: str, answer: T) -> T:
        self.calls.append(name)
        if name in self.failing:
            raise StripeFailed
        if meanwhile := self.meanwhile.pop(name, None):
            await meanwhile()
        return answer

    def _once(self, key: str, kind: str) -> str:
        return self._by_key.setdefault(key, f"{kind}_{next(self._numbers)}")


def _item(item_id: str, price_id: str, now: int) -> dict[str, Any]:
    return {
        "id": item_id,
        "price": {"id": price_id},
        "current_period_start": now,
        "current_period_end": now + PERIOD_S,
    }
