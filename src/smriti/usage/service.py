"""Counting what people use, and refusing what their plans do not allow."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog

from smriti.core.clock import utc_now
from smriti.db.table import TableError, Update
from smriti.payments.models import Subscription
from smriti.payments.plans import Plans
from smriti.payments.pricing import Tier
from smriti.payments.repository import SubscriptionRepository
from smriti.usage.limits import Allowance
from smriti.usage.models import (
    Limits,
    Meter,
    Reservation,
    Reserved,
    UsageSummary,
    Used,
    month_after,
    month_of,
    start_of,
)
from smriti.usage.repository import NoRoom, UsageRepository

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Enforcement:
    """Whom plans limit: all but the superusers, or nobody. Where a larger plan is to be had."""

    on: bool
    superusers: frozenset[str]
    upgrade_url: str

    def concerns(self, email: str) -> bool:
        return self.on and email not in self.superusers


class UsageService:
    """`agents` counts somebody's agents, which are kept elsewhere."""

    def __init__(
        self,
        usage: UsageRepository,
        subscriptions: SubscriptionRepository,
        plans: Plans,
        enforcement: Enforcement,
        *,
        agents: Callable[[str], Awaitable[int]],
    ) -> None:
        self._usage = usage
        self._subscriptions = subscriptions
        self._plans = plans
        self._enforcement = enforcement
        self._agents = agents

    async def allowance(self, email: str, meter: Meter) -> Allowance:
        """What somebody's plan allows; where plans do not matter, nothing is read."""
        concerned = self._enforcement.concerns(email)
        found = await self._subscriptions.all_of(email) if concerned else []
        return self._allowance(email, meter, found)

    async def reserve(self, email: str, meter: Reserved, amount: int = 1) -> Reservation:
        """Count so much before it is used. `PlanLimitReached`: nothing was counted."""
        allowed, month = await self.allowance(email, meter), month_of(utc_now())
        try:
            return await self._usage.add(email, month, meter, amount, most=allowed.limit)
        except NoRoom as full:
            raise allowed.refusal(full.used, resets_at=start_of(month_after(month))) from full

    async def settle(self, reservation: Reservation, used: int) -> None:
        """Count what was used of it in the end, though it be more."""
        await self.give_back(reservation, reservation.amount - used)

    async def give_back(self, reservation: Reservation, amount: int | None = None) -> None:
        """Count so much of it, or all of it, no more. To be called once."""
        amount = reservation.amount if amount is None else amount
        if amount:
            await self._usage.give_back(reservation, amount)

    async def take(self, email: str) -> Reservation:
        """Count a message before it is known whether there is room for it: then ask `check`."""
        return await self._usage.add(email, month_of(utc_now()), "messages", 1)

    def check(self, taken: Reservation, subscriptions: Iterable[Subscription]) -> None:
        """`PlanLimitReached` when there was no room: then it must be given back."""
        allowed = self._allowance(taken.email, "messages", subscriptions)
        if allowed.limit is not None and taken.used > allowed.limit:
            # Others may just have counted theirs, to be refused as well.
            resets_at = start_of(month_after(taken.month))
            raise allowed.refusal(allowed.limit, resets_at=resets_at)

    def refund(self, reservation: Reservation | None) -> Update | None:
        """The action that gives it back, to be written together with the reason."""
        return None if reservation is None else self._usage.refund(reservation)

    async def count_tokens(self, reservation: Reservation, event_id: str, tokens: int) -> None:
        """Count what was used with it, once for each event. No plan limits it, so a store that does
        not answer is no reason to fail."""
        try:
            if tokens:
                await self._usage.count_once(reservation, event_id, tokens)
        except TableError as error:
            log.warning("usage.tokens_not_counted", event_id=event_id, error=repr(error))

    async def summary(self, email: str, *, months: int = 1) -> UsageSummary:
        """How somebody stands now, and what was used in so many months, this one included."""
        month = month_of(utc_now())
        subscriptions, agents, counted = await asyncio.gather(
            self._subscriptions.all_of(email),
            self._agents(email),
            self._usage.months(email, month, months),
        )
        tier, enforced = self._tier(subscriptions), self._enforcement.concerns(email)
        return UsageSummary(
            tier=tier.key,
            plan=tier.name,
            enforced=enforced,
            limits=_limits(tier) if enforced else Limits(),
            used=Used(agents=agents, **counted[0].model_dump()),
            resets_at=start_of(month_after(month)),
            upgrade_url=self._enforcement.upgrade_url,
            months=counted,
        )

    async def reset(self, email: str) -> None:
        """Begin this month anew, and count the agents again."""
        await self._usage.forget(email, month_of(utc_now()))

    def _allowance(
        self, email: str, meter: Meter, subscriptions: Iterable[Subscription]
    ) -> Allowance:
        tier = self._tier(subscriptions)
        limit = _limits(tier).of(meter) if self._enforcement.concerns(email) else None
        return Allowance(meter, limit, tier.key, self._enforcement.upgrade_url)

    def _tier(self, subscriptions: Iterable[Subscription]) -> Tier:
        return self._plans.tier_of(subscriptions, utc_now())


def _limits(tier: Tier) -> Limits:
    """What the pricing file says, where 0 means unlimited."""
    given = tier.limits
    return Limits(
        agents=given.agents or None,
        messages=given.messages_per_month or None,
        kb_pages=given.kb_pages or None,
        memory_blocks=given.memory_blocks or None,
    )
