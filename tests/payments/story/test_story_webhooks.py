"""Webhooks as Stripe sends them: twice, in any order, at once, forged, late, and in trouble."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from smriti.db.table import Action, Put, Table, TableUnavailable
from tests.fakes.failing_table import FailingTable
from tests.fakes.stripe_events import Delivery
from tests.fakes.stripe_server import FakeStripe
from tests.fakes.stripe_shapes import OLD
from tests.payments.story.shop import MONTH_S, Shop, assert_ok, free, open_shop

HANDLED = {
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
}


async def paid(shop: Shop) -> list[Delivery]:
    """What Stripe sends when a customer has paid; nothing of it has arrived yet."""
    await shop.checkout("starter")
    shop.stripe.pay(shop.session_id)
    return shop.stripe.deliveries()


def marks(shop: Shop, deliveries: Sequence[Delivery]) -> set[str]:
    return {f"WebhookEvent#{each.event['id']}" for each in deliveries}


async def marked(shop: Shop) -> set[str]:
    return {str(item["pk"]) for item in await shop.home.items_with("WebhookEvent#")}


async def subscriptions(shop: Shop) -> list[dict[str, Any]]:
    """As they are stored."""
    items = await shop.home.items_with("Subscription#")
    return [dict(item) for item in items if str(item["sk"]).startswith("Subscription#")]


async def held(shop: Shop) -> list[tuple[Any, Any]]:
    """Plans and statuses as stored; the status route would ask Stripe where nothing is."""
    return [(each["plan_name"], each["status"]) for each in await subscriptions(shop)]


@pytest.mark.parametrize("name", sorted(HANDLED))
async def test_one_alone_begins_the_plan(shop: Shop, name: str) -> None:
    await shop.deliver_all([each for each in await paid(shop) if each.type == name])

    assert await held(shop) == [("starter", "active")]


@pytest.mark.parametrize("name", sorted(HANDLED))
async def test_one_alone_in_its_old_shape_begins_it_too(
    table: Table, tmp_path: Path, name: str
) -> None:
    with FakeStripe(version=OLD).running() as stripe:
        async with open_shop(table, tmp_path, stripe) as shop:
            await shop.deliver_all([each for each in await paid(shop) if each.type == name])

            assert await held(shop) == [("starter", "active")]


async def test_a_second_delivery_does_no_work(shop: Shop) -> None:
    deliveries = await paid(shop)
    await shop.deliver_all(deliveries)
    before = (await subscriptions(shop), len(shop.stripe.requests))

    await shop.deliver_all(deliveries)

    assert (await subscriptions(shop), len(shop.stripe.requests)) == before
    assert await marked(shop) == marks(shop, deliveries)


@pytest.mark.parametrize(
    "ordered",
    [
        lambda sent: sent[::-1],
        lambda sent: sent[1::2] + sent[::2],
        lambda sent: sent[len(sent) // 2 :] + sent[: len(sent) // 2],
    ],
)
async def test_the_order_does_not_matter(
    shop: Shop, ordered: Callable[[list[Delivery]], list[Delivery]]
) -> None:
    deliveries = await paid(shop)
    await shop.checkout("pro")
    shop.stripe.set_card(shop.stripe.all("customer")[0]["id"], works=False)
    shop.stripe.advance(MONTH_S)
    deliveries += shop.stripe.deliveries()

    await shop.deliver_all(ordered(deliveries))

    assert await held(shop) == [("pro", "past_due")]


async def test_all_at_once_and_each_twice(shop: Shop) -> None:
    deliveries = await paid(shop)

    responses = await shop.deliver_at_once([*deliveries, *deliveries])
    for delivery, response in zip([*deliveries, *deliveries], responses, strict=True):
        if response.status_code != 200:  # Stripe sends again what was not taken
            assert response.status_code in (500, 503)
            assert_ok(await shop.deliver(delivery))

    assert await held(shop) == [("starter", "active")]
    assert await marked(shop) == marks(shop, deliveries)


async def test_an_older_answer_does_not_overwrite_a_newer_one(shop: Shop) -> None:
    await shop.buy("starter")
    shop.stripe.act("POST", f"/v1/subscriptions/{shop.subscription_id}", description="Changed")
    shop.stripe.act(
        "POST", f"/v1/subscriptions/{shop.subscription_id}", metadata={"changed": "yes"}
    )
    (older,) = shop.stripe.deliveries()

    with shop.stripe.holding("GET", f"/v1/subscriptions/{shop.subscription_id}") as hold:
        slow = asyncio.create_task(shop.deliver(older))
        assert await asyncio.to_thread(hold.reached.wait, 10)
        shop.stripe.act("DELETE", f"/v1/subscriptions/{shop.subscription_id}")
        await shop.deliver_all()
        hold.released.set()
        response = await slow

    if response.status_code != 200:
        assert_ok(await shop.deliver(older))
    assert await held(shop) == [("starter", "canceled")]


@pytest.mark.parametrize("age_s", [301, 86_400])
async def test_a_late_signature_is_refused(shop: Shop, age_s: int) -> None:
    deliveries = await paid(shop)

    late = await shop.deliver(deliveries[0], age_s=age_s)
    in_time = await shop.deliver(deliveries[0], age_s=290)

    assert late.status_code == 400
    assert_ok(in_time)


async def test_a_forged_webhook_is_refused_and_leaves_nothing(shop: Shop) -> None:
    delivery = (await paid(shop))[-1]
    headers = delivery.headers()
    other = json.dumps(delivery.event).encode()  # the same, but not to the byte

    refused = [
        await shop.deliver(delivery, secret="whsec_of_another"),
        await shop.post_raw(other, headers),
        await shop.post_raw(delivery.body, headers | {"Stripe-Signature": "t=,v1="}),
        await shop.post_raw(delivery.body, headers | {"Stripe-Signature": "nonsense"}),
        await shop.post_raw(delivery.body, headers | {"Stripe-Signature": "t=1,v1=\xe9"}),
        await shop.post_raw(b"\xff" + delivery.body, headers),
        await shop.post_raw(delivery.body, {"Content-Type": "application/json"}),
        await shop.post_raw(b"", delivery.headers()),
    ]

    assert [response.status_code for response in refused] == [400] * len(refused)
    assert (await marked(shop), await subscriptions(shop)) == (set(), [])


def _everything(_: Action) -> bool:
    return True


def _the_mark(action: Action) -> bool:
    return isinstance(action, Put) and action.key[0].startswith("WebhookEvent#")


def _the_effect(action: Action) -> bool:
    return isinstance(action, Put) and action.key[1].startswith("Subscription#")


@pytest.mark.parametrize("breaks", [_everything, _the_mark, _the_effect])
@pytest.mark.parametrize(
    ("error", "status"), [(TableUnavailable("Busy."), 503), (RuntimeError("A bug."), 500)]
)
async def test_what_the_store_refuses_is_taken_the_next_time(
    shop: Shop,
    store: FailingTable,
    breaks: Callable[[Action], bool],
    error: Exception,
    status: int,
) -> None:
    delivery = (await paid(shop))[-1]
    store.breaks, store.error = breaks, error

    failed = await shop.deliver(delivery)
    before = await subscriptions(shop)
    store.breaks = lambda _: False
    again = await shop.deliver(delivery)

    assert failed.status_code == status
    assert before == []  # the effect and the mark are one transaction
    assert_ok(again)
    assert await held(shop) == [("starter", "active")]


async def test_what_cannot_be_read_is_taken_the_next_time(shop: Shop, store: FailingTable) -> None:
    delivery = (await paid(shop))[-1]
    store.reads_break = True

    failed = await shop.deliver(delivery)
    store.reads_break = False
    await shop.deliver_all([delivery])

    assert failed.status_code == 503
    assert await held(shop) == [("starter", "active")]


async def test_what_stripe_does_not_answer_is_taken_the_next_time(shop: Shop) -> None:
    delivery = (await paid(shop))[-1]
    shop.stripe.fail(503, times=3)  # once, and two retries

    failed = await shop.deliver(delivery)
    unmarked = await marked(shop)
    await shop.deliver_all([delivery])

    assert failed.status_code >= 500
    assert unmarked == set()
    assert await held(shop) == [("starter", "active")]


async def test_what_nobody_listens_to_is_marked_as_seen(shop: Shop, stripe: FakeStripe) -> None:
    stripe.act("POST", "/v1/products", name="Cups")
    (delivery,) = stripe.deliveries()
    asked = len(stripe.requests)

    await shop.deliver_all([delivery])

    assert len(stripe.requests) == asked
    assert await marked(shop) == marks(shop, [delivery])


async def test_a_strangers_subscription_is_nobodys(shop: Shop, stripe: FakeStripe) -> None:
    customer = stripe.act("POST", "/v1/customers", email="stranger@example.com")
    stripe.set_card(customer["id"], works=True)
    stripe.act(
        "POST",
        "/v1/subscriptions",
        customer=customer["id"],
        items=[{"price": shop.prices["pro"]["monthly"]}],
    )

    await shop.deliver_all()

    assert await subscriptions(shop) == []
    assert await shop.status() == free()


async def test_an_invoice_without_a_subscription_is_nothing_to_us(
    shop: Shop, stripe: FakeStripe
) -> None:
    delivery = next(each for each in await paid(shop) if each.type == "invoice.paid")
    delivery.about["parent"] = None

    await shop.deliver_all([delivery])

    assert await subscriptions(shop) == []


async def test_a_large_event_is_read(shop: Shop) -> None:
    delivery = (await paid(shop))[-1]
    delivery.about["filler"] = "x" * 250_000

    assert_ok(await shop.deliver(delivery))
