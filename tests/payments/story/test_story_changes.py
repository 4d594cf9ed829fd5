"""What customers do with a plan: in our app, on Stripe's portal, and when they leave."""

import asyncio

from smriti.users.service import UserService
from tests.payments.story.shop import MONTH_S, Shop, free


async def test_checkout_asks_stripe_for_what_the_contract_says(shop: Shop) -> None:
    response = await shop.checkout("starter", "annual")

    session = shop.stripe.object(shop.session_id)
    assert response.json() == {"url": session["url"]}
    (asked,) = shop.stripe.asked("POST", "/v1/checkout/sessions")
    app = "https://app.example.com/payments"
    assert asked["mode"] == "subscription"
    assert asked["line_items"] == [{"price": shop.prices["starter"]["annual"], "quantity": "1"}]
    assert asked["allow_promotion_codes"] == "true"
    assert asked["success_url"] == f"{app}/success?session_id={{CHECKOUT_SESSION_ID}}"
    assert asked["cancel_url"] == f"{app}/cancel"
    assert asked["subscription_data"]["metadata"].items() >= {
        ("plan_key", "starter"),
        ("billing_cycle", "annual"),
        ("user_email", "alice@local"),
    }
    (customer,) = shop.stripe.all("customer")
    assert (customer["email"], customer["metadata"]) == (None, {"user_email": "alice@local"})


async def test_two_checkouts_at_once_make_one_customer_and_one_subscription(shop: Shop) -> None:
    first, second = await asyncio.gather(shop.checkout("starter"), shop.checkout("starter"))
    payable = [o for o in shop.stripe.all("checkout.session") if o["status"] == "open"]

    assert {first.status_code, second.status_code} <= {200, 409}
    assert len(shop.stripe.all("customer")) == 1
    assert len(payable) == 1


async def test_an_open_checkout_of_another_plan_can_no_longer_be_paid(shop: Shop) -> None:
    await shop.checkout("starter")
    old = shop.session_id
    await shop.checkout("pro")

    assert shop.stripe.object(old)["status"] == "expired"
    assert shop.stripe.object(shop.session_id)["status"] == "open"


async def test_a_lost_answer_makes_no_second_customer(shop: Shop) -> None:
    shop.stripe.lose()

    response = await shop.checkout("starter")

    assert response.status_code == 200
    assert len(shop.stripe.all("customer")) == 1


async def test_an_upgrade_changes_the_one_subscription_at_once(shop: Shop) -> None:
    subscription_id = await shop.buy("starter")

    responses = await asyncio.gather(shop.checkout("pro"), shop.checkout("pro"))
    await shop.deliver_all()

    assert 200 in {response.status_code for response in responses}
    (subscription,) = shop.stripe.all("subscription")
    assert subscription["id"] == subscription_id
    assert len(subscription["items"]["data"]) == 1
    upgrades = [o for o in shop.stripe.all("invoice") if o["amount_due"] == 2000]
    assert len(upgrades) == 1
    assert await shop.plan() == ("pro", "active")


async def test_an_upgrade_that_cannot_be_paid_leaves_the_plan(shop: Shop) -> None:
    await shop.buy("starter")
    shop.stripe.set_card(shop.stripe.all("customer")[0]["id"], works=False)

    response = await shop.checkout("pro")
    await shop.deliver_all()

    assert response.status_code in (200, 402, 502), response.text
    assert (await shop.plan())[0] == "starter"


async def test_cancelling_and_resuming(shop: Shop) -> None:
    subscription_id = await shop.buy("starter")
    period_end = (await shop.status())["current_period_end"]

    cancelled = await shop.post("/subscription/cancel")
    scheduled = await shop.status()
    again = await shop.post("/subscription/cancel")
    resumed = await shop.post("/subscription/resume")

    assert cancelled.json()["success"] is True
    assert cancelled.json()["current_period_end"] == period_end
    assert (scheduled["cancel_at_period_end"], scheduled["is_active"]) == (True, True)
    assert again.status_code == 400
    assert resumed.status_code == 200
    assert (await shop.status())["cancel_at_period_end"] is False
    assert shop.stripe.object(subscription_id)["cancel_at"] is None


async def test_a_cancelled_plan_holds_until_its_period_ends(shop: Shop) -> None:
    await shop.buy("starter")
    await shop.post("/subscription/cancel")
    await shop.deliver_all()
    assert (await shop.plan())[0] == "starter"

    shop.stripe.advance(MONTH_S)
    await shop.deliver_all()

    assert await shop.plan() == ("free", "canceled")


async def test_a_plan_changed_on_the_portal_is_seen_by_its_price(shop: Shop) -> None:
    subscription_id = await shop.buy("starter")

    shop.stripe.switch(subscription_id, shop.prices["pro"]["monthly"])
    await shop.deliver_all()

    metadata = shop.stripe.object(subscription_id)["metadata"]
    assert metadata["plan_key"] == "starter"  # the portal does not touch it
    assert await shop.plan() == ("pro", "active")


async def test_a_cancellation_on_the_portal_is_seen_and_can_be_taken_back(shop: Shop) -> None:
    subscription_id = await shop.buy("starter")

    shop.stripe.cancel_in_portal(subscription_id)
    await shop.deliver_all()
    scheduled = (await shop.status())["cancel_at_period_end"]
    resumed = await shop.post("/subscription/resume")

    assert scheduled is True
    assert resumed.status_code == 200
    assert shop.stripe.object(subscription_id)["cancel_at"] is None


async def test_a_paused_subscription_is_no_plan_until_it_is_resumed(shop: Shop) -> None:
    path = f"/v1/subscriptions/{await shop.buy('starter')}"

    shop.stripe.act("POST", f"{path}/pause")
    await shop.deliver_all()
    paused = await shop.plan()
    shop.stripe.act("POST", f"{path}/resume")
    await shop.deliver_all()

    assert paused == ("free", "paused")
    assert await shop.plan() == ("starter", "active")


async def test_after_the_end_one_can_begin_again(shop: Shop) -> None:
    first = await shop.buy("starter")
    shop.stripe.give_up(first)
    await shop.deliver_all()

    second = await shop.buy("pro", "annual")

    assert first != second
    assert await shop.plan() == ("pro", "active")
    assert len(shop.stripe.all("customer")) == 1


async def test_a_price_of_no_plan_is_the_free_plan(shop: Shop) -> None:
    subscription_id = await shop.buy("starter")
    product = shop.stripe.act("POST", "/v1/products", name="Another")
    price = shop.stripe.act(
        "POST",
        "/v1/prices",
        currency="usd",
        product=product["id"],
        unit_amount="5",
        recurring={"interval": "month"},
    )

    shop.stripe.switch(subscription_id, price["id"])
    await shop.deliver_all()

    assert (await shop.plan())[0] == "free"


async def test_the_portal_is_opened_for_the_customer(shop: Shop) -> None:
    before = await shop.post("/portal")
    await shop.buy("starter")

    opened = await shop.post("/portal")

    (portal,) = shop.stripe.all("billing_portal.session")
    assert before.status_code == 404
    assert opened.json() == {"url": portal["url"]}
    assert portal["customer"] == shop.stripe.all("customer")[0]["id"]


async def test_who_leaves_pays_no_longer(shop: Shop) -> None:
    subscription_id = await shop.buy("starter")

    response = await shop.home.client.delete("/users/me")
    await shop.home.services.get(UserService).close()
    await shop.deliver_all()

    assert response.status_code == 200
    assert shop.stripe.object(subscription_id)["status"] == "canceled"
    left = await shop.home.items_with("alice@local")
    assert [item["sk"] for item in left] == ["Deleted"]


async def test_who_takes_the_name_of_somebody_who_left_inherits_nothing(shop: Shop) -> None:
    await shop.buy("starter")
    await shop.home.client.delete("/users/me")
    await shop.home.services.get(UserService).close()

    async with shop.home.sign_up("alice") as alice:
        await shop.deliver_all()  # late, of the subscription that has ended
        shown = await alice.get("/payments/stripe/subscription/status")
        portal = await alice.post("/payments/stripe/portal")

    assert shown.json() == free()
    assert portal.status_code == 404


async def test_who_leaves_while_stripe_does_not_answer_is_cancelled_later(shop: Shop) -> None:
    subscription_id = await shop.buy("starter")
    users = shop.home.services.get(UserService)
    shop.stripe.fail(500, times=3)

    response = await shop.home.client.delete("/users/me")
    await users.close()
    still = shop.stripe.object(subscription_id)["status"]
    await users.resume_deletions()
    await users.close()

    assert (response.status_code, still) == (200, "active")
    assert shop.stripe.object(subscription_id)["status"] == "canceled"
    left = await shop.home.items_with("alice@local")
    assert [item["sk"] for item in left] == ["Deleted"]


async def test_a_status_that_was_missed_is_asked_of_stripe(shop: Shop) -> None:
    await shop.checkout("starter")
    shop.stripe.pay(shop.session_id)
    shop.stripe.deliveries()  # none arrives

    assert await shop.plan() == ("starter", "active")


async def test_somebody_elses_plan_is_not_mine(shop: Shop) -> None:
    await shop.buy("starter")

    async with shop.home.sign_up("bob") as bob:
        shown = await bob.get("/payments/stripe/subscription/status")
        cancelled = await bob.post("/payments/stripe/subscription/cancel")

    assert shown.json() == free()
    assert cancelled.status_code == 404
