"""A new table for each test, on every engine that can be started here."""

from collections.abc import AsyncIterator, Iterator

import pytest

from smriti.db.dynamodb import DynamoTable
from smriti.db.table import Table
from tests.e2e.dynamodb import REGION, credentials, engines, new_table, running


@pytest.fixture(scope="module", params=engines())
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    with credentials(), running(request.param) as started:
        yield started


@pytest.fixture
async def table(address: str) -> AsyncIterator[Table]:
    opened = await DynamoTable.open(new_table(address), region=REGION, endpoint=address)
    yield opened
    await opened.close()
