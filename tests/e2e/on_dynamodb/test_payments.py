"""The story of a paying customer on DynamoDB's protocol."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from smriti.db.table import Table
from tests.fakes.stripe_server import FakeStripe
from tests.payments.story.shop import assert_ok, open_shop
from tests.payments.story.telling import the_story


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe().running() as started:
        yield started


async def test_from_free_to_paid_and_back(table: Table, tmp_path: Path, stripe: FakeStripe) -> None:
    async with open_shop(table, tmp_path, stripe) as shop:
        await the_story(shop)


async def test_webhooks_that_come_twice_and_at_once_count_once(
    table: Table, tmp_path: Path, stripe: FakeStripe
) -> None:
    async with open_shop(table, tmp_path, stripe) as shop:
        await shop.checkout("starter")
        stripe.pay(shop.session_id)
        deliveries = stripe.deliveries() * 2

        responses = await shop.deliver_at_once(deliveries)
        for delivery, response in zip(deliveries, responses, strict=True):
            if response.status_code != 200:  # Stripe sends again what was not taken
                assert response.status_code == 503, response.text
                assert_ok(await shop.deliver(delivery))

        assert await shop.plan() == ("starter", "active")
        assert len(await shop.home.items_with("WebhookEvent#")) == len(deliveries) // 2
        stored = [i for i in await shop.home.items_with("Subscription#") if "plan_name" in i]
        assert len(stored) == 1
