"""The plan that a user has: what it is, how it ends, how it goes on."""

from collections.abc import Sequence

from smriti.core.clock import utc_now
from smriti.core.errors import BadRequest, NotFound, Unavailable
from smriti.payments.gateway import CustomerGone, Gateway, StripeFailed, StripeSubscription
from smriti.payments.ledger import Ledger
from smriti.payments.models import (
    PAYING,
    UNREADABLE,
    CancellationChange,
    Subscription,
    SubscriptionStatus,
)
from smriti.payments.plans import Plans
from smriti.payments.repository import CustomerRepository, SubscriptionRepository


class PaymentsOff(Unavailable):
    slug = "payments-not-configured"

    def __init__(self, settings: str) -> None:
        super().__init__(
            f"Payments are not configured: set {settings}, and start the server again."
        )


class NoSubscription(NotFound):
    slug = "no-subscription"

    def __init__(self) -> None:
        super().__init__("No active subscription found")


class NothingBought(NotFound):
    slug = "no-customer"

    def __init__(self) -> None:
        super().__init__("You have bought nothing yet. Choose a plan first.")


class AlreadyEnding(BadRequest):
    slug = "subscription-already-ending"

    def __init__(self) -> None:
        super().__init__("Subscription is already scheduled for cancellation")


class NotEnding(BadRequest):
    slug = "subscription-not-ending"

    def __init__(self) -> None:
        super().__init__("Subscription is not scheduled for cancellation")


class PlanService:
    """What our records say of a user's plan. `ledger` asks Stripe, where it is configured."""

    def __init__(
        self, plans: Plans, subscriptions: SubscriptionRepository, ledger: Ledger | None
    ) -> None:
        self._plans = plans
        self._subscriptions = subscriptions
        self._ledger = ledger

    async def status(self, email: str) -> SubscriptionStatus:
        stored = await self._subscriptions.all_of(email)
        if self._ledger is not None and self._is_doubtful(stored):
            try:
                await self._ledger.refresh(email)
            except StripeFailed:
                pass  # what we know is an answer, too
            else:
                stored = await self._subscriptions.all_of(email)
        return self._shown(stored)

    def _is_doubtful(self, stored: Sequence[Subscription]) -> bool:
        """Whether Stripe may know more: nothing is stored, or nothing that can be read, or a period
        has ended without a word."""
        if self._plans.active(stored, utc_now()) is not None:
            return False
        return not stored or any(one.status in {*PAYING, UNREADABLE} for one in stored)

    def _shown(self, stored: Sequence[Subscription]) -> SubscriptionStatus:
        active = self._plans.active(stored, utc_now())
        shown = active or max(stored, key=lambda one: one.updated_at, default=None)
        if shown is None:
            return SubscriptionStatus(tier=self._plans.tier(None).key)
        return SubscriptionStatus(
            tier=self._plans.tier(active.plan_name if active else None).key,
            status=shown.status,
            current_period_start=_text(shown.current_period_start),
            current_period_end=_text(shown.current_period_end),
            is_active=active is not None,
            cancel_at_period_end=shown.cancel_at_period_end,
        )


class Billing:
    """What a user who pays may do about it."""

    def __init__(
        self, gateway: Gateway, plans: Plans, ledger: Ledger, customers: CustomerRepository
    ) -> None:
        self._gateway = gateway
        self._plans = plans
        self._ledger = ledger
        self._customers = customers

    async def cancel(self, email: str) -> CancellationChange:
        """At the end of what is paid, until then nothing changes: of every subscription, though
        there should be one."""
        going_on = [one for one in await self._paid(email) if not one.is_ending]
        if not going_on:
            raise AlreadyEnding
        for each in going_on:
            await self._gateway.end_at_period_end(each)
            await self._ledger.record(email, each.id)
        return self._changed(going_on[-1], "Your plan ends with the current period.")

    async def resume(self, email: str) -> CancellationChange:
        """Take a cancellation back, before the plan has ended."""
        current = (await self._paid(email))[-1]
        if not current.is_ending:
            raise NotEnding
        await self._gateway.go_on(current)
        await self._ledger.record(email, current.id)
        return self._changed(current, "Your plan goes on.")

    async def open_portal(self, email: str, return_url: str) -> str:
        known = await self._ledger.customers_of(email)
        if not known:
            raise NothingBought
        try:
            return await self._gateway.open_portal(known[0], return_url)
        except CustomerGone as error:
            raise NothingBought from error

    async def delete_all_of(self, email: str) -> None:
        """End whatever a user pays for at once; afterwards nothing here points to Stripe."""
        customer = await self._customers.find(email)
        if customer is not None and customer.session_id is not None:
            await self._gateway.expire_session(customer.session_id)
        for subscription in await self._ledger.refresh(email):
            if subscription.is_living:
                await self._gateway.cancel(subscription.id)
        for customer_id in await self._ledger.customers_of(email):
            await self._gateway.disown(customer_id)
            await self._customers.disown(customer_id)

    async def _paid(self, email: str) -> list[StripeSubscription]:
        """The greatest last. `NoSubscription`."""
        found = [one for one in await self._ledger.refresh(email) if one.status in PAYING]
        if not found:
            raise NoSubscription
        return sorted(found, key=self._plans.worth)

    def _changed(self, current: StripeSubscription, message: str) -> CancellationChange:
        item, _ = self._plans.item_of(current)
        _, end = current.period_of(item)
        return CancellationChange(message=message, current_period_end=_text(end))


def _text(seconds: int | None) -> str | None:
    return None if seconds is None else str(seconds)
