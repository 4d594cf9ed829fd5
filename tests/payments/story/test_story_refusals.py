"""Every refusal of the payments' routes, with its body."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from smriti.db.table import Table
from tests.fakes.stripe_events import Delivery
from tests.home import open_home
from tests.payments.story.shop import Shop, free

PREFIX = "/payments/stripe"


def problem(response: httpx2.Response) -> tuple[int, str, str]:
    """Status, kind and text; nothing else is told but the title and the path."""
    told: dict[str, Any] = response.json()
    assert told.keys() == {"type", "title", "status", "detail", "path"}
    assert told["status"] == response.status_code
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, told["type"].removeprefix("/problems/"), told["detail"]


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
    ("plan", "cycle", "text"),
    [
        ("gold", "monthly", "There is no plan 'gold' to buy."),
        ("free", "monthly", "There is no plan 'free' to buy."),
        ("starter", "weekly", "A plan is paid 'monthly' or 'annual', not 'weekly'."),
    ],
)
async def test_an_unknown_plan_or_cycle_is_refused(
    shop: Shop, plan: str, cycle: str, text: str
) -> None:
    assert problem(await shop.checkout(plan, cycle)) == (400, "unknown-plan", text)
    assert shop.stripe.requests == []


async def test_the_same_plan_and_a_smaller_one_are_refused(shop: Shop) -> None:
    await shop.buy("pro")

    same = await shop.checkout("pro")
    other_cycle = await shop.checkout("pro", "annual")
    smaller = await shop.checkout("starter")

    text = "You already have an active pro subscription. You can change it in Settings."
    assert problem(same) == problem(other_cycle) == (400, "same-plan", text)
    text = "To downgrade from pro to starter, manage your subscription in Settings."
    assert problem(smaller) == (400, "downgrade", text)


async def test_the_given_email_is_ignored(shop: Shop) -> None:
    await shop.post(
        "/checkout",
        {"planKey": "pro", "billingCycle": "monthly", "userEmail": "eve@example.com"},
    )

    (customer,) = shop.stripe.all("customer")
    assert customer["metadata"] == {"user_email": "alice@local"}


async def test_trouble_at_stripe_is_told_as_such(shop: Shop) -> None:
    shop.stripe.fail(500, times=9)

    text = "The payment service did not do what was asked. Try again in a moment."
    assert problem(await shop.checkout("starter")) == (502, "payment-service-failed", text)


async def test_who_has_bought_nothing_has_nothing_to_end_resume_or_manage(shop: Shop) -> None:
    nothing = (404, "no-subscription", "No active subscription found")

    assert problem(await shop.post("/subscription/cancel")) == nothing
    assert problem(await shop.post("/subscription/resume")) == nothing
    text = "You have bought nothing yet. Choose a plan first."
    assert problem(await shop.post("/portal")) == (404, "no-customer", text)


async def test_an_end_is_set_once_and_taken_back_once(shop: Shop) -> None:
    await shop.buy("starter")

    not_ending = await shop.post("/subscription/resume")
    await shop.post("/subscription/cancel")
    ending = await shop.post("/subscription/cancel")

    text = "Subscription is not scheduled for cancellation"
    assert problem(not_ending) == (400, "subscription-not-ending", text)
    text = "Subscription is already scheduled for cancellation"
    assert problem(ending) == (400, "subscription-already-ending", text)


async def test_a_session_tells_its_buyer_once(shop: Shop) -> None:
    await shop.checkout("starter")
    path = f"{PREFIX}/session/{shop.session_id}"

    unpaid = await shop.home.client.get(path)
    shop.stripe.pay(shop.session_id)
    async with shop.home.sign_up("bob") as bob:
        strangers = await bob.get(path)
    first = await shop.home.client.get(path)
    second = await shop.home.client.get(path)
    unknown = await shop.home.client.get(f"{PREFIX}/session/cs_test_nothing")

    text = "This checkout session is not paid."
    assert problem(unpaid) == (400, "checkout-session-unpaid", text)
    kind = "checkout-session-not-found"
    assert problem(strangers) == problem(unknown) == (404, kind, "Checkout session not found")
    assert problem(second) == (404, kind, "This checkout session was used already.")
    assert first.status_code == 200
    answer = first.json()
    assert answer["email"] == "alice@local"
    assert answer["subscription_status"] == "active"
    assert (await shop.plan())[0] == "starter"  # without any webhook


async def test_without_a_key_there_is_no_shop(table: Table, tmp_path: Path) -> None:
    gold = {"planKey": "gold", "billingCycle": "monthly"}
    async with open_home(table, tmp_path) as home:
        responses = [
            await home.client.post(f"{PREFIX}/checkout", json=gold),
            await home.client.post(f"{PREFIX}/portal"),
            await home.client.post(f"{PREFIX}/subscription/cancel"),
            await home.client.post(f"{PREFIX}/webhook", content=b"{}"),
        ]
        shown = await home.get(f"{PREFIX}/subscription/status")

    text = "Payments are not configured: set {}, and start the server again."
    off = (503, "payments-not-configured", text.format("STRIPE_SECRET_KEY"))
    both = text.format("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET")
    assert [problem(response) for response in responses] == [off] * 3 + [(*off[:2], both)]
    assert shown == free()


async def test_a_webhook_says_what_is_wrong_with_its_signature(shop: Shop) -> None:
    signed = Delivery({"id": "evt_1", "type": "customer.created"}, shop.stripe.secret)

    missing = await shop.post_raw(b"{}", {})
    wrong = await shop.deliver(signed, secret="whsec_of_another")
    late = await shop.deliver(signed, age_s=301)
    no_event = await shop.deliver(signed)

    text = "Missing stripe-signature header"
    assert problem(missing) == (400, "signature-missing", text)
    assert problem(wrong) == problem(late) == (400, "bad-signature", "Invalid signature")
    assert problem(no_event) == (400, "bad-payload", "Invalid payload")
