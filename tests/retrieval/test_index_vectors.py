"""Searches with an embedding model: better with it, as good as ever without."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from smriti.db.table import Table
from smriti.retrieval.embeddings.port import EmbeddingFailed
from smriti.retrieval.indexes import Indexes
from tests.patience import PATIENCE_S
from tests.retrieval.embedder import TopicEmbedder
from tests.retrieval.library import Library, notes, open_indexes


@pytest.fixture
def embedder() -> TopicEmbedder:
    return TopicEmbedder()


@pytest.fixture
async def indexes(table: Table, embedder: TopicEmbedder) -> AsyncIterator[Indexes]:
    opened = open_indexes(table, embedder=embedder)
    yield opened
    await opened.close()


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_provider_that_is_down_costs_no_search(
    table: Table, indexes: Indexes, embedder: TopicEmbedder, hangs: bool
) -> None:
    embedder.hangs = hangs
    embedder.error = EmbeddingFailed("It is down.")
    library = Library(table, notes())
    await library.add("Drinks a latte")

    async with asyncio.timeout(PATIENCE_S):
        assert await library.found(indexes, "latte") == ["Drinks a latte"]
        assert await library.found(indexes, "latte") == ["Drinks a latte"]
        assert await library.found(indexes, "espresso") == []
    assert embedder.asked == ["latte"]


async def until_found(library: Library, indexes: Indexes, query: str) -> list[str]:
    """What is found once the background has done its work."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await library.found(indexes, query)):
            pass
    return found


async def test_vectors_are_made_for_what_a_search_has_seen(
    table: Table, indexes: Indexes, embedder: TopicEmbedder
) -> None:
    library = Library(table, notes())
    sk = await library.add("Drinks a latte")
    await library.add("Takes the bus")

    assert await until_found(library, indexes, "coffee") == ["Drinks a latte"]

    item = await table.get((library.corpus.pk, sk))
    assert item is not None
    assert item["vector_model"] == embedder.model


async def test_vectors_are_made_for_what_was_added(
    table: Table, indexes: Indexes, embedder: TopicEmbedder
) -> None:
    library = Library(table, notes())
    sk = await library.add("Drinks a latte")

    indexes.added(library.corpus)

    async with asyncio.timeout(PATIENCE_S):
        while "vector" not in (await table.get((library.corpus.pk, sk)) or {}):
            pass


async def test_another_process_takes_over_the_vectors_that_are_there(
    table: Table, indexes: Indexes
) -> None:
    library = Library(table, notes())
    other = TopicEmbedder()
    others = open_indexes(table, embedder=other)
    await library.add("Drinks a latte")
    await others.search(library.corpus, "coffee")
    await until_found(library, indexes, "coffee")
    other.embedded.clear()

    assert await until_found(library, others, "espresso") == ["Drinks a latte"]
    await others.close()


async def test_an_edit_gets_a_vector_of_its_own(table: Table, indexes: Indexes) -> None:
    library = Library(table, notes())
    sk = await library.add("Drinks a latte")
    await until_found(library, indexes, "coffee")

    await library.edit(sk, "Takes the bus")

    assert await until_found(library, indexes, "tram") == ["Takes the bus"]
