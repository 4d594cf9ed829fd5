"""A stored subscription that cannot be read blocks nobody, and is what Stripe says in the end."""

from collections.abc import Mapping

import pytest

from smriti.db.table import Change, Item, Remove, Set
from smriti.payments.reconcile import reconcile
from tests.payments.conftest import ALICE, Shop

DAMAGES: Mapping[str, Change] = {
    "no status": Remove("status"),
    "no plan": Remove("plan_name"),
    "no end": Set("current_period_end", "soon"),
    "another kind of value": Set("plan_name", ["pro"]),
    "no time of ours": Set("updated_at", "yesterday"),
}


@pytest.fixture(params=DAMAGES)
async def broken(shop: Shop, request: pytest.FixtureRequest) -> str:
    """The id of alice's subscription to `pro`."""
    bought = await shop.buy("pro")
    await shop.hear_of(bought)
    key = f"User#{ALICE}", f"Subscription#{bought}"
    await shop.home.table.update(key, DAMAGES[request.param])
    return bought


@pytest.mark.usefixtures("broken")
async def test_its_owner_can_ask_agents_and_see_what_was_used(shop: Shop) -> None:
    conversation = await shop.home.conversation(await shop.home.agent())

    events = await shop.home.say(conversation, "Hello")

    assert events[-1]["event_type"] == "STREAM_COMPLETE"
    assert (await shop.home.get("/usage"))["used"]["messages"] == 1


@pytest.mark.usefixtures("broken")
async def test_its_owners_status_is_what_stripe_says(shop: Shop) -> None:
    assert (await shop.tier(), (await shop.status())["status"]) == ("pro", "active")


async def test_an_event_repairs_it(shop: Shop, broken: str) -> None:
    answer = await shop.hear_of(broken, "evt_2")

    assert answer.status_code == 200
    assert await _stored(shop, broken) == ("pro", "active")


async def test_reconciling_repairs_it(shop: Shop, broken: str) -> None:
    del shop.stripe.known[broken]

    await reconcile(shop.stripe, shop.ledger, shop.subscriptions)

    item = await shop.home.table.get((f"User#{ALICE}", f"Subscription#{broken}"))
    assert item is not None
    assert item["status"] == "canceled"


async def _stored(shop: Shop, subscription_id: str) -> tuple[object, object]:
    item: Item | None = await shop.home.table.get(
        (f"User#{ALICE}", f"Subscription#{subscription_id}")
    )
    assert item is not None
    return item["plan_name"], item["status"]


async def test_without_its_end_it_gives_no_plan(shop: Shop) -> None:
    bought = await shop.buy("pro")
    await shop.hear_of(bought)
    key = f"User#{ALICE}", f"Subscription#{bought}"
    await shop.home.table.update(key, Set("current_period_end", "soon"))
    shop.stripe.failing = {"subscriptions_of"}

    status = await shop.status()

    assert (status["tier"], status["is_active"]) == ("free", False)
