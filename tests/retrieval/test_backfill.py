"""Vectors made in the background: the table is the queue, and nothing blocks the rest."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from smriti.db.table import Delete, Item, Table, Update
from smriti.retrieval import backfill as backfill_module
from smriti.retrieval.backfill import BATCH, MAX_PAUSE_S
from smriti.retrieval.documents import Document
from smriti.retrieval.embeddings.port import EmbeddingFailed
from tests.fakes.mortal_table import MortalTable
from tests.retrieval.shelf import Shelf, ToyEmbedder, Work, shown, vector_of

DOWN = EmbeddingFailed("It is away.", transient=True)


async def test_what_lacks_vectors_gets_them_in_the_table_and_in_the_index(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add("one", "two\nthree")
    index = await shelf.build()

    await Work(ToyEmbedder(), shelf).do()

    assert await shelf.stored() == {
        "one": [vector_of(shown("one"))],
        "two\nthree": [vector_of(shown("two")), vector_of(shown("three"))],
    }
    assert index.lacking(10) == []
    assert (await shelf.build()).lacking(10) == []


async def test_many_are_done_batch_by_batch(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add(*(f"note {number}" for number in range(2 * BATCH + 1)))
    await shelf.build()
    embedder = ToyEmbedder()

    await Work(embedder, shelf).do()

    assert [len(texts) for texts in embedder.calls] == [BATCH, BATCH, 1]
    assert None not in (await shelf.stored()).values()


async def test_what_another_process_has_embedded_is_only_taken_over(table: Table) -> None:
    ours, theirs = Shelf(table), Shelf(table)
    await ours.add("one", "two")
    index = await ours.build()
    await theirs.build()
    await Work(ToyEmbedder(), theirs).do()
    embedder = ToyEmbedder()

    await Work(embedder, ours).do()

    assert embedder.calls == []
    assert index.lacking(10) == []


async def test_without_an_index_the_newest_are_looked_at(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add(*(f"old {number}" for number in range(BATCH)))
    work = Work(ToyEmbedder(), shelf)
    await work.do()
    await shelf.add(*(f"new {number}" for number in range(BATCH + 5)))
    embedder = ToyEmbedder()

    await Work(embedder, shelf).do()

    assert [len(texts) for texts in embedder.calls] == [BATCH, 5]
    assert None not in (await shelf.stored()).values()


async def test_without_an_index_what_is_complete_is_read_once(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add("one")
    await Work(ToyEmbedder(), shelf).do()
    embedder = ToyEmbedder()

    await Work(embedder, shelf).do()

    assert embedder.calls == []


async def test_corpora_take_turns(table: Table) -> None:
    first, second = Shelf(table, "First"), Shelf(table, "Second")
    for shelf in (first, second):
        await shelf.add(*(f"{shelf.corpus.pk} {number}" for number in range(2 * BATCH)))
        await shelf.build()
    embedder = ToyEmbedder()

    await Work(embedder, first, second).do()

    order = [texts[0].split()[3] for texts in embedder.calls]
    assert order == ["First", "Second", "First", "Second"]


async def test_a_model_that_is_away_is_asked_again_after_longer_and_longer_rests(
    table: Table,
) -> None:
    shelf = Shelf(table)
    await shelf.add("one")
    await shelf.build()
    embedder = ToyEmbedder()
    embedder.failures = [DOWN] * 20  # each attempt fails twice: with the text, and with another
    work = Work(embedder, shelf)

    with capture_logs() as logs:
        await work.do()

    assert work.rests == [5, 10, 20, 40, 80, 160, *[MAX_PAUSE_S] * 4]
    assert [entry["event"] for entry in logs] == [*["embedding.paused"] * 10, "embedding.resumed"]
    assert None not in (await shelf.stored()).values()


async def test_what_the_server_asks_to_wait_is_waited_at_least(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add("one")
    await shelf.build()
    embedder = ToyEmbedder()
    embedder.failures = [DOWN, EmbeddingFailed("Later.", transient=True, retry_after_s=60)]
    work = Work(embedder, shelf)

    await work.do()

    assert work.rests == [60]


async def test_a_text_that_the_model_cannot_take_does_not_block_the_rest(table: Table) -> None:
    shelf = Shelf(table)
    texts = [f"note {number}" for number in range(20)]
    await shelf.add(*texts[:13], "poison", *texts[13:])
    index = await shelf.build()
    embedder = ToyEmbedder()
    embedder.poisons = {"poison"}
    work = Work(embedder, shelf)

    with capture_logs() as logs:
        await work.do()

    stored = await shelf.stored()
    assert [text for text, vectors in stored.items() if vectors is None] == ["poison"]
    assert len(index.lacking(10)) == 1
    assert [entry["event"] for entry in logs] == ["embedding.refused"]
    assert work.rests == []

    asked = len(embedder.calls)
    await work.do()
    assert len(embedder.calls) == asked


async def test_texts_that_cannot_be_taken_do_not_hide_those_behind_them(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add(*(f"poison {number}" for number in range(BATCH + 3)))
    await shelf.build()
    embedder = ToyEmbedder()
    embedder.poisons = {"poison"}
    work = Work(embedder, shelf)
    await work.do()
    await shelf.add("good")
    await shelf.build()

    await work.do()

    assert (await shelf.stored())["good"] is not None


async def test_a_crash_between_model_and_table_costs_the_work_and_nothing_else(
    table: Table,
) -> None:
    shelf = Shelf(table)
    await shelf.add("one", "two", "three")
    await shelf.build()
    mortal = MortalTable(table)
    mortal.dies_before = lambda action: isinstance(action, Update)
    await Work(ToyEmbedder(), shelf, table=mortal).do_until_it_rests()
    assert set((await shelf.stored()).values()) == {None}

    await shelf.build()
    await Work(ToyEmbedder(), shelf).do()

    assert None not in (await shelf.stored()).values()


async def test_a_crash_between_table_and_index_leaves_nothing_to_do(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add("one", "two")
    await shelf.build()
    mortal = MortalTable(table)
    mortal.dies_after = lambda action: isinstance(action, Update)
    await Work(ToyEmbedder(), shelf, table=mortal).do_until_it_rests()

    await shelf.build()
    embedder = ToyEmbedder()
    await Work(embedder, shelf).do()

    assert None not in (await shelf.stored()).values()
    assert sum(map(len, embedder.calls)) < 2


async def test_a_changed_model_makes_all_vectors_anew(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add("one", "two")
    await Work(ToyEmbedder(), shelf).do()
    index = await shelf.build("toy/2")
    assert index.rank("one").total == 1
    assert len(index.lacking(10)) == 2

    await Work(ToyEmbedder("toy/2"), shelf).do()

    assert index.lacking(10) == []
    assert (await shelf.stored())["one"] is None
    assert (await shelf.stored("toy/2"))["one"] == [vector_of(shown("one"), "toy/2")]


async def test_an_edit_meanwhile_gets_the_vector_of_its_new_text(table: Table) -> None:
    shelf = Shelf(table)
    [key, _] = await shelf.add("before", "other")
    await shelf.build()
    embedder = ToyEmbedder()
    embedder.meanwhile = lambda: shelf.edit(key, "after")

    await Work(embedder, shelf).do()

    assert await shelf.stored() == {
        "after": [vector_of(shown("after"))],
        "other": [vector_of(shown("other"))],
    }
    assert embedder.calls == [[shown("before"), shown("other")], [shown("after")]]


async def test_what_is_deleted_meanwhile_stays_deleted(table: Table) -> None:
    shelf = Shelf(table)
    [key, _] = await shelf.add("gone", "here")
    await shelf.build()
    embedder = ToyEmbedder()
    embedder.meanwhile = lambda: table.write(Delete(key))

    await Work(embedder, shelf).do()

    assert await shelf.stored() == {"here": [vector_of(shown("here"))]}


async def test_an_item_without_its_marker_gets_vectors_until_it_has_one(table: Table) -> None:
    shelf = Shelf(table)
    await table.bulk(puts=[{"pk": "Shelf", "sk": "Note#1", "text": "old"}])
    await shelf.build()

    await Work(ToyEmbedder(), shelf).do()

    assert await shelf.stored() == {"old": [vector_of(shown("old"))]}


async def test_an_item_that_is_too_large_for_a_vector_goes_without(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add("x" * (400 * 1024 - 80), "small")
    await shelf.build()
    work = Work(ToyEmbedder(), shelf)

    await work.do()

    assert (await shelf.stored())["small"] is not None
    assert work.rests == []


async def test_an_index_that_does_not_take_a_vector_is_not_offered_it_for_ever(
    table: Table,
) -> None:
    shelf = Shelf(table)
    await shelf.add("one", "two")
    index = await shelf.build()
    index.set_vector(str((await shelf.items())[0]["sk"]), 0, b"\x00<\x00\x00")  # two dimensions

    await Work(ToyEmbedder(), shelf).do()

    assert len(index.lacking(10)) == 1
    assert (await shelf.stored())["two"] is not None


async def test_a_store_that_is_away_is_asked_again_later(table: Table) -> None:
    shelf = Shelf(table)
    await shelf.add("one")
    await shelf.build()
    mortal = MortalTable(table)
    mortal.dead = True
    work = Work(ToyEmbedder(), shelf, table=mortal)

    async def revive() -> None:
        mortal.dead = len(work.rests) < 2

    work.on_rest = revive
    await work.do()

    assert work.rests == [5, 10]
    assert None not in (await shelf.stored()).values()


async def test_a_bug_in_one_corpus_does_not_stop_the_others(table: Table) -> None:
    def broken(item: Item) -> Sequence[Document]:
        raise ZeroDivisionError

    shelf, other = Shelf(table, "Broken"), Shelf(table, "Other")
    await shelf.add("one")
    await shelf.build()
    await other.add("two")
    await other.build()
    shelf.corpus = replace(shelf.corpus, documents=broken)

    with capture_logs() as logs:
        await Work(ToyEmbedder(), shelf, other).do()

    assert [entry["event"] for entry in logs] == ["embedding.crashed"]
    assert None not in (await other.stored()).values()


async def test_a_batch_under_way_ends_before_closing_and_nothing_begins_after_it(
    table: Table,
) -> None:
    shelf = Shelf(table)
    await shelf.add(*(f"note {number}" for number in range(BATCH + 1)))
    await shelf.build()
    embedder = ToyEmbedder()
    work = Work(embedder, shelf)
    closing: list[asyncio.Task[None]] = []

    async def close() -> None:
        closing.append(asyncio.create_task(work.backfill.close()))
        await asyncio.sleep(0)

    embedder.meanwhile = close
    await work.do()
    await closing[0]
    await work.do()

    stored = list((await shelf.stored()).values())
    assert (len(embedder.calls), stored.count(None)) == (1, 1)


async def test_closing_does_not_wait_for_a_model_that_hangs(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill_module, "CLOSE_S", 0.01)
    shelf = Shelf(table)
    await shelf.add("one")
    await shelf.build()
    embedder = ToyEmbedder()
    hanging = asyncio.Event()

    async def hang() -> None:
        hanging.set()
        await asyncio.Event().wait()

    embedder.meanwhile = hang
    work = Work(embedder, shelf)
    work.backfill.wanted(shelf.corpus)
    await hanging.wait()

    await work.backfill.close()

    assert set((await shelf.stored()).values()) == {None}


async def test_only_so_many_corpora_wait(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_module, "MAX_WAITING", 2)
    shelves = [Shelf(table, name) for name in ("a", "b", "c")]
    for shelf in shelves:
        await shelf.add("one")

    await Work(ToyEmbedder(), *shelves).do()

    assert [None in (await shelf.stored()).values() for shelf in shelves] == [True, False, False]
