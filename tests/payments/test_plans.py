"""Which plan a user has, by what the table says of their subscriptions."""

from datetime import UTC, datetime, timedelta

import pytest

from smriti.payments.models import Subscription
from smriti.payments.plans import Plans
from smriti.payments.pricing import StripePrices, load_pricing

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY_S = 86_400


def _plans() -> Plans:
    pricing = load_pricing()
    pricing.tiers[1].stripe_price_ids = StripePrices(monthly="price_m", annual="price_a")
    return Plans(pricing)


def _subscription(
    plan: str = "starter", ends_in_s: int | None = DAY_S, **changes: object
) -> Subscription:
    end = None if ends_in_s is None else int(NOW.timestamp()) + ends_in_s
    return Subscription.model_validate(
        {
            "subscription_id": "sub_1",
            "user_email": "ada@example.com",
            "plan_name": plan,
            "status": "active",
            "current_period_end": end,
            "updated_at": NOW,
            **changes,
        }
    )


def test_who_has_no_subscription_has_the_first_plan() -> None:
    assert _plans().tier_of([], NOW).key == "free"


@pytest.mark.parametrize(
    ("status", "plan"),
    [
        ("active", "starter"),
        ("trialing", "starter"),
        ("past_due", "starter"),
        ("incomplete", "free"),
        ("unpaid", "free"),
        ("paused", "free"),
        ("canceled", "free"),
    ],
)
def test_the_status_decides(status: str, plan: str) -> None:
    assert _plans().tier_of([_subscription(status=status)], NOW).key == plan


@pytest.mark.parametrize(
    ("ends_in_s", "cancelling", "plan"),
    [
        (1, True, "starter"),
        (0, True, "free"),
        (-3599, False, "starter"),  # Stripe's word of the new period is on its way
        (-3600, False, "free"),
        (None, False, "starter"),
    ],
)
def test_a_period_that_is_over_gives_nothing(
    ends_in_s: int | None, cancelling: bool, plan: str
) -> None:
    subscription = _subscription(ends_in_s=ends_in_s, cancel_at_period_end=cancelling)

    assert _plans().tier_of([subscription], NOW).key == plan


def test_the_one_written_last_wins() -> None:
    older = _subscription("pro", updated_at=NOW - timedelta(minutes=1))

    assert _plans().tier_of([_subscription("starter"), older], NOW).key == "starter"


def test_an_unknown_plan_has_the_first_ones_limits() -> None:
    assert _plans().tier_of([_subscription("gold")], NOW).key == "free"


@pytest.mark.parametrize("end", ["2026-11-29T12:00:00Z", "2026-11-29T12:00:00", "1795953600"])
def test_an_older_tables_times_are_read(end: str) -> None:
    assert _subscription(current_period_end=end).current_period_end == 1_795_953_600


def test_a_price_names_the_plan_and_the_cycle() -> None:
    plans = _plans()

    assert plans.by_price("price_a") == (plans.tier("starter"), "annual")
    assert plans.by_price("price_of_something_else") is None
