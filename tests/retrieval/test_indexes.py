"""Indexes over a table: what was acknowledged before a search is found by it, whoever wrote it."""

import asyncio
from datetime import timedelta

import pytest

from smriti.core.clock import utc_now
from smriti.db.table import Add, Table, TableUnavailable
from smriti.retrieval import following
from smriti.retrieval.indexes import Indexes
from smriti.retrieval.ranking import FIRST_PAGE, Ranking
from tests.fakes.counting_table import CountingTable
from tests.fakes.failing_table import FailingTable
from tests.retrieval.library import Library, hits, notes, open_indexes


async def test_what_was_stored_is_found_at_the_next_search(
    library: Library, indexes: Indexes, others: Indexes
) -> None:
    for number in range(3):
        await library.add(f"coffee number {number}")

        assert len(await library.found(indexes, "coffee")) == number + 1
        assert len(await library.found(others, "coffee")) == number + 1


async def test_what_was_put_in_before_others_is_found(
    library: Library, indexes: Indexes, others: Indexes
) -> None:
    await library.add("coffee")
    await library.found(indexes, "coffee")

    await library.add_earlier("old coffee")

    assert set(await library.found(indexes, "coffee")) == {"coffee", "old coffee"}
    assert set(await library.found(others, "coffee")) == {"coffee", "old coffee"}


async def test_what_is_stored_after_the_clock_was_set_back_is_found(
    library: Library, indexes: Indexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as fast:
        fast.setattr(following, "utc_now", lambda: utc_now() + timedelta(hours=1))
        await library.add("coffee one")
        await library.found(indexes, "coffee")

    await library.add("coffee two")

    assert len(await library.found(indexes, "coffee")) == 2


async def test_edits_and_deletions_are_seen(library: Library, indexes: Indexes) -> None:
    kept, edited, gone = [await library.add(f"coffee {name}") for name in ("one", "two", "three")]
    await library.found(indexes, "coffee")

    await library.edit(edited, "tea")
    await library.delete(gone)

    assert await library.found(indexes, "coffee") == ["coffee one"]
    assert await library.found(indexes, "tea") == ["tea"]
    assert kept in {hit.sk for hit in hits(await indexes.search(library.corpus, "coffee"))}


async def test_a_document_that_an_item_has_no_more_is_gone(
    library: Library, indexes: Indexes
) -> None:
    sk = await library.add("coffee\ntea")
    await library.found(indexes, "tea")

    await library.edit(sk, "coffee")

    assert await library.found(indexes, "tea") == []
    assert await library.found(indexes, "coffee") == ["coffee"]


@pytest.mark.parametrize("counted", [False, True])
async def test_one_read_is_made_when_nothing_changed(table: Table, counted: bool) -> None:
    counting = CountingTable(table)
    library = Library(table, notes(counted=counted))
    indexes = open_indexes(counting)
    await library.add_earlier("coffee")
    await indexes.search(library.corpus, "coffee")
    counting.waves.clear()

    found = await indexes.search(library.corpus, "coffee")

    assert (found.total, counting.waves) == (1, [["get" if counted else "read"]])
    await indexes.close()


async def test_searches_at_once_share_their_reads(table: Table) -> None:
    counting = CountingTable(table)
    library = Library(table, notes())
    indexes = open_indexes(counting)
    await library.add("coffee")

    found = await asyncio.gather(*(indexes.search(library.corpus, "coffee") for _ in range(50)))

    assert {each.total for each in found} == {1}
    assert counting.waves == [["read"], ["query"]]
    await indexes.close()


async def test_a_search_does_not_share_reads_that_began_before_it(
    library: Library, indexes: Indexes
) -> None:
    async def store_and_search(number: int) -> int:
        await asyncio.sleep(0.001 * number)
        await library.add(f"coffee {number}")
        sk = await library.add(f"tea {number}")
        found = hits(await indexes.search(library.corpus, f"{number}"))
        return sum(hit.sk == sk for hit in found)

    assert await asyncio.gather(*map(store_and_search, range(30))) == [1] * 30


async def test_what_is_counted_but_not_told_is_found_by_comparing(
    library: Library, indexes: Indexes
) -> None:
    told, silent = [await library.add(f"coffee {name}") for name in ("told", "silent")]
    await library.found(indexes, "coffee")

    await library.edit(told, "tea told")
    await library.edit_silently(silent, "tea silent")

    assert set(await library.found(indexes, "tea")) == {"tea told", "tea silent"}
    assert await library.found(indexes, "coffee") == []


async def test_a_corpus_that_was_deleted_by_others_is_gone(
    library: Library, indexes: Indexes
) -> None:
    await library.add_earlier("coffee")
    await library.found(indexes, "coffee")

    await library.delete_all()

    assert await library.found(indexes, "coffee") == []


async def test_a_corpus_that_began_anew_holds_nothing_of_the_old_one(
    library: Library, indexes: Indexes
) -> None:
    await library.add_earlier("coffee of old")
    assert (await indexes.search(library.corpus, "coffee")).total == 1

    await library.delete_all()
    await library.add_earlier("new coffee")
    await library.add_earlier("new tea")

    assert (await indexes.search(library.corpus, "coffee")).total == 1
    assert await library.found(indexes, "coffee") == ["new coffee"]


async def test_what_is_forgotten_is_built_anew(library: Library, indexes: Indexes) -> None:
    await library.add("coffee")
    await library.found(indexes, "coffee")
    await library.delete_all()

    indexes.forget(library.corpus)

    assert indexes.bytes == 0
    assert await library.found(indexes, "coffee") == []


async def test_counters_that_are_no_numbers_are_taken_as_none(
    library: Library, indexes: Indexes, table: Table
) -> None:
    await library.add("coffee")
    await table.update(library.corpus.state_key, Add("other", 1))

    assert await library.found(indexes, "coffee") == ["coffee"]


async def test_corpora_of_one_partition_are_searched_apart(table: Table, indexes: Indexes) -> None:
    ours, theirs = Library(table, notes("ours")), Library(table, notes("theirs"))
    await ours.add("coffee")
    await theirs.add("tea")

    assert await ours.found(indexes, "tea") == []
    assert await theirs.found(indexes, "tea") == ["tea"]


async def test_a_table_that_fails_is_told_and_the_next_search_works(table: Table) -> None:
    failing = FailingTable(table)
    library = Library(table, notes())
    indexes = open_indexes(failing)
    await library.add("coffee")
    failing.reads_break = True
    with pytest.raises(TableUnavailable):
        await indexes.search(library.corpus, "coffee")
    failing.reads_break = False
    first = await indexes.search(library.corpus, "coffee")
    failing.reads_break = True
    with pytest.raises(TableUnavailable):
        await indexes.search(library.corpus, "coffee")
    failing.reads_break = False
    await library.add("more coffee")

    assert first.total == 1
    assert (await indexes.search(library.corpus, "coffee")).total == 2
    await indexes.close()


async def test_who_stops_waiting_does_not_stop_the_others(
    library: Library, indexes: Indexes
) -> None:
    await library.fill([f"coffee number {number}" for number in range(2000)])
    impatient = asyncio.create_task(indexes.search(library.corpus, "coffee"))
    patient = asyncio.create_task(indexes.search(library.corpus, "coffee"))
    await asyncio.sleep(0.01)

    impatient.cancel()

    assert (await patient).total == 2000
    assert impatient.cancelled()
    assert (await indexes.search(library.corpus, "coffee")).total == 2000


async def test_what_a_cancelled_search_began_is_kept(table: Table) -> None:
    counting = CountingTable(table)
    library = Library(table, notes())
    indexes = open_indexes(counting)
    await library.fill([f"coffee number {number}" for number in range(2000)])
    impatient = asyncio.create_task(indexes.search(library.corpus, "coffee"))
    await asyncio.sleep(0.01)
    impatient.cancel()
    await asyncio.wait([impatient])

    assert (await indexes.search(library.corpus, "coffee")).total == 2000
    queries = sum(wave.count("query") for wave in counting.waves)
    assert queries == 3  # two full pages and what may come after them, once
    await indexes.close()


async def test_others_are_served_while_an_index_is_built(table: Table) -> None:
    large, small = Library(table, notes("large")), Library(table, notes("small"))
    indexes = open_indexes(table)
    await large.fill([f"coffee number {number} of them" for number in range(5000)])
    await small.add("tea")
    building = asyncio.create_task(indexes.search(large.corpus, "coffee"))
    served = 0

    while not building.done():
        assert (await indexes.search(small.corpus, "tea")).total == 1
        served += 1

    assert (await building).total == 5000
    assert served > 5
    await indexes.close()


async def test_the_first_page_is_in_order_before_the_event_loop_gets_it(
    library: Library, indexes: Indexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To put many equal matches in order takes long."""
    await library.fill([f"coffee number {number}" for number in range(200)])
    found = await indexes.search(library.corpus, "coffee")
    monkeypatch.delattr(Ranking, "_pool")

    assert len(found.page(0, FIRST_PAGE)) == FIRST_PAGE


async def test_closed_indexes_are_not_available(library: Library, indexes: Indexes) -> None:
    await indexes.close()

    with pytest.raises(TableUnavailable):
        await indexes.search(library.corpus, "coffee")


async def test_an_item_that_cannot_be_read_hides_nothing_else(
    library: Library, indexes: Indexes
) -> None:
    await library.add("coffee")
    await library.table.bulk(puts=[{"pk": library.corpus.pk, "sk": "Note#1", "text": "coffee"}])

    assert await library.found(indexes, "coffee") == ["coffee"]
