"""What the indexes take in memory: a budget, and who makes room."""

import asyncio
import gc
import tracemalloc
from dataclasses import replace
from itertools import batched

import pytest

from smriti.db.table import Item, ItemPage, Read, Table, TableUnavailable
from smriti.observability.metrics import Metrics
from smriti.retrieval.documents import Document
from smriti.retrieval.index import Index
from smriti.retrieval.indexes import Indexes
from tests.fakes.counting_table import CountingTable
from tests.retrieval.library import LONG_AGO, Library, notes, open_indexes

PARTITIONS = 10_000
BUDGET = 4 * 1024 * 1024


async def test_many_partitions_touched_once_stay_within_the_budget(table: Table) -> None:
    indexes = open_indexes(table, budget_bytes=BUDGET)
    libraries = [Library(table, notes(f"Library {number}")) for number in range(PARTITIONS)]
    await table.bulk(puts=[each.item("coffee and tea", LONG_AGO) for each in libraries])

    most = 0
    for some in batched(libraries, 50, strict=False):
        found = await asyncio.gather(*(indexes.search(each.corpus, "tea") for each in some))
        assert {each.total for each in found} == {1}
        most = max(most, indexes.bytes)

    assert BUDGET / 2 < most <= BUDGET
    await indexes.close()


async def test_a_held_index_takes_no_more_than_is_counted(table: Table) -> None:
    indexes = open_indexes(table)
    libraries = [Library(table, notes(f"Library {number}")) for number in range(100)]
    await table.bulk(puts=[each.item("coffee and tea", LONG_AGO) for each in libraries])
    await indexes.search(libraries[0].corpus, "tea")
    counted = indexes.bytes
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    for library in libraries[1:]:
        await indexes.search(library.corpus, "tea")

    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert taken < (indexes.bytes - counted) * 1.2
    await indexes.close()


async def test_the_least_recently_used_makes_room(table: Table) -> None:
    counting = CountingTable(table)
    libraries = [Library(table, notes(f"Library {number}")) for number in range(3)]
    await table.bulk(puts=[each.item("coffee and tea", LONG_AGO) for each in libraries])
    probe = open_indexes(table)
    await probe.search(libraries[0].corpus, "tea")
    metrics = Metrics()
    indexes = Indexes(counting, budget_bytes=2 * probe.bytes, metrics=metrics)
    first, second, third = libraries
    for library in (first, second, first, third):
        await indexes.search(library.corpus, "tea")
    counting.waves.clear()

    await indexes.search(first.corpus, "tea")
    kept = len(counting.waves)
    await indexes.search(second.corpus, "tea")

    assert (kept, len(counting.waves)) == (1, 3)  # the second is built again
    assert b"smriti_index_evictions_total 2.0" in metrics.text()
    await probe.close()
    await indexes.close()


async def test_the_last_one_used_stays_however_large(table: Table) -> None:
    counting = CountingTable(table)
    library = Library(table, notes())
    await library.add("coffee")
    indexes = open_indexes(counting, budget_bytes=1)
    await indexes.search(library.corpus, "coffee")
    counting.waves.clear()

    await indexes.search(library.corpus, "coffee")

    assert counting.waves == [["read"]]
    await indexes.close()


async def test_what_is_in_use_does_not_make_room(table: Table) -> None:
    indexes = open_indexes(table, budget_bytes=1)
    libraries = [Library(table, notes(f"Library {number}")) for number in range(20)]
    for library in libraries:
        await library.fill([f"coffee number {number}" for number in range(100)])

    found = await asyncio.gather(*(indexes.search(each.corpus, "coffee") for each in libraries))

    assert {each.total for each in found} == {100}
    await indexes.close()


class StumblingTable(CountingTable):
    """Its first read waits for `go`, and fails."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.go = asyncio.Event()
        self._stumbled = False

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        if not self._stumbled:
            self._stumbled = True
            await self.go.wait()
            raise TableUnavailable("It stumbled.")
        return await super().read(*reads)


async def test_an_index_that_made_room_is_not_counted_though_it_is_filled_still(
    table: Table,
) -> None:
    stumbling = StumblingTable(table)
    indexes, probe = open_indexes(stumbling, budget_bytes=1), open_indexes(table)
    large, small = Library(table, notes("large")), Library(table, notes("small"))
    await large.fill([f"coffee number {number}" for number in range(50)])
    await small.add("tea")
    for _ in range(2):  # the second is to follow the first, and nobody waits for either
        impatient = asyncio.create_task(indexes.search(large.corpus, "coffee"))
        await asyncio.sleep(0.01)
        impatient.cancel()
        await asyncio.wait([impatient])
    await indexes.search(small.corpus, "tea")

    stumbling.go.set()
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})

    await probe.search(small.corpus, "tea")
    assert indexes.bytes == probe.bytes
    await probe.close()
    await indexes.close()


@pytest.mark.parametrize(
    "document",
    [
        Document("", "coffee and tea", LONG_AGO),
        Document("", "coffee and tea", LONG_AGO, labels=frozenset(f"{n:050}" for n in range(20))),
        Document("", "coffee and tea", LONG_AGO, thread="a" * 150),
    ],
    ids=["plain", "labels", "thread"],
)
def test_all_that_documents_bring_is_counted(document: Document) -> None:
    index = Index()
    counted = index.bytes
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    for number in range(1000):
        index.put(
            replace(
                document,
                sk=f"Archival#{number:060}",
                labels=frozenset(f"{label}{number}" for label in document.labels),
                thread=document.thread and f"{document.thread}{number}",
            )
        )

    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert taken < (index.bytes - counted) * 1.2
