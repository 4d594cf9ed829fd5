"""The whole story of a customer, through our HTTP API and Stripe's webhooks."""

from pathlib import Path

import pytest

from smriti.db.table import Table
from tests.fakes.stripe_server import FakeStripe
from tests.fakes.stripe_shapes import NEWEST, OLD
from tests.payments.story.shop import open_shop
from tests.payments.story.telling import the_story


@pytest.mark.parametrize("version", [NEWEST, OLD])
async def test_from_free_to_paid_and_back(table: Table, tmp_path: Path, version: str) -> None:
    with FakeStripe(version=version).running() as stripe:
        async with open_shop(table, tmp_path, stripe) as shop:
            await the_story(shop)
