"""A shop: our server with plans to sell, and the Stripe that it sells them through."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from smriti.db.table import Table
from tests.fakes.stripe_events import Delivery
from tests.fakes.stripe_server import FakeStripe
from tests.home import Home, events_of, open_home

MONTH_S: Final = 30 * 86_400
APP: Final = "https://app.example.com"
_PREFIX: Final = "/payments/stripe"
# What a month costs in cents; a year costs ten. Agents and messages are few: tests use them up.
_PLANS: Final = {"free": (0, 1, 2), "starter": (1000, 2, 4), "pro": (3000, 3, 6)}
_FREE_STATUS: Final = {
    "tier": "free",
    "status": None,
    "current_period_start": None,
    "current_period_end": None,
    "is_active": False,
    "cancel_at_period_end": None,
}


class Shop:
    """Alice's; `prices` are the ids of the plans' prices at Stripe, by plan and cycle."""

    def __init__(self, home: Home, stripe: FakeStripe, prices: Mapping[str, Any]) -> None:
        self.home = home
        self.stripe = stripe
        self.prices = prices

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> httpx2.Response:
        return await self.home.client.post(_PREFIX + path, json=body)

    async def checkout(self, plan: str, cycle: str = "monthly") -> httpx2.Response:
        return await self.post("/checkout", {"planKey": plan, "billingCycle": cycle})

    async def buy(self, plan: str, cycle: str = "monthly") -> str:
        """Check out, pay, and let Stripe tell of it. The subscription's id."""
        response = await self.checkout(plan, cycle)
        assert response.status_code == 200, response.text
        self.stripe.pay(self.session_id)
        await self.deliver_all()
        return self.subscription_id

    @property
    def session_id(self) -> str:
        """The newest Checkout session."""
        return str(self.stripe.all("checkout.session")[0]["id"])

    @property
    def subscription_id(self) -> str:
        """The newest subscription."""
        return str(self.stripe.all("subscription")[0]["id"])

    async def deliver(self, delivery: Delivery, **signed: Any) -> httpx2.Response:
        return await self.post_raw(delivery.body, delivery.headers(**signed))

    async def post_raw(self, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        # Stripe has no token of ours.
        transport = httpx2.ASGITransport(app=self.home.app, raise_app_exceptions=False)
        base_url = self.home.client.base_url
        async with httpx2.AsyncClient(transport=transport, base_url=base_url) as nobody:
            sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            return await nobody.post(f"{_PREFIX}/webhook", content=body, headers=sent)

    async def deliver_all(self, deliveries: Iterable[Delivery] | None = None) -> None:
        """One after another; those that Stripe has ready, if none are given."""
        for delivery in self.stripe.deliveries() if deliveries is None else deliveries:
            assert_ok(await self.deliver(delivery))

    async def deliver_at_once(self, deliveries: Iterable[Delivery]) -> list[httpx2.Response]:
        return await asyncio.gather(*(self.deliver(each) for each in deliveries))

    async def status(self) -> dict[str, Any]:
        shown: dict[str, Any] = await self.home.get(f"{_PREFIX}/subscription/status")
        return shown

    async def plan(self) -> tuple[str, str | None]:
        """The tier that counts, and what Stripe says of the subscription."""
        shown = await self.status()
        return shown["tier"], shown["status"]

    async def said(self, conversation: Mapping[str, Any], text: str = "Hi") -> httpx2.Response:
        """What a message led to; its stream is read to the end."""
        response = await self.home.send(dict(conversation), {"content": text})
        if response.status_code == 200:
            assert events_of(response.text)[-1]["event_type"] == "STREAM_COMPLETE"
        return response


def free(**members: Any) -> dict[str, Any]:
    """The status of somebody who pays nothing."""
    return _FREE_STATUS | members


def assert_ok(response: httpx2.Response) -> None:
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@asynccontextmanager
async def open_shop(
    table: Table, folder: Path, stripe: FakeStripe, **settings: Any
) -> AsyncIterator[Shop]:
    prices = offer(stripe)
    given = {
        "stripe_secret_key": stripe.key,
        "stripe_webhook_secret": stripe.secret,
        "stripe_api_base": stripe.url,
        "pricing_config": pricing_file(folder, prices),
        "frontend_url": APP,
        "rate_limits": "off",
        **settings,
    }
    async with open_home(table, folder, **given) as home:
        stripe.deliveries()  # of products and prices
        yield Shop(home, stripe, prices)


def offer(stripe: FakeStripe) -> dict[str, Any]:
    """Products and prices, as an operator makes them."""
    prices = {}
    for plan in ("starter", "pro"):
        product = stripe.act("POST", "/v1/products", name=plan)
        cents = _PLANS[plan][0]
        prices[plan] = {
            cycle: stripe.act(
                "POST",
                "/v1/prices",
                currency="usd",
                product=product["id"],
                unit_amount=str(amount),
                recurring={"interval": interval},
            )["id"]
            for cycle, interval, amount in (
                ("monthly", "month", cents),
                ("annual", "year", 10 * cents),
            )
        }
    return prices


def pricing_file(folder: Path, prices: Mapping[str, Any]) -> Path:
    tiers: list[dict[str, Any]] = [
        {
            "key": plan,
            "name": plan.title(),
            "description": "More of everything.",
            "prices": {"monthly": f"${cents // 100}", "annual": f"${cents // 10}"},
            "stripe_price_ids": prices.get(plan),
            "cta": {"label": "Choose", "href": "/app/"},
            "features": [],
            "limits": {
                "agents": agents,
                "messages_per_month": messages,
                "kb_pages": 5,
                "memory_blocks": 5,
            },
        }
        for plan, (cents, agents, messages) in _PLANS.items()
    ]
    path = folder / "pricing.json"
    path.write_text(json.dumps({"tiers": tiers}), encoding="utf-8")
    return path
