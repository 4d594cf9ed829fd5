"""The contract of the table over HTTP, against independent implementations of DynamoDB."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from smriti.core.clock import new_id
from smriti.db.dynamodb import DynamoTable, create_table
from smriti.db.table import Set, Table, TableUnavailable
from tests.db.contract_items import ExactItemContract, ItemContract
from tests.db.contract_queries import QueryContract
from tests.e2e.dynamodb import REGION, credentials, engines, free_port, new_table, running


@pytest.fixture(scope="module", params=engines())
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    with credentials(), running(request.param) as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(server: str) -> AsyncIterator[DynamoTable]:
    table = await DynamoTable.open(new_table(server), region=REGION, endpoint=server)
    yield table
    await table.close()


@pytest.fixture
def pk() -> str:
    return f"P#{new_id()}"


class TestOverHttp(ItemContract, ExactItemContract, QueryContract):
    @pytest.fixture
    def table(self, engine: DynamoTable) -> Table:
        return engine


def test_making_the_table_again_changes_nothing(server: str) -> None:
    name = new_table(server)

    assert create_table(name, region=REGION, endpoint=server) is False


async def test_a_missing_table_is_unavailable(server: str, pk: str) -> None:
    table = await DynamoTable.open("nowhere", region=REGION, endpoint=server)

    with pytest.raises(TableUnavailable):
        await table.get((pk, "a"))
    with pytest.raises(TableUnavailable):
        await table.update((pk, "a"), Set("x", 1))

    await table.close()


async def test_an_endpoint_that_is_not_there_is_unavailable(pk: str) -> None:
    with credentials():
        table = await DynamoTable.open(
            "t", region=REGION, endpoint=f"http://127.0.0.1:{free_port()}"
        )

        with pytest.raises(TableUnavailable):
            await table.get((pk, "a"))

        await table.close()
