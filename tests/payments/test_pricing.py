"""The pricing file and the public page made of it."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from smriti.core.config import ConfigurationError
from smriti.core.edge import Services
from smriti.payments.pricing import PlanLimits, load_pricing
from smriti.payments.router import router


def _tier(key: str, **changes: object) -> dict[str, Any]:
    return {
        "key": key,
        "name": key.title(),
        "description": "More of everything.",
        "prices": {"monthly": "$10", "annual": "$100"},
        "cta": {"label": "Choose", "href": "/contact"},
        "features": ["3 agents"],
        "limits": {"agents": 3, "messages_per_month": 9, "kb_pages": 5, "memory_blocks": 0},
        **changes,
    }


def _file(folder: Path, *tiers: dict[str, Any], **members: object) -> Path:
    path = folder / "pricing.json"
    path.write_text(json.dumps({"tiers": tiers, **members}), encoding="utf-8")
    return path


def test_the_plans_that_come_with_the_package_are_valid() -> None:
    pricing = load_pricing()

    assert [tier.key for tier in pricing.tiers] == ["free", "starter", "pro", "enterprise"]
    assert pricing.tiers[-1].limits == PlanLimits(
        agents=0, messages_per_month=0, kb_pages=0, memory_blocks=0
    )


def test_another_file_can_be_named(tmp_path: Path) -> None:
    pricing = load_pricing(_file(tmp_path, _tier("free"), _tier("team")))

    assert [tier.key for tier in pricing.tiers] == ["free", "team"]


@pytest.mark.parametrize(
    ("tiers", "fault"),
    [
        ([], "tiers: List should have at least 1 item"),
        ([_tier("pro")], "the first tier must be 'free', not 'pro'"),
        (
            [_tier("free"), _tier("pro"), _tier("pro")],
            "these keys are used more than once: pro",
        ),
        (
            [_tier("free"), _tier("pro", limits={"agents": -1})],
            "tiers.1.limits.agents: Input should be greater than or equal to 0",
        ),
        (
            [_tier("free"), _tier("pro", stripe_price_ids={"monthly": "", "annual": ""})],
            "tiers.1.stripe_price_ids.monthly: String should have at least 1 character",
        ),
        ([_tier("free", prices={"monthly": "$0"})], "tiers.0.prices.annual: Field required"),
    ],
)
def test_a_fault_is_named_with_its_place(
    tmp_path: Path, tiers: list[dict[str, Any]], fault: str
) -> None:
    path = _file(tmp_path, *tiers)

    with pytest.raises(ConfigurationError) as raised:
        load_pricing(path)

    assert str(raised.value).startswith(f"{path}: ")
    assert fault in str(raised.value)


def test_an_addon_may_not_take_the_key_of_a_plan(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="more than once: free"):
        load_pricing(_file(tmp_path, _tier("free"), addons=[_tier("free")]))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"PRICING_CONFIG: .*nowhere\.json cannot be read"):
        load_pricing(tmp_path / "nowhere.json")


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pricing.json"
    path.write_text("tiers: []", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="Invalid JSON"):
        load_pricing(path)


async def test_the_public_page_shows_plans_without_limits_and_ids(tmp_path: Path) -> None:
    ids = {"monthly": "price_m1", "annual": "price_a1"}
    faqs = [{"question": "Why?", "answer": "Because."}]
    app = FastAPI()
    app.include_router(router)
    app.state.services = Services(
        load_pricing(_file(tmp_path, _tier("free"), _tier("pro", stripe_price_ids=ids), faqs=faqs))
    )
    transport = httpx2.ASGITransport(app=app)

    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/payments/stripe/pricing")

    shown = {
        "badge": None,
        "description": "More of everything.",
        "prices": {"monthly": "$10", "annual": "$100"},
        "ctaLabel": "Choose",
        "ctaHref": "/contact",
        "highlighted": False,
        "features": ["3 agents"],
    }
    assert answer.json() == {
        "tiers": [
            shown | {"name": "Free", "planKey": None},
            shown | {"name": "Pro", "planKey": "pro"},
        ],
        "faqs": faqs,
    }
