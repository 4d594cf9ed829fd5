"""A Stripe of our own on a loopback port, and a shop that sells through it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from smriti.db.table import Table
from tests.fakes.failing_table import FailingTable
from tests.fakes.stripe_server import FakeStripe
from tests.payments.story.shop import Shop, open_shop


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe().running() as running:
        yield running


@pytest.fixture
def store(table: Table) -> FailingTable:
    """The shop's table, which breaks when a test says so."""
    return FailingTable(table)


@pytest.fixture
async def shop(store: FailingTable, tmp_path: Path, stripe: FakeStripe) -> AsyncIterator[Shop]:
    async with open_shop(store, tmp_path, stripe) as opened:
        yield opened
