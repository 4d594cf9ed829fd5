"""A server that sells plans, with Stripe in memory."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smriti.core.clock import unix_now
from smriti.core.edge import Services
from smriti.db.table import Table
from smriti.payments.ledger import Ledger
from smriti.payments.pricing import load_pricing
from smriti.payments.repository import CustomerRepository, SubscriptionRepository
from tests.fakes.memory_stripe import SIGNATURE, MemoryStripe
from tests.home import Home, open_home

FRONTEND = "https://app.example.com"
ALICE = "alice@local"
PRICES = {
    "starter": {"monthly": "price_s_m", "annual": "price_s_a"},
    "pro": {"monthly": "price_p_m", "annual": "price_p_a"},
}


def pricing_file(folder: Path) -> Path:
    pricing = load_pricing().model_dump(mode="json")
    for tier in pricing["tiers"]:
        tier["stripe_price_ids"] = PRICES.get(tier["key"])
    path = folder / "pricing.json"
    path.write_text(json.dumps(pricing), encoding="utf-8")
    return path


@pytest.fixture
def stripe() -> MemoryStripe:
    return MemoryStripe(now=unix_now())


@pytest.fixture
async def shop(table: Table, tmp_path: Path, stripe: MemoryStripe) -> AsyncIterator["Shop"]:
    async with open_home(
        table,
        tmp_path,
        payments=stripe,
        stripe_webhook_secret="whsec",
        frontend_url=FRONTEND,
        pricing_config=pricing_file(tmp_path),
    ) as home:
        yield Shop(home, stripe)


class Shop:
    """What tests of payments do all the time, as alice."""

    def __init__(self, home: Home, stripe: MemoryStripe) -> None:
        self.home = home
        self.stripe = stripe

    @property
    def services(self) -> Services:
        return self.home.services

    @property
    def ledger(self) -> Ledger:
        return self.services.get(Ledger)

    @property
    def subscriptions(self) -> SubscriptionRepository:
        return self.services.get(SubscriptionRepository)

    @property
    def customers(self) -> CustomerRepository:
        return CustomerRepository(self.home.table)

    async def post(self, path: str, body: Any = None) -> httpx2.Response:
        return await self.home.client.post(f"/payments/stripe/{path}", json=body)

    async def checkout(self, plan: str = "starter", cycle: str = "monthly") -> httpx2.Response:
        return await self.post("checkout", {"planKey": plan, "billingCycle": cycle})

    async def buy(self, plan: str = "starter") -> str:
        """The id of the subscription that alice has then; its webhooks are still on the way."""
        assert (await self.checkout(plan)).status_code == 200
        return self.stripe.pay(self.stripe.open_sessions[-1]).id

    async def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = await self.home.get("/payments/stripe/subscription/status")
        return answer

    async def tier(self) -> str:
        return str((await self.status())["tier"])

    async def hear(
        self, event_id: str, kind: str, told: dict[str, Any], *, signature: str = SIGNATURE
    ) -> httpx2.Response:
        """Stripe calls."""
        event = {"id": event_id, "type": kind, "data": {"object": told}}
        return await self.home.client.post(
            "/payments/stripe/webhook", json=event, headers={"Stripe-Signature": signature}
        )

    async def hear_of(
        self, subscription_id: str, event_id: str = "evt_1", kind: str = "updated"
    ) -> httpx2.Response:
        customer = self.stripe.known[subscription_id].customer
        told = {"id": subscription_id, "customer": customer}
        return await self.hear(event_id, f"customer.subscription.{kind}", told)
