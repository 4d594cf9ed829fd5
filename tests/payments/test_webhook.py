"""What Stripe tells: twice, late, in the wrong order, at once, while the store fails."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from smriti.db.sqlite import SqliteTable
from smriti.db.table import Action, Put, Table, TableBusy
from smriti.payments.gateway import Invoice, StripeCustomer
from smriti.payments.models import Subscription
from tests.fakes.failing_table import FailingTable
from tests.fakes.memory_stripe import PERIOD_S, MemoryStripe
from tests.home import open_home
from tests.payments.conftest import ALICE, Shop, pricing_file

OLD_INVOICE: Final = {"subscription": "{sub}"}
NEW_INVOICE: Final = {
    "parent": {
        "type": "subscription_details",
        "subscription_details": {"subscription": "{sub}", "metadata": {}},
    }
}


@pytest.fixture
def failing() -> FailingTable:
    return FailingTable(SqliteTable.open())


@pytest.fixture
async def shaky(failing: FailingTable, tmp_path: Path, stripe: MemoryStripe) -> AsyncIterator[Shop]:
    """A shop on a store that fails when the test says so."""
    async with open_home(
        failing,
        tmp_path,
        payments=stripe,
        stripe_webhook_secret="whsec",
        pricing_config=pricing_file(tmp_path),
    ) as home:
        yield Shop(home, stripe)
    await failing.close()


async def _stored(shop: Shop, subscription_id: str) -> Subscription:
    found = await shop.subscriptions.find(ALICE, subscription_id)
    assert found is not None
    return found


async def test_an_event_makes_the_record_what_stripe_says(shop: Shop) -> None:
    bought = await shop.buy("pro")

    answer = await shop.hear_of(bought)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    stored = await _stored(shop, bought)
    assert stored.model_dump(exclude={"created_at", "updated_at", "customer_id"}) == {
        "subscription_id": bought,
        "user_email": ALICE,
        "plan_name": "pro",
        "billing_cycle": "monthly",
        "status": "active",
        "price_id": "price_p_m",
        "current_period_start": shop.stripe.now,
        "current_period_end": shop.stripe.now + PERIOD_S,
        "cancel_at_period_end": False,
        "revision": 1,
    }
    assert (await shop.status())["tier"] == "pro"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (
            "checkout.session.completed",
            {"id": "cs_1", "customer": "{cus}", "subscription": "{sub}"},
        ),
        *(
            (f"customer.subscription.{happened}", {"id": "{sub}", "customer": "{cus}"})
            for happened in ("created", "updated", "deleted", "paused", "resumed")
        ),
        *(
            (kind, {"customer": "{cus}", **shape})
            for kind in ("invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed")
            for shape in (OLD_INVOICE, NEW_INVOICE)
        ),
        ("invoice.paid", {"customer": {"id": "{cus}"}, "parent": None, "subscription": "{sub}"}),
        ("invoice_payment.paid", {"object": "invoice_payment", "invoice": "in_1"}),
    ],
)
async def test_every_kind_of_event_tells_which_subscription(
    shop: Shop, kind: str, told: dict[str, Any]
) -> None:
    bought = await shop.buy()
    customer = shop.stripe.known[bought].customer
    shop.stripe.invoices["in_1"] = Invoice(customer=customer, subscription=bought)

    answer = await shop.hear("evt_1", kind, _filled(told, sub=bought, cus=customer))

    assert answer.status_code == 200
    assert (await _stored(shop, bought)).plan_name == "starter"


def _filled(told: Any, **ids: str) -> Any:
    if isinstance(told, dict):
        return {name: _filled(value, **ids) for name, value in told.items()}
    return told.format(**ids) if isinstance(told, str) else told


async def test_an_event_that_comes_again_is_done_once(shop: Shop) -> None:
    bought = await shop.buy()

    answers = [await shop.hear_of(bought) for _ in range(3)]
    answers += await asyncio.gather(*(shop.hear_of(bought) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {200}
    assert (await _stored(shop, bought)).revision == 1


async def test_an_event_at_once_is_done_once(shop: Shop) -> None:
    bought = await shop.buy()

    answers = await asyncio.gather(*(shop.hear_of(bought) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {200}
    assert (await _stored(shop, bought)).revision == 1


async def test_many_events_at_once_all_count(shop: Shop) -> None:
    bought = await shop.buy()

    answers = await asyncio.gather(*(shop.hear_of(bought, f"evt_{n}") for n in range(5)))

    assert {answer.status_code for answer in answers} == {200}
    assert (await _stored(shop, bought)).revision == 5


async def test_the_order_of_events_does_not_matter(shop: Shop) -> None:
    bought = await shop.buy()
    shop.stripe.change(bought, status="canceled")

    await shop.hear_of(bought, "evt_2", "deleted")
    await shop.hear_of(bought, "evt_1", "created")

    assert (await _stored(shop, bought)).status == "canceled"


async def test_who_was_told_something_older_asks_again(shop: Shop) -> None:
    """The first event's question is answered; before it is written all of the second happens."""
    bought = await shop.buy()

    async def cancelled_meanwhile() -> None:
        shop.stripe.change(bought, status="canceled")
        assert (await shop.hear_of(bought, "evt_2", "deleted")).status_code == 200

    shop.stripe.meanwhile["subscription"] = cancelled_meanwhile

    assert (await shop.hear_of(bought, "evt_1", "created")).status_code == 200
    assert (await _stored(shop, bought)).status == "canceled"
    assert await shop.tier() == "free"


async def test_a_change_there_and_back_is_seen_too(shop: Shop) -> None:
    """The second event writes what stands there already; the first must not write over it."""
    bought = await shop.buy()
    await shop.hear_of(bought, "evt_0")
    shop.stripe.change(bought, cancel_at_period_end=True)

    async def taken_back_meanwhile() -> None:
        shop.stripe.change(bought, cancel_at_period_end=False)
        await shop.hear_of(bought, "evt_2")

    shop.stripe.meanwhile["subscription"] = taken_back_meanwhile
    await shop.hear_of(bought, "evt_1")

    assert not (await _stored(shop, bought)).cancel_at_period_end


async def test_the_plan_is_the_prices(shop: Shop) -> None:
    """As after a change in Stripe's portal."""
    bought = await shop.buy("starter")
    price = {"id": "si_1", "price": {"id": "price_p_a"}}
    shop.stripe.change(
        bought,
        items={"data": [{"id": "si_0", "price": {"id": "price_of_support"}}, price]},
        metadata={"plan_key": "starter"},
        current_period_start=1,
        current_period_end=shop.stripe.now + 9,
    )

    await shop.hear_of(bought)

    stored = await _stored(shop, bought)
    assert (stored.plan_name, stored.billing_cycle) == ("pro", "annual")
    assert stored.current_period_end == shop.stripe.now + 9  # from its older place


async def test_a_price_that_is_none_of_ours_gives_nothing(shop: Shop) -> None:
    bought = await shop.buy("starter")
    await shop.hear_of(bought, "evt_1")
    foreign = {"data": [{"id": "si_1", "price": {"id": "price_of_support"}}]}
    shop.stripe.change(bought, items=foreign)
    other = shop.stripe.subscribe(shop.stripe.known[bought].customer, "price_of_support")

    await shop.hear_of(bought, "evt_2")
    await shop.hear_of(other.id, "evt_3")

    assert (await _stored(shop, bought)).plan_name == "free"
    assert await shop.subscriptions.find(ALICE, other.id) is None


async def test_an_end_at_a_date_is_a_cancellation(shop: Shop) -> None:
    bought = await shop.buy()
    shop.stripe.change(bought, cancel_at=shop.stripe.now + PERIOD_S)

    await shop.hear_of(bought)

    assert (await _stored(shop, bought)).cancel_at_period_end


@pytest.mark.parametrize("customer", [None, StripeCustomer(email="nobody@example.com")])
async def test_an_event_of_nobody_stores_nothing(
    shop: Shop, customer: StripeCustomer | None
) -> None:
    if customer is not None:
        shop.stripe.customers["cus_x"] = customer
    stranger = shop.stripe.subscribe("cus_x", "price_p_m")

    answer = await shop.hear_of(stranger.id)

    assert answer.status_code == 200
    assert await shop.home.items_with("sub_") == await shop.home.items_with("evt_") == []
    assert await shop.home.items_with("cus_x") == []


async def test_a_customer_made_elsewhere_is_known_by_its_address(shop: Shop) -> None:
    shop.stripe.customers["cus_x"] = StripeCustomer(
        email="x", metadata={"user_email": " Alice@local"}
    )
    bought = shop.stripe.subscribe("cus_x", "price_p_m")

    await shop.hear_of(bought.id)

    assert await shop.tier() == "pro"


async def test_another_address_at_stripe_changes_nothing(shop: Shop) -> None:
    bought = await shop.buy()
    customer = shop.stripe.known[bought].customer
    shop.stripe.customers[customer] = StripeCustomer(email="mallory@local")

    await shop.hear_of(bought)

    assert await shop.tier() == "starter"


async def test_an_event_that_nobody_waits_for_is_seen(shop: Shop) -> None:
    answer = await shop.hear("evt_1", "charge.refunded", {"id": "ch_1"})

    assert answer.status_code == 200
    assert len(await shop.home.items_with("WebhookEvent#evt_1")) == 1
    assert shop.stripe.calls == []


async def test_who_does_not_sign_is_refused(shop: Shop) -> None:
    unsigned = await shop.home.client.post("/payments/stripe/webhook", json={})
    forged = await shop.hear("evt_1", "invoice.paid", {}, signature="forged")

    assert (unsigned.status_code, unsigned.json()["detail"]) == (
        400,
        "Missing stripe-signature header",
    )
    assert (forged.status_code, forged.json()["detail"]) == (400, "Invalid signature")


async def test_when_stripe_does_not_answer_the_event_stays_open(shop: Shop) -> None:
    bought = await shop.buy()
    shop.stripe.failing = {"subscription"}
    failed = await shop.hear_of(bought)
    shop.stripe.failing.clear()

    again = await shop.hear_of(bought)

    assert (failed.status_code, again.status_code) == (502, 200)
    assert (await _stored(shop, bought)).plan_name == "starter"


@pytest.mark.parametrize(
    ("error", "status"), [(TableBusy("Full."), 503), (RuntimeError("A bug."), 500)]
)
async def test_when_the_store_fails_the_event_stays_open(
    shaky: Shop, failing: FailingTable, error: Exception, status: int
) -> None:
    bought = await shaky.buy()
    failing.error, failing.breaks = error, _puts_subscription
    failed = await shaky.hear_of(bought)
    failing.breaks = staticmethod(lambda _: False)

    again = await shaky.hear_of(bought)

    assert (failed.status_code, again.status_code) == (status, 200)
    assert (await _stored(shaky, bought)).revision == 1


def _puts_subscription(action: Action) -> bool:
    return isinstance(action, Put) and action.key[1].startswith("Subscription#")


async def test_nothing_is_written_behind_a_deleted_account(shop: Shop, table: Table) -> None:
    bought = await shop.buy()

    async def delete_meanwhile() -> None:
        await shop.home.client.delete("/users/me")

    shop.stripe.meanwhile["subscription"] = delete_meanwhile

    assert (await shop.hear_of(bought)).status_code == 200
    assert await shop.subscriptions.find(ALICE, bought) is None
    assert await shop.home.items_with("evt_1") == []


async def test_stripe_may_call_as_often_as_it_likes(
    table: Table, tmp_path: Path, stripe: MemoryStripe
) -> None:
    settings: dict[str, Any] = {"rate_limits": "on", "requests_per_hour": 2}
    async with open_home(
        table, tmp_path, payments=stripe, stripe_webhook_secret="whsec", **settings
    ) as home:
        shop = Shop(home, stripe)
        answers = [await shop.hear(f"evt_{n}", "charge.refunded", {}) for n in range(4)]

    assert [answer.status_code for answer in answers] == [200] * 4
