"""Every refusal of the payments' routes, with its body."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from smriti.db.table import Table
from tests.fakes.stripe_server import FakeStripe
from tests.home import open_home
from tests.payments.story.shop import Shop


def detail(response: httpx2.Response) -> tuple[int, Any]:
    return response.status_code, response.json()["detail"]


async def test_without_a_token_nothing_is_sold(shop: Shop) -> None:
    del shop.home.client.headers["Authorization"]

    responses = [
        await shop.checkout("starter"),
        await shop.post("/subscription/cancel"),
        await shop.post("/subscription/resume"),
        await shop.post("/portal"),
        await shop.home.client.get("/payments/stripe/subscription/status"),
        await shop.home.client.get("/payments/stripe/session/cs_test_1"),
    ]

    assert {response.status_code for response in responses} == {401}


@pytest.mark.parametrize(
    ("plan", "cycle"), [("starter", "weekly"), ("gold", "monthly"), ("free", "monthly")]
)
async def test_an_unknown_plan_or_cycle_is_refused(shop: Shop, plan: str, cycle: str) -> None:
    response = await shop.checkout(plan, cycle)

    assert response.status_code == 400
    assert shop.stripe.all("checkout.session") == []


async def test_the_same_plan_twice_is_refused(shop: Shop) -> None:
    await shop.buy("starter")

    status, text = detail(await shop.checkout("starter"))

    assert status == 400
    assert "already have an active starter subscription" in text
    assert "Settings" in text


async def test_a_downgrade_is_refused(shop: Shop) -> None:
    await shop.buy("pro")

    status, text = detail(await shop.checkout("starter"))

    assert status == 400
    assert "To downgrade from pro to starter" in text
    assert "Settings" in text


async def test_the_given_email_is_ignored(shop: Shop) -> None:
    await shop.post(
        "/checkout",
        {"planKey": "pro", "billingCycle": "monthly", "userEmail": "eve@example.com"},
    )

    (customer,) = shop.stripe.all("customer")
    assert customer["metadata"] == {"user_email": "alice@local"}


async def test_trouble_at_stripe_is_told_as_such(shop: Shop) -> None:
    shop.stripe.fail(500, times=9)

    response = await shop.checkout("starter")

    assert response.status_code == 502
    assert "Stripe's end" not in response.text


async def test_who_has_no_subscription_cannot_end_or_resume_one(shop: Shop) -> None:
    cancelled = await shop.post("/subscription/cancel")
    resumed = await shop.post("/subscription/resume")

    assert (cancelled.status_code, resumed.status_code) == (404, 404)


async def test_what_is_not_ending_cannot_be_resumed(shop: Shop) -> None:
    await shop.buy("starter")

    assert (await shop.post("/subscription/resume")).status_code == 400


async def test_a_session_tells_its_buyer_once(shop: Shop) -> None:
    await shop.checkout("starter")
    path = f"/payments/stripe/session/{shop.session_id}"

    unpaid = await shop.home.client.get(path)
    shop.stripe.pay(shop.session_id)
    async with shop.home.sign_up("bob") as bob:
        strangers = await bob.get(path)
    first = await shop.home.client.get(path)
    second = await shop.home.client.get(path)
    unknown = await shop.home.client.get("/payments/stripe/session/cs_test_nothing")

    assert unpaid.status_code == 400
    assert strangers.status_code == unknown.status_code == second.status_code == 404
    assert first.status_code == 200
    answer = first.json()
    assert answer["email"] == "alice@local"
    assert answer["subscription_status"] == "active"
    assert (await shop.plan())[0] == "starter"  # without any webhook


async def test_without_a_key_there_is_no_shop(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path) as home:
        responses = [
            await home.client.post(
                "/payments/stripe/checkout", json={"planKey": "gold", "billingCycle": "monthly"}
            ),
            await home.client.post("/payments/stripe/portal"),
            await home.client.post(
                "/payments/stripe/webhook", content=b"{}", headers={"Stripe-Signature": "t=1,v1=a"}
            ),
        ]

    assert [response.status_code for response in responses] == [503] * 3


async def test_a_webhook_without_a_signature_is_refused(shop: Shop, stripe: FakeStripe) -> None:
    response = await shop.post_raw(b"{}", {})

    assert response.status_code == 400
