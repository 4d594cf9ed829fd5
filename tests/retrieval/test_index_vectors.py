"""Searches with an embedding model: better with it, as good as ever without."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from smriti.db.table import Table
from smriti.retrieval.embeddings.port import EmbeddingFailed
from smriti.retrieval.indexes import Indexes
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

    async with asyncio.timeout(10):
        assert await library.found(indexes, "latte") == ["Drinks a latte"]
        assert await library.found(indexes, "latte") == ["Drinks a latte"]
        assert await library.found(indexes, "espresso") == []
    assert embedder.asked == ["latte"]
