"""What a user who pays may see and do, and what deleting the account ends."""

from pathlib import Path
from typing import Any

import pytest

from smriti.db.table import Table
from smriti.users.repository import DeletionRepository
from smriti.users.service import UserService
from tests.fakes.memory_stripe import PERIOD_S
from tests.home import open_home
from tests.payments.conftest import ALICE, FRONTEND, Shop

NOTHING: dict[str, Any] = {
    "tier": "free",
    "status": None,
    "current_period_start": None,
    "current_period_end": None,
    "is_active": False,
    "cancel_at_period_end": None,
}


async def test_who_bought_nothing_has_the_free_plan(shop: Shop) -> None:
    assert await shop.status() == NOTHING
    assert shop.stripe.calls == []


async def test_the_status_is_what_stripe_said(shop: Shop) -> None:
    await shop.hear_of(await shop.buy("pro"))

    assert await shop.status() == {
        "tier": "pro",
        "status": "active",
        "current_period_start": str(shop.stripe.now),
        "current_period_end": str(shop.stripe.now + PERIOD_S),
        "is_active": True,
        "cancel_at_period_end": False,
    }


async def test_without_a_record_stripe_is_asked(shop: Shop) -> None:
    await shop.buy("starter")

    assert await shop.tier() == "starter"


async def test_when_a_period_has_ended_without_a_word_stripe_is_asked(shop: Shop) -> None:
    bought = await shop.buy("starter")
    shop.stripe.change(bought, items=_ending(shop.stripe.now - 7200))
    await shop.hear_of(bought)
    shop.stripe.change(bought, items=_ending(shop.stripe.now + 7200))

    assert await shop.tier() == "starter"


async def test_when_stripe_does_not_answer_our_record_does(shop: Shop) -> None:
    await shop.buy("starter")
    shop.stripe.failing = {"subscriptions_of"}

    assert await shop.status() == NOTHING


def _ending(end: int) -> dict[str, Any]:
    item = {"id": "si_1", "price": {"id": "price_s_m"}}
    return {"data": [item | {"current_period_start": end - 9, "current_period_end": end}]}


async def test_an_ended_plan_is_shown_as_what_it_was(shop: Shop) -> None:
    bought = await shop.buy("starter")
    shop.stripe.change(bought, status="canceled")
    await shop.hear_of(bought)

    status = await shop.status()

    assert (status["tier"], status["status"], status["is_active"]) == ("free", "canceled", False)


async def test_cancelling_ends_the_plan_with_its_period(shop: Shop) -> None:
    bought = await shop.buy("starter")

    first = await shop.post("subscription/cancel")
    second = await shop.post("subscription/cancel")

    assert (first.status_code, first.json()) == (
        200,
        {
            "success": True,
            "message": "Your plan ends with the current period.",
            "current_period_end": str(shop.stripe.now + PERIOD_S),
        },
    )
    assert shop.stripe.known[bought].cancel_at_period_end
    assert (second.status_code, second.json()["detail"]) == (
        400,
        "Subscription is already scheduled for cancellation",
    )
    assert (await shop.status())["cancel_at_period_end"] is True


async def test_a_cancellation_is_taken_back(shop: Shop) -> None:
    bought = await shop.buy("starter")
    await shop.post("subscription/cancel")

    first = await shop.post("subscription/resume")
    second = await shop.post("subscription/resume")

    assert (first.status_code, first.json()["message"]) == (200, "Your plan goes on.")
    assert not shop.stripe.known[bought].is_ending
    assert (second.status_code, second.json()["detail"]) == (
        400,
        "Subscription is not scheduled for cancellation",
    )


async def test_who_has_two_subscriptions_ends_both_at_once(shop: Shop) -> None:
    lesser = await shop.buy("starter")
    greater = shop.stripe.subscribe(shop.stripe.known[lesser].customer, "price_p_m").id
    await shop.post("subscription/cancel")
    ending = {each: shop.stripe.known[each].is_ending for each in (lesser, greater)}

    again = await shop.post("subscription/cancel")
    await shop.post("subscription/resume")

    assert ending == {lesser: True, greater: True}
    assert again.status_code == 400
    assert shop.stripe.known[lesser].is_ending
    assert not shop.stripe.known[greater].is_ending
    status = await shop.status()
    assert (status["tier"], status["cancel_at_period_end"]) == ("pro", False)


@pytest.mark.parametrize("what", ["cancel", "resume"])
async def test_without_a_plan_there_is_nothing_to_end(shop: Shop, what: str) -> None:
    answer = await shop.post(f"subscription/{what}")

    assert (answer.status_code, answer.json()["detail"]) == (404, "No active subscription found")


async def test_the_portal_opens_for_who_bought(shop: Shop) -> None:
    before = await shop.post("portal")
    bought = await shop.buy()
    customer = shop.stripe.known[bought].customer

    after = await shop.post("portal")

    assert (before.status_code, before.json()["detail"]) == (
        404,
        "You have bought nothing yet. Choose a plan first.",
    )
    assert after.json() == {"url": f"https://portal/{customer}?{FRONTEND}/settings"}


async def test_without_stripe_only_the_free_plan_is_known(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path) as home:
        calls = {
            path: (await home.client.post(f"/payments/stripe/{path}", json={})).status_code
            for path in ("subscription/cancel", "subscription/resume", "portal", "webhook")
        }
        order = {"planKey": "gold", "billingCycle": "never"}
        checkout = await home.client.post("/payments/stripe/checkout", json=order)
        session = await home.client.get("/payments/stripe/session/cs_1")
        status = await home.get("/payments/stripe/subscription/status")

    assert set(calls.values()) == {503}
    assert (checkout.status_code, session.status_code) == (503, 503)
    assert checkout.json()["detail"] == (
        "Payments are not configured: set STRIPE_SECRET_KEY, and start the server again."
    )
    assert status == NOTHING


async def test_a_deleted_account_pays_no_more(shop: Shop) -> None:
    bought = await shop.buy()
    await shop.hear_of(bought)
    customer = shop.stripe.known[bought].customer

    await shop.home.client.delete("/users/me")
    await shop.services.get(UserService).close()

    assert shop.stripe.known[bought].status == "canceled"
    assert await shop.home.items_with(customer) == await shop.home.items_with("Subscription") == []


async def test_a_deleted_account_can_buy_nothing_any_more(shop: Shop) -> None:
    await shop.checkout()

    await shop.home.client.delete("/users/me")
    await shop.services.get(UserService).close()

    assert shop.stripe.open_sessions == []


async def test_a_deletion_waits_for_stripe(shop: Shop) -> None:
    bought = await shop.buy()
    shop.stripe.failing = {"cancel"}
    await shop.home.client.delete("/users/me")
    await shop.services.get(UserService).close()
    unfinished = await DeletionRepository(shop.home.table).unfinished()
    shop.stripe.failing.clear()

    await shop.services.get(UserService).resume_deletions()
    await shop.services.get(UserService).close()

    assert [one.email for one in unfinished] == [ALICE]
    assert shop.stripe.known[bought].status == "canceled"
    assert await DeletionRepository(shop.home.table).unfinished() == []
