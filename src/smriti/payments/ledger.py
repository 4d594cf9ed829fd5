"""Our records of what Stripe knows: never older than the newest that was written.

Stripe is asked after our record was read, and what it says is written only over that very record.
So whoever was told something older than what is there now has missed a write, and asks again.
"""

from typing import Final

import structlog

from smriti.core.clock import utc_now
from smriti.core.errors import Unavailable
from smriti.payments.gateway import Gateway, StripeSubscription
from smriti.payments.models import ENDED, Customer, Subscription
from smriti.payments.plans import Plans
from smriti.payments.pricing import FREE
from smriti.payments.repository import CustomerRepository, Outcome, SubscriptionRepository
from smriti.users.models import normal_email

_ATTEMPTS: Final = 8

log = structlog.get_logger()


class RecordBusy(Unavailable):
    def __init__(self) -> None:
        super().__init__("Too much happens to this subscription at once. Try again in a moment.")


class Ledger:
    def __init__(
        self,
        gateway: Gateway,
        plans: Plans,
        subscriptions: SubscriptionRepository,
        customers: CustomerRepository,
    ) -> None:
        self._gateway = gateway
        self._plans = plans
        self._subscriptions = subscriptions
        self._customers = customers

    async def owner_of(self, customer_id: str) -> str | None:
        """Whose customer it is. One that was not made here is known by what Stripe says of it."""
        owner = await self._customers.owner_of(customer_id)
        if owner is not None:
            return owner
        customer = await self._gateway.customer(customer_id)
        if customer is None or customer.deleted:
            return None
        email = normal_email((customer.metadata or {}).get("user_email") or customer.email or "")
        if not email or not await self._customers.adopt(email, customer_id):
            return None
        return email

    async def customers_of(self, email: str) -> list[str]:
        """Who a user is at Stripe, and was."""
        customer = await self._customers.find(email)
        return _customers(customer, await self._subscriptions.all_of(email))

    async def record(
        self, email: str, subscription_id: str, *, event_id: str | None = None
    ) -> Outcome | None:
        """Ask Stripe for one subscription, and write what it says, together with the event that
        told of it. None when it is none of our plans'."""
        for _ in range(_ATTEMPTS):
            old = await self._subscriptions.find(email, subscription_id)
            found = await self._gateway.subscription(subscription_id)
            new = _ended(old) if found is None else self._told(email, found, old)
            if new is None:
                return None
            outcome = await self._subscriptions.save(new.after(old), over=old, event_id=event_id)
            if outcome != "moved":
                return outcome
        raise RecordBusy

    async def refresh(self, email: str) -> list[StripeSubscription]:
        """Ask Stripe for all of a user's subscriptions to our plans, and write what has changed."""
        for _ in range(_ATTEMPTS):
            stored = await self._subscriptions.all_of(email)
            customers = _customers(await self._customers.find(email), stored)
            found = [
                one for each in customers for one in await self._gateway.subscriptions_of(each)
            ]
            living = {one.subscription_id for one in stored if one.status not in ENDED}
            for missing in living - {one.id for one in found}:
                one = await self._gateway.subscription(missing)
                found += [one] if one else []
            ours = await self._write(email, stored, found)
            if ours is not None:
                return ours
        raise RecordBusy

    async def _write(
        self, email: str, stored: list[Subscription], found: list[StripeSubscription]
    ) -> list[StripeSubscription] | None:
        """Those of our plans; None when something else was written meanwhile."""
        olds = {one.subscription_id: one for one in stored}
        news = [(one, self._told(email, one, olds.get(one.id))) for one in found]
        gone = olds.keys() - {one.id for one in found}
        writes = [new for _, new in news] + [_ended(olds[each]) for each in gone]
        for new in writes:
            old = new and olds.get(new.subscription_id)
            if new is None or (old and new.after(old).updated_at == old.updated_at):
                continue
            if await self._subscriptions.save(new.after(old), over=old) == "moved":
                return None
        return [one for one, new in news if new is not None]

    def _told(
        self, email: str, found: StripeSubscription, old: Subscription | None
    ) -> Subscription | None:
        """Stripe's word as a record of ours; None when it is for something else that is sold."""
        item, sold = self._plans.item_of(found)
        if sold is None:
            log.warning("subscription.price_unknown", price_id=item.price.id)
            if old is None:
                return None
        start, end = found.period_of(item)
        return Subscription(
            subscription_id=found.id,
            user_email=email,
            customer_id=found.customer,
            plan_name=sold[0].key if sold else FREE,
            billing_cycle=sold[1] if sold else None,
            status=found.status,
            price_id=item.price.id,
            current_period_start=start,
            current_period_end=end,
            cancel_at_period_end=found.is_ending,
        )


def _ended(old: Subscription | None) -> Subscription | None:
    """What becomes of a record when Stripe does not know the subscription."""
    if old is None or old.status in ENDED:
        return old
    return old.model_copy(update={"status": "canceled", "updated_at": utc_now()})


def _customers(customer: Customer | None, stored: list[Subscription]) -> list[str]:
    known = [customer.customer_id] if customer else []
    return list(dict.fromkeys(one for one in [*known, *(s.customer_id for s in stored)] if one))
