"""Our server and somebody else's Stripe: old shapes, its own webhooks, over real sockets.

It has no Checkout, no prices and no prorations; that part of the story is told to our own fake in
tests/payments/.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.localstripe import FAILS, KEY, SECRET, LocalStripe
from tests.e2e.server import ServerProcess
from tests.patience import PATIENCE_S


@dataclass
class Buyer:
    http: httpx2.Client

    def post(self, path: str) -> dict[str, Any]:
        response = self.http.post(f"/payments/stripe/subscription/{path}")
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def status(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.http.get("/payments/stripe/subscription/status").json()
        return shown

    def wait_for(self, tier: str, status: str) -> dict[str, Any]:
        """Its webhooks come a second later."""
        deadline = time.monotonic() + PATIENCE_S
        shown = self.status()
        while (shown["tier"], shown["status"]) != (tier, status) and time.monotonic() < deadline:
            time.sleep(0.1)
            shown = self.status()
        assert (shown["tier"], shown["status"]) == (tier, status)
        return shown


@dataclass
class Shop:
    stripe: LocalStripe
    server: ServerProcess
    price: str

    @contextmanager
    def buyer(self, name: str) -> Iterator[Buyer]:
        """A new account's."""
        with self.server.client() as http:
            account = {"username": name, "password": "a long enough password"}
            token = http.post("/auth/local/signup", json=account).json()["token"]
            http.headers["Authorization"] = f"Bearer {token}"
            yield Buyer(http)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    tmp_path = tmp_path_factory.mktemp("shop")
    with LocalStripe.running() as stripe:
        price = stripe.price("Starter", 900)
        settings = {
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "STRIPE_API_BASE": stripe.url,
            "PRICING_CONFIG": str(_pricing(tmp_path, price)),
        }
        with ServerProcess.running(tmp_path / "data", **settings) as server:
            stripe.send_webhooks_to(f"{server.url}/payments/stripe/webhook")
            yield Shop(stripe, server, price)


def _pricing(folder: Path, price: str) -> Path:
    ids = {"monthly": price, "annual": "plan_of_nobody"}
    limits = {"agents": 2, "messages_per_month": 9, "kb_pages": 5, "memory_blocks": 5}
    tier: dict[str, Any] = {
        "description": "",
        "prices": {"monthly": "$9", "annual": "$90"},
        "cta": {"label": "Choose", "href": "/app/"},
        "features": [],
        "limits": limits,
    }
    tiers = [
        tier | {"key": "free", "name": "Free"},
        tier | {"key": "starter", "name": "Starter", "stripe_price_ids": ids},
    ]
    path = folder / "pricing.json"
    path.write_text(json.dumps({"tiers": tiers}), encoding="utf-8")
    return path


def test_a_subscription_begins_is_cancelled_resumed_and_ends(shop: Shop) -> None:
    with shop.buyer("ada") as ada:
        assert ada.status()["tier"] == "free"
        subscription = shop.stripe.subscribe(shop.stripe.customer("ada@local"), shop.price)

        begun = ada.wait_for("starter", "active")
        cancelled = ada.post("cancel")
        ending = ada.status()["cancel_at_period_end"]
        ada.post("resume")
        going_on = ada.status()["cancel_at_period_end"]
        shop.stripe.sdk.v1.subscriptions.cancel(subscription)

        assert begun["is_active"]
        assert int(begun["current_period_end"]) > int(begun["current_period_start"])
        assert cancelled["current_period_end"] == begun["current_period_end"]
        assert (ending, going_on) == (True, False)
        assert not ada.wait_for("free", "canceled")["is_active"]


def test_a_subscription_that_was_never_paid_gives_nothing(shop: Shop) -> None:
    with shop.buyer("bob") as bob:
        shop.stripe.subscribe(shop.stripe.customer("bob@local", FAILS), shop.price)

        assert not bob.wait_for("free", "incomplete")["is_active"]


def test_a_stranger_gets_no_plan_and_gives_none(shop: Shop) -> None:
    with shop.buyer("eve") as eve:
        shop.stripe.subscribe(shop.stripe.customer("stranger@example.com"), shop.price)
        shop.stripe.subscribe(shop.stripe.customer("eve@local"), shop.price)

        eve.wait_for("starter", "active")
        assert "stranger" not in shop.server.log
