"""Which plan a user has."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from smriti.payments.gateway import StripeSubscription, SubscriptionItem
from smriti.payments.models import PAYING, Subscription
from smriti.payments.pricing import Cycle, Pricing, Tier

_RENEWAL_S: Final = 3600
"""How late Stripe's word of a new period may be before the plan is taken for over."""


class Plans:
    """The tiers of the pricing file, the smallest first, and who has which."""

    def __init__(self, pricing: Pricing) -> None:
        self._tiers = pricing.tiers
        self._by_key = {tier.key: tier for tier in pricing.tiers}
        self._by_price: dict[str, tuple[Tier, Cycle]] = {
            price_id: (tier, cycle)
            for tier in pricing.tiers
            if tier.stripe_price_ids is not None
            for price_id, cycle in tier.stripe_price_ids.paid()
        }

    def tier(self, name: str | None) -> Tier:
        """The tier of this key; an unknown one gets the first tier's limits."""
        return self._by_key.get(name or "", self._tiers[0])

    def rank(self, tier: Tier) -> int:
        """A tier's place in the file: a greater one is an upgrade."""
        return self._tiers.index(tier)

    def by_price(self, price_id: str) -> tuple[Tier, Cycle] | None:
        """What is bought with this price of Stripe's, None for a price of something else."""
        return self._by_price.get(price_id)

    def item_of(
        self, subscription: StripeSubscription
    ) -> tuple[SubscriptionItem, tuple[Tier, Cycle] | None]:
        """The item of a subscription that gives a plan, and which; else its first, and None."""
        sold = [(item, self.by_price(item.price.id)) for item in subscription.items.data]
        return next((each for each in sold if each[1]), sold[0])

    def worth(self, subscription: StripeSubscription) -> tuple[bool, int]:
        """Of several subscriptions of a user the greatest counts."""
        _, sold = self.item_of(subscription)
        return subscription.status in PAYING, self.rank(sold[0]) if sold else -1

    def active(self, subscriptions: Iterable[Subscription], now: datetime) -> Subscription | None:
        """The one that gives the plan: of those that count now, the most recently updated."""
        counting = [one for one in subscriptions if _counts(one, now)]
        return max(counting, key=lambda one: one.updated_at, default=None)

    def tier_of(self, subscriptions: Iterable[Subscription], now: datetime) -> Tier:
        active = self.active(subscriptions, now)
        return self.tier(active.plan_name if active else None)


def _counts(subscription: Subscription, now: datetime) -> bool:
    if subscription.status not in PAYING:
        return False
    end = subscription.current_period_end
    grace_s = 0 if subscription.cancel_at_period_end else _RENEWAL_S
    return end is None or now.timestamp() < end + grace_s
