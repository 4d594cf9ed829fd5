"""The plans: read from one file when the process starts, checked before anybody sees them."""

from collections import Counter
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from smriti.core.config import ConfigurationError, faults_of

FREE: Final = "free"

type Cycle = Literal["monthly", "annual"]
type PriceId = Annotated[str, Field(min_length=1)]
type Limit = Annotated[int, Field(ge=0, description="0 means unlimited.")]


class Prices(BaseModel):
    """As they are shown: with the currency's sign."""

    monthly: str
    annual: str


class StripePrices(BaseModel):
    """The ids of Stripe's prices. `former`: of those that are sold no longer, but still paid."""

    monthly: PriceId
    annual: PriceId
    former: dict[str, Cycle] = {}

    def by_cycle(self) -> dict[Cycle, str]:
        """What is sold."""
        return {"monthly": self.monthly, "annual": self.annual}

    def paid(self) -> list[tuple[str, Cycle]]:
        """Whatever somebody may be paying."""
        return [(self.monthly, "monthly"), (self.annual, "annual"), *self.former.items()]


class CallToAction(BaseModel):
    label: str
    href: str


class PlanLimits(BaseModel):
    """What a plan allows; 0 means unlimited."""

    agents: Limit
    messages_per_month: Limit
    kb_pages: Limit
    memory_blocks: Limit


class Tier(BaseModel):
    """One plan. Without Stripe price ids it cannot be bought here."""

    key: Annotated[str, Field(pattern="^[a-z][a-z0-9_-]*$")]
    name: str
    badge: str | None = None
    description: str
    prices: Prices
    stripe_price_ids: StripePrices | None = None
    stripe_product_id: str | None = None
    cta: CallToAction
    highlighted: bool = False
    features: list[str]
    limits: PlanLimits


class Question(BaseModel):
    question: str
    answer: str


class Pricing(BaseModel):
    """The whole file. The first tier is what everybody has who pays nothing."""

    tiers: Annotated[list[Tier], Field(min_length=1)]
    addons: list[Tier] = []
    faqs: list[Question] = []
    updated_at: str | None = None

    @model_validator(mode="after")
    def _free_is_first_and_nothing_is_there_twice(self) -> Self:
        tiers = [*self.tiers, *self.addons]
        prices = [tier.stripe_price_ids for tier in tiers if tier.stripe_price_ids]
        names = [tier.key for tier in tiers]
        names += [price_id for price in prices for price_id, _ in price.paid()]
        repeated = [name for name, times in Counter(names).items() if times > 1]
        if repeated:
            raise ValueError(f"these keys are used more than once: {', '.join(repeated)}")
        if names[0] != FREE:
            raise ValueError(f"the first tier must be {FREE!r}, not {names[0]!r}")
        return self


class TierView(BaseModel):
    """A plan as the pricing page shows it: without limits and Stripe's ids."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str
    badge: str | None
    description: str
    prices: Prices
    plan_key: str | None = Field(description="Null when the plan cannot be bought here.")
    cta_label: str
    cta_href: str
    highlighted: bool
    features: list[str]


class PricingView(BaseModel):
    tiers: list[TierView]
    faqs: list[Question]


def shown(pricing: Pricing) -> PricingView:
    """What anybody may see of the plans."""
    return PricingView(tiers=[_shown_tier(tier) for tier in pricing.tiers], faqs=pricing.faqs)


def _shown_tier(tier: Tier) -> TierView:
    return TierView(
        name=tier.name,
        badge=tier.badge,
        description=tier.description,
        prices=tier.prices,
        plan_key=tier.key if tier.stripe_price_ids else None,
        cta_label=tier.cta.label,
        cta_href=tier.cta.href,
        highlighted=tier.highlighted,
        features=tier.features,
    )


def load_pricing(path: Path | None = None) -> Pricing:
    """The plans of this file (PRICING_CONFIG), or the ones that come with the package.

    `ConfigurationError` names the file and the place in it.
    """
    source = path or _packaged()
    try:
        return Pricing.model_validate_json(source.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"PRICING_CONFIG: {source} cannot be read: {error}.") from error
    except ValidationError as error:
        raise ConfigurationError(f"{source}: {faults_of(error)}") from error


def _packaged() -> Traversable:
    packaged = files("smriti") / "pricing_config.json"
    # An editable install has no copy in the package; there the checkout's own file counts.
    return packaged if packaged.is_file() else Path(__file__).parents[3] / "pricing_config.json"
