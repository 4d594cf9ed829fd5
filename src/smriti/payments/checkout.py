"""Buying a plan. A user has one customer at Stripe, one subscription, one open Checkout session."""

import hashlib
from dataclasses import dataclass
from typing import Final

from smriti.core.errors import BadRequest, NotFound, Unavailable
from smriti.payments.gateway import (
    CustomerGone,
    Gateway,
    Order,
    StripeFailed,
    StripeSubscription,
)
from smriti.payments.ledger import Ledger
from smriti.payments.models import PAYING, CheckoutRequest, Customer
from smriti.payments.plans import Plans
from smriti.payments.pricing import Cycle, Tier
from smriti.payments.repository import CustomerRepository
from smriti.users.models import User

_ATTEMPTS: Final = 8


class UnknownPlan(BadRequest):
    slug = "unknown-plan"


class SamePlan(BadRequest):
    slug = "same-plan"

    def __init__(self, plan: str) -> None:
        super().__init__(
            f"You already have an active {plan} subscription. You can change it in Settings."
        )


class Downgrade(BadRequest):
    slug = "downgrade"

    def __init__(self, held: str, wanted: str) -> None:
        super().__init__(
            f"To downgrade from {held} to {wanted}, manage your subscription in Settings."
        )


class CheckoutBusy(Unavailable):
    def __init__(self) -> None:
        super().__init__("Several checkouts of yours run at once. Try again in a moment.")


class SessionNotFound(NotFound):
    slug = "checkout-session-not-found"


class SessionUnpaid(BadRequest):
    slug = "checkout-session-unpaid"

    def __init__(self) -> None:
        super().__init__("This checkout session is not paid.")


@dataclass(frozen=True, slots=True)
class Pages:
    """The web app's pages to which Stripe sends a browser back."""

    frontend: str

    @property
    def success(self) -> str:
        return f"{self.frontend}/payments/success"

    @property
    def cancelled(self) -> str:
        return f"{self.frontend}/payments/cancel"

    @property
    def settings(self) -> str:
        return f"{self.frontend}/settings"


@dataclass(frozen=True, slots=True)
class _Sale:
    tier: Tier
    cycle: Cycle
    price_id: str


class Checkout:
    def __init__(
        self, gateway: Gateway, plans: Plans, ledger: Ledger, customers: CustomerRepository
    ) -> None:
        self._gateway = gateway
        self._plans = plans
        self._ledger = ledger
        self._customers = customers

    async def begin(self, user: User, request: CheckoutRequest, pages: Pages) -> str:
        """Where the browser goes: to Stripe to pay, or straight to success where a subscription
        was changed and its card has paid already."""
        sale = self._sale(request)
        for _ in range(_ATTEMPTS):
            customer = await self._customers.find(user.email)
            try:
                url = await self._attempt(user, customer, sale, pages)
            except CustomerGone:
                # The account at Stripe is another one now, or somebody deleted the customer there.
                await self._customers.save(Customer(user_email=user.email), over=customer)
                continue
            except StripeFailed:
                # What an idempotency key was answered it is answered again: the next is another.
                same = customer or Customer(user_email=user.email)
                await self._customers.save(same, over=customer)
                raise
            if url is not None:
                return url
        raise CheckoutBusy

    async def finish(self, email: str, session_id: str) -> None:
        """Note what was bought, for a paid session of this user's, and once."""
        session = await self._gateway.session(session_id)
        customer = await self._customers.find(email)
        if session is None or customer is None or session.customer != customer.customer_id:
            raise SessionNotFound("Checkout session not found")
        if session.status != "complete" or session.payment_status == "unpaid":
            raise SessionUnpaid
        if session.subscription is not None:
            await self._ledger.record(email, session.subscription)
        if not await self._customers.mark_returned(email, session_id):
            raise SessionNotFound("This checkout session was used already.")

    def _sale(self, request: CheckoutRequest) -> _Sale:
        tier = self._plans.tier(request.plan_key)
        if tier.key != request.plan_key or tier.stripe_price_ids is None:
            raise UnknownPlan(f"There is no plan {request.plan_key!r} to buy.")
        for cycle, price_id in tier.stripe_price_ids.by_cycle().items():
            if cycle == request.billing_cycle:
                return _Sale(tier, cycle, price_id)
        raise UnknownPlan(f"A plan is paid 'monthly' or 'annual', not {request.billing_cycle!r}.")

    async def _attempt(
        self, user: User, customer: Customer | None, sale: _Sale, pages: Pages
    ) -> str | None:
        """None when it is to be looked at again."""
        # The session is asked for before the subscriptions: what was bought in it is among them.
        last_id = customer and customer.session_id
        last = await self._gateway.session(last_id) if last_id else None
        living = [one for one in await self._ledger.refresh(user.email) if one.is_living]
        if living:
            current = max(living, key=self._plans.worth)
            url = await self._change(current, sale, pages)
            await self._ledger.record(user.email, current.id)
            return url
        if customer is None or customer.customer_id is None:
            await self._make_customer(user, customer)
            return None
        if last is None or last.status != "open":
            return await self._open(customer, sale, pages)
        if customer.session_price == sale.price_id:
            return last.url
        await self._gateway.expire_session(last.id)
        return None

    async def _make_customer(self, user: User, stored: Customer | None) -> None:
        known = [] if stored else await self._ledger.customers_of(user.email)
        if known:
            customer_id = known[0]
        else:
            key = _key("customer", user.email, user.created_at, stored and stored.revision)
            customer_id = await self._gateway.create_customer(user.email, key=key)
        new = Customer(user_email=user.email, customer_id=customer_id)
        await self._customers.save(new, over=stored)

    async def _open(self, customer: Customer, sale: _Sale, pages: Pages) -> str | None:
        order = Order(
            customer_id=customer.customer_id or "",
            user_email=customer.user_email,
            price_id=sale.price_id,
            plan_key=sale.tier.key,
            billing_cycle=sale.cycle,
            success_url=f"{pages.success}?session_id={{CHECKOUT_SESSION_ID}}",
            cancel_url=pages.cancelled,
        )
        key = _key("checkout", order.model_dump_json(), customer.revision)
        session = await self._gateway.open_session(order, key=key)
        told = {"session_id": session.id, "session_price": sale.price_id}
        if await self._customers.save(customer.model_copy(update=told), over=customer):
            return session.url
        latest = await self._customers.find(customer.user_email)
        if latest is None or latest.session_id != session.id:
            await self._gateway.expire_session(session.id)
        return None

    async def _change(self, current: StripeSubscription, sale: _Sale, pages: Pages) -> str:
        """Never a second subscription: the one that is there changes."""
        item, sold = self._plans.item_of(current)
        if sold is not None and current.status in PAYING:
            self._check_step(sold[0], sale.tier)
        if current.status not in {"active", "trialing"}:
            return await self._gateway.open_portal(current.customer, pages.settings)
        where_to_pay = await self._gateway.change_price(current, item, sale.price_id)
        if where_to_pay is not None:
            return where_to_pay
        if current.is_ending:
            await self._gateway.go_on(current)
        return pages.success

    def _check_step(self, held: Tier, wanted: Tier) -> None:
        if held.key == wanted.key:
            raise SamePlan(held.key)
        if self._plans.rank(held) > self._plans.rank(wanted):
            raise Downgrade(held.key, wanted.key)


def _key(*parts: object) -> str:
    """An idempotency key: the same for the same attempt, whoever makes it."""
    return f"smriti-{hashlib.sha256(repr(parts).encode()).hexdigest()}"
