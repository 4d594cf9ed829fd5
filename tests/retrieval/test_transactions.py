"""A store that shows a transaction in part while it is being written, as DynamoDB may."""

from collections.abc import AsyncIterator

import pytest

from smriti.core.clock import utc_now
from smriti.db.table import Item, ItemPage, Key, Put, Query, Read, Table, key_of
from smriti.retrieval.changes import inserted
from smriti.retrieval.indexes import Indexes
from tests.fakes.counting_table import CountingTable
from tests.retrieval.library import Library, notes, open_indexes


class FracturedTable(CountingTable):
    """Reads of the keys in `stale` answer what was there before; None: nothing."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.stale: dict[Key, Item | None] = {}

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        return [self._seen(answer) for answer in await super().read(*reads)]

    async def get(self, key: Key) -> Item | None:
        found = await super().get(key)
        return self.stale.get(key, found)

    async def query(self, query: Query) -> ItemPage:
        page = self._seen(await super().query(query))
        assert isinstance(page, ItemPage)
        return page

    def _seen(self, answer: Item | ItemPage | None) -> Item | ItemPage | None:
        if isinstance(answer, ItemPage):
            seen = [self.stale.get(key_of(item), item) for item in answer.items]
            return ItemPage([item for item in seen if item is not None], answer.next)
        return None if answer is None else self.stale.get(key_of(answer), answer)


@pytest.fixture
def fractured(table: Table) -> FracturedTable:
    return FracturedTable(table)


@pytest.fixture
async def indexes(fractured: FracturedTable) -> AsyncIterator[Indexes]:
    opened = open_indexes(fractured, settle_s=60)
    yield opened
    await opened.close()


async def test_an_insert_that_was_counted_before_it_could_be_seen_is_found_later(
    table: Table, fractured: FracturedTable, indexes: Indexes
) -> None:
    library = Library(table, notes(counted=True))
    await library.add("coffee one")
    await library.found(indexes, "coffee")
    item = library.item("coffee two", utc_now())
    fractured.stale[key_of(item)] = None
    await table.write(Put(item), inserted(library.corpus))
    await library.found(indexes, "coffee")

    fractured.stale.clear()

    assert len(await library.found(indexes, "coffee")) == 2


async def test_an_edit_that_was_told_before_it_could_be_seen_is_found_later(
    library: Library, fractured: FracturedTable, indexes: Indexes
) -> None:
    sk = await library.add("coffee")
    await library.found(indexes, "coffee")
    key = library.corpus.pk, sk
    fractured.stale[key] = await library.table.get(key)
    await library.edit(sk, "tea")
    await library.found(indexes, "coffee")

    fractured.stale.clear()

    assert await library.found(indexes, "tea") == ["tea"]
    assert await library.found(indexes, "coffee") == []


async def test_what_is_settled_is_not_looked_at_again(
    table: Table, fractured: FracturedTable
) -> None:
    library = Library(table, notes(counted=True))
    indexes = open_indexes(fractured, settle_s=1e-9)
    await library.add("coffee")
    for _ in range(2):
        await library.found(indexes, "coffee")
    fractured.waves.clear()

    await library.found(indexes, "coffee")

    assert sum(map(len, fractured.waves)) == 1
    await indexes.close()
