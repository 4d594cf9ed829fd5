"""`smriti stripe sync`: what Stripe sells is made to be what the pricing file says."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from pydantic import BaseModel

from smriti.core.config import ConfigurationError
from smriti.payments.gateway import Price, Recurring, Wire
from smriti.payments.pricing import Cycle, Pricing, StripePrices, Tier

_CURRENCIES: Final = {"$": "usd", "€": "eur", "£": "gbp"}
_MONEY: Final = re.compile(r"([$€£])(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d\d))?", re.ASCII)
_NOT_FREE: Final = re.compile(r"[1-9]")
_INTERVALS: Final[Mapping[Cycle, str]] = {"monthly": "month", "annual": "year"}

type Amounts = Mapping[Cycle, tuple[str, int]]
"""Currency and cents of each cycle."""


class Product(Wire):
    id: str
    metadata: dict[str, str] | None = None


class NewPrice(BaseModel):
    product_id: str
    plan_key: str
    cycle: Cycle
    currency: str
    unit_amount: int
    interval: str


class Catalogue(Protocol):
    """What is for sale at Stripe. `StripeFailed`."""

    async def products(self) -> list[Product]:
        """Without archived ones."""
        ...

    async def prices_of(self, product_id: str) -> list[Price]:
        """Without archived ones."""
        ...

    async def create_product(self, tier: Tier) -> str: ...

    async def create_price(self, price: NewPrice) -> str: ...


class Sold(BaseModel):
    """What stands at Stripe for a tier, as the file has it."""

    stripe_product_id: str
    stripe_price_ids: StripePrices


async def sync(catalogue: Catalogue, file: str) -> tuple[str, list[str]]:
    """Make what is missing. Answers the pricing file's text with the ids, and the keys of the plans
    that are sold. `ConfigurationError`, and nothing was made, when prices contradict each other.

    Running it again makes nothing. A price that has changed is a new one; the former stays in the
    file, because those who have it go on paying it.
    """
    pricing = Pricing.model_validate_json(file)
    on_sale = [(tier, amounts) for tier in pricing.tiers if (amounts := _amounts(tier))]
    _check_currency(on_sale)
    products = await catalogue.products()
    sold = {tier.key: await _sold(catalogue, tier, amounts, products) for tier, amounts in on_sale}
    return _written(file, sold), list(sold)


def _check_currency(on_sale: Sequence[tuple[Tier, Amounts]]) -> None:
    """Stripe changes no subscription to a price in another currency."""
    currencies = {currency for _, amounts in on_sale for currency, _ in amounts.values()}
    if len(currencies) > 1:
        raise ConfigurationError(
            f"The plans are priced in {' and '.join(sorted(currencies))}. Use one currency: nobody "
            "could change from a plan in one to a plan in another."
        )


def _amounts(tier: Tier) -> Amounts:
    """Empty for what is free, or sold by talking."""
    shown: dict[Cycle, str] = {"monthly": tier.prices.monthly, "annual": tier.prices.annual}
    amounts = {cycle: money for cycle, text in shown.items() if (money := _money(text))}
    if len(amounts) == 1:
        raise ConfigurationError(
            f"The plan {tier.key!r} has one price only: {shown}. Write both like $9, €9.50 or £90."
        )
    if len(amounts) < sum(bool(_NOT_FREE.search(text)) for text in shown.values()):
        raise ConfigurationError(
            f"The prices of the plan {tier.key!r} cannot be read: {shown}. Write both like $9, "
            "€9.50 or £1,090; what is not sold at Stripe has no digits."
        )
    return amounts


def _money(text: str) -> tuple[str, int] | None:
    read = _MONEY.fullmatch(text.strip())
    if read is None:
        return None
    symbol, whole, cents = read.groups()
    amount = int(whole.replace(",", "")) * 100 + int(cents or 0)
    return (_CURRENCIES[symbol], amount) if amount else None


async def _sold(
    catalogue: Catalogue,
    tier: Tier,
    amounts: Amounts,
    products: Sequence[Product],
) -> Sold:
    ours = [one.id for one in products if one.id == tier.stripe_product_id]
    ours += [one.id for one in products if (one.metadata or {}).get("plan_key") == tier.key]
    product_id = ours[0] if ours else await catalogue.create_product(tier)
    there = await catalogue.prices_of(product_id)
    ids = {
        cycle: await _price_id(
            catalogue,
            there,
            NewPrice(
                product_id=product_id,
                plan_key=tier.key,
                cycle=cycle,
                currency=currency,
                unit_amount=amount,
                interval=_INTERVALS[cycle],
            ),
        )
        for cycle, (currency, amount) in amounts.items()
    }
    paid = tier.stripe_price_ids.paid() if tier.stripe_price_ids else []
    former = {price_id: cycle for price_id, cycle in paid if price_id not in ids.values()}
    return Sold(
        stripe_product_id=product_id,
        stripe_price_ids=StripePrices(monthly=ids["monthly"], annual=ids["annual"], former=former),
    )


async def _price_id(catalogue: Catalogue, there: Sequence[Price], wanted: NewPrice) -> str:
    same = [price.id for price in there if _is_same(price, wanted)]
    return same[0] if same else await catalogue.create_price(wanted)


def _is_same(price: Price, wanted: NewPrice) -> bool:
    return (price.unit_amount, price.currency, price.recurring) == (
        wanted.unit_amount,
        wanted.currency,
        Recurring(interval=wanted.interval),
    )


def _written(text: str, sold: Mapping[str, Sold]) -> str:
    """The file with the ids; everything else in it stays."""
    pricing: dict[str, Any] = json.loads(text)
    for tier in pricing["tiers"]:
        if tier["key"] in sold:
            tier |= sold[tier["key"]].model_dump(exclude_defaults=True)
    return json.dumps(pricing, indent=2, ensure_ascii=False) + "\n"
