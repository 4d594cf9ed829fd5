"""Buying a plan: one customer, one subscription, one open session, whatever comes at once."""

import asyncio

import pytest

from smriti.payments.gateway import StripeCustomer
from tests.fakes.memory_stripe import PERIOD_S
from tests.payments.conftest import ALICE, FRONTEND, Shop

SUCCESS = f"{FRONTEND}/payments/success"


async def test_a_first_plan_is_bought_at_stripe(shop: Shop) -> None:
    answer = await shop.checkout()

    (session_id,) = shop.stripe.open_sessions
    assert (answer.status_code, answer.json()) == (200, {"url": f"https://pay/{session_id}"})
    assert shop.stripe.orders[session_id].model_dump() == {
        "customer_id": next(iter(shop.stripe.customers)),
        "user_email": ALICE,
        "price_id": "price_s_m",
        "plan_key": "starter",
        "billing_cycle": "monthly",
        "success_url": SUCCESS + "?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": f"{FRONTEND}/payments/cancel",
    }


async def test_the_session_that_is_open_is_used_again(shop: Shop) -> None:
    first, second = await shop.checkout(), await shop.checkout()

    assert first.json() == second.json()
    assert len(shop.stripe.sessions) == 1


async def test_of_two_plans_only_the_last_can_be_paid(shop: Shop) -> None:
    await shop.checkout("starter")
    await shop.checkout("pro", "annual")

    (open_,) = shop.stripe.open_sessions
    assert shop.stripe.orders[open_].price_id == "price_p_a"


async def test_checkouts_at_once_end_in_one_customer_and_one_session(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.checkout() for _ in range(10)))

    (open_,) = shop.stripe.open_sessions
    assert {answer.json()["url"] for answer in answers} == {f"https://pay/{open_}"}
    assert len(shop.stripe.customers) == 1


async def test_checkouts_of_two_plans_at_once_leave_one_session(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.checkout(plan) for plan in ("starter", "pro") * 3))

    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len(shop.stripe.open_sessions) <= 1
    assert len(shop.stripe.customers) == 1


async def test_a_greater_plan_changes_the_subscription(shop: Shop) -> None:
    bought = await shop.buy("starter")

    answer = await shop.checkout("pro")

    assert (answer.status_code, answer.json()) == (200, {"url": SUCCESS})
    assert list(shop.stripe.known) == [bought]
    assert shop.stripe.open_sessions == []
    assert await shop.tier() == "pro"


async def test_a_greater_plan_takes_a_cancellation_back(shop: Shop) -> None:
    bought = await shop.buy("starter")
    await shop.post("subscription/cancel")

    await shop.checkout("pro")

    assert not shop.stripe.known[bought].is_ending


async def test_what_the_card_does_not_pay_is_paid_by_hand(shop: Shop) -> None:
    await shop.buy("starter")
    shop.stripe.pay_at = "https://invoice/1"

    answer = await shop.checkout("pro")

    assert answer.json() == {"url": "https://invoice/1"}
    assert await shop.tier() == "starter"


async def test_who_owes_money_pays_that_first(shop: Shop) -> None:
    bought = await shop.buy("starter")
    shop.stripe.change(bought, status="past_due")

    answer = await shop.checkout("pro")

    assert answer.json()["url"].startswith("https://portal/")
    assert "change_price" not in shop.stripe.calls


@pytest.mark.parametrize(
    ("held", "wanted", "cycle", "detail"),
    [
        (
            "starter",
            "starter",
            "annual",
            "You already have an active starter subscription. You can change it in Settings.",
        ),
        (
            "pro",
            "starter",
            "monthly",
            "To downgrade from pro to starter, manage your subscription in Settings.",
        ),
        (None, "gold", "monthly", "There is no plan 'gold' to buy."),
        (None, "enterprise", "monthly", "There is no plan 'enterprise' to buy."),
        (None, "pro", "weekly", "A plan is paid 'monthly' or 'annual', not 'weekly'."),
    ],
)
async def test_what_cannot_be_bought(
    shop: Shop, held: str | None, wanted: str, cycle: str, detail: str
) -> None:
    if held is not None:
        await shop.buy(held)

    answer = await shop.checkout(wanted, cycle)

    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired"])
async def test_a_plan_that_has_ended_can_be_bought_again(shop: Shop, status: str) -> None:
    bought = await shop.buy("starter")
    shop.stripe.change(bought, status=status)

    assert (await shop.checkout("starter")).json()["url"].startswith("https://pay/")


async def test_a_session_paid_while_another_plan_is_chosen_counts(shop: Shop) -> None:
    """The payment comes between the look at the session and the look at the subscriptions."""
    await shop.checkout("starter")
    (session_id,) = shop.stripe.open_sessions

    async def pay() -> None:
        shop.stripe.pay(session_id)

    shop.stripe.meanwhile["session"] = pay

    assert (await shop.checkout("pro")).json() == {"url": SUCCESS}
    assert len(shop.stripe.known) == 1


async def test_a_session_paid_before_it_expires_counts(shop: Shop) -> None:
    await shop.checkout("starter")
    (session_id,) = shop.stripe.open_sessions

    async def pay() -> None:
        shop.stripe.pay(session_id)

    shop.stripe.meanwhile["subscriptions_of"] = pay

    assert (await shop.checkout("pro")).json() == {"url": SUCCESS}
    assert len(shop.stripe.known) == 1


async def test_a_customer_that_stripe_forgot_is_made_anew(shop: Shop) -> None:
    """As after the change from test keys to real ones."""
    await shop.buy("starter")
    await shop.status()
    for forgotten in (shop.stripe.customers, shop.stripe.known, shop.stripe.sessions):
        forgotten.clear()

    answer = await shop.checkout("starter")

    assert (answer.status_code, len(shop.stripe.customers)) == (200, 1)


async def test_a_failure_of_stripe_is_told_and_the_next_attempt_is_another(shop: Shop) -> None:
    shop.stripe.failing = {"open_session"}
    failed = await shop.checkout()
    never_seen = shop.stripe.open_sessions
    shop.stripe.failing.clear()

    answer = await shop.checkout()

    assert failed.status_code == 502
    assert failed.json()["type"] == "/problems/payment-service-failed"
    assert answer.json()["url"] not in {f"https://pay/{one}" for one in never_seen}


async def test_an_older_tables_subscription_names_the_customer(shop: Shop) -> None:
    shop.stripe.customers["cus_old"] = StripeCustomer(email="alice@example.com")
    old = shop.stripe.subscribe("cus_old", "price_s_m")
    await shop.home.table.bulk(
        puts=[
            {
                "pk": f"User#{ALICE}",
                "sk": f"Subscription#{old.id}",
                "subscription_id": old.id,
                "user_email": ALICE,
                "customer_id": "cus_old",
                "plan_name": "starter",
                "status": "active",
                "current_period_end": "2026-01-01T00:00:00+00:00",
                "created_at": "2025-12-01T00:00:00+00:00",
                "updated_at": "2025-12-01T00:00:00+00:00",
            }
        ]
    )

    assert (await shop.checkout("pro")).json() == {"url": SUCCESS}
    assert list(shop.stripe.known) == [old.id]
    assert await shop.tier() == "pro"


async def test_a_paid_session_is_exchanged_once(shop: Shop) -> None:
    bought = await shop.buy("starter")
    (session_id,) = shop.stripe.sessions

    first = await shop.home.client.get(f"/payments/stripe/session/{session_id}")
    second = await shop.home.client.get(f"/payments/stripe/session/{session_id}")

    answer = first.json()
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "no-store"
    assert (answer["email"], answer["subscription_status"]) == (ALICE, "active")
    shop.home.client.headers["Authorization"] = f"Bearer {answer['token']}"
    assert (await shop.home.get("/auth/me"))["email"] == ALICE
    assert (second.status_code, second.json()["detail"]) == (
        404,
        "This checkout session was used already.",
    )
    stored = await shop.subscriptions.find(ALICE, bought)
    assert stored is not None
    assert stored.current_period_end == shop.stripe.now + PERIOD_S


async def test_a_session_at_once_is_exchanged_once(shop: Shop) -> None:
    await shop.buy("starter")
    (session_id,) = shop.stripe.sessions
    path = f"/payments/stripe/session/{session_id}"

    answers = await asyncio.gather(*(shop.home.client.get(path) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]


async def test_a_session_is_of_who_began_it(shop: Shop) -> None:
    await shop.buy("starter")
    (session_id,) = shop.stripe.sessions
    path = f"/payments/stripe/session/{session_id}"

    async with shop.home.sign_up("mallory") as mallory:
        hers = await mallory.get(path)
    unknown = await shop.home.client.get("/payments/stripe/session/cs_unknown")

    for refused in (hers, unknown):
        assert refused.status_code == 404
        assert refused.json()["detail"] == "Checkout session not found"


async def test_an_unpaid_session_is_exchanged_for_nothing(shop: Shop) -> None:
    await shop.checkout()
    (session_id,) = shop.stripe.open_sessions

    refused = await shop.home.client.get(f"/payments/stripe/session/{session_id}")

    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "This checkout session is not paid.",
    )
