"""Selling what the pricing file says, and repairing our records."""

import json
from pathlib import Path
from typing import Any

import pytest

from smriti.core.config import ConfigurationError
from smriti.payments.catalogue import sync
from smriti.payments.gateway import StripeCustomer
from smriti.payments.pricing import Pricing, StripePrices
from smriti.payments.reconcile import reconcile
from tests.fakes.memory_stripe import MemoryStripe
from tests.payments.conftest import ALICE, Shop

PACKAGED = Path(__file__).parents[2] / "pricing_config.json"


async def test_what_is_missing_is_made_and_the_ids_are_written(stripe: MemoryStripe) -> None:
    before = PACKAGED.read_text(encoding="utf-8")

    text, sold = await sync(stripe, before)

    assert sold == ["starter", "pro"]
    (product, _) = stripe.on_sale
    monthly, annual = stripe.prices[product.id]
    assert (monthly.unit_amount, monthly.currency) == (900, "usd")
    assert annual.recurring is not None
    assert (annual.unit_amount, annual.recurring.interval) == (9000, "year")
    starter = Pricing.model_validate_json(text).tiers[1]
    assert starter.stripe_product_id == product.id
    assert starter.stripe_price_ids == StripePrices(monthly=monthly.id, annual=annual.id)
    assert _without_ids(text) == _without_ids(before)


def _without_ids(text: str) -> Any:
    pricing = json.loads(text)
    for tier in pricing["tiers"]:
        tier.pop("stripe_price_ids", None)
        tier.pop("stripe_product_id", None)
    return pricing


async def test_running_it_again_makes_nothing(stripe: MemoryStripe) -> None:
    first, _ = await sync(stripe, PACKAGED.read_text(encoding="utf-8"))
    forgotten, _ = await sync(stripe, PACKAGED.read_text(encoding="utf-8"))
    again, _ = await sync(stripe, first)

    assert first == forgotten == again
    assert len(stripe.on_sale) == 2


async def test_a_former_price_is_still_its_plans(stripe: MemoryStripe) -> None:
    first, _ = await sync(stripe, PACKAGED.read_text(encoding="utf-8"))
    old = Pricing.model_validate_json(first).tiers[1].stripe_price_ids
    assert old is not None

    dearer, _ = await sync(stripe, first.replace('"$9"', '"$1,009.50"'))
    back, _ = await sync(stripe, dearer.replace('"$1,009.50"', '"$9"'))

    new = Pricing.model_validate_json(dearer).tiers[1].stripe_price_ids
    assert new is not None
    assert (new.annual, new.former) == (old.annual, {old.monthly: "monthly"})
    price = next(one for one in stripe.prices[stripe.on_sale[0].id] if one.id == new.monthly)
    assert (price.unit_amount, price.currency) == (100_950, "usd")
    assert Pricing.model_validate_json(back).tiers[1].stripe_price_ids == StripePrices(
        monthly=old.monthly, annual=old.annual, former={new.monthly: "monthly"}
    )


@pytest.mark.parametrize(
    ("shown", "sold_for"),
    [
        ("€9", (900, "eur")),
        ("£9.05", (905, "gbp")),
        (" $1,234,567 ", (123_456_700, "usd")),
        ("$1000.50", (100_050, "usd")),
    ],
)
async def test_a_price_is_read_as_it_is_shown(
    stripe: MemoryStripe, shown: str, sold_for: tuple[int, str]
) -> None:
    await sync(stripe, _priced(monthly=shown, annual=shown))

    (product,) = stripe.on_sale
    assert [(one.unit_amount, one.currency) for one in stripe.prices[product.id]] == [sold_for] * 2


@pytest.mark.parametrize("shown", ["€9,50", "$9.5", "¥900", "$1.000,00", "9 USD", "$9/mo", "$1,00"])
async def test_a_price_that_cannot_be_read_is_told_and_nothing_is_made(
    stripe: MemoryStripe, shown: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"plan 'pro' .* Write both like \$9"):
        await sync(stripe, _priced("pro", monthly=shown, annual=shown))

    assert stripe.on_sale == []


def _priced(plan: str = "starter", **prices: str) -> str:
    """The packaged file, with these prices of a plan; the other plan is sold in dollars, or, where
    the first is changed, not at all."""
    pricing = json.loads(PACKAGED.read_text(encoding="utf-8"))
    free, starter, pro, enterprise = pricing["tiers"]
    tiers = [free, starter, pro, enterprise] if plan == "pro" else [free, starter, enterprise]
    next(tier for tier in tiers if tier["key"] == plan)["prices"] = prices
    return json.dumps(pricing | {"tiers": tiers})


async def test_a_plan_has_both_prices_or_none(stripe: MemoryStripe) -> None:
    half = _priced("pro", monthly="$29", annual="$0")

    with pytest.raises(ConfigurationError, match="The plan 'pro' has one price only"):
        await sync(stripe, half)

    assert stripe.on_sale == []


@pytest.mark.parametrize("monthly", ["$29", "€29"])
async def test_all_plans_are_sold_in_one_currency(stripe: MemoryStripe, monthly: str) -> None:
    with pytest.raises(ConfigurationError, match="in eur and usd"):
        await sync(stripe, _priced("pro", monthly=monthly, annual="€290"))

    assert stripe.on_sale == []


async def test_records_become_what_stripe_says(shop: Shop) -> None:
    ended = await shop.buy("starter")
    await shop.hear_of(ended)
    del shop.stripe.known[ended]
    customer = next(iter(shop.stripe.customers))
    shop.stripe.subscribe(customer, "price_p_m")
    shop.stripe.customers["cus_x"] = StripeCustomer(email="nobody@example.com")
    shop.stripe.subscribe("cus_x", "price_p_m")

    counted = await reconcile(shop.stripe, shop.ledger, shop.subscriptions)

    assert counted == (1, 1)
    stored = {one.plan_name: one.status for one in await shop.subscriptions.all_of(ALICE)}
    assert stored == {"starter": "canceled", "pro": "active"}
