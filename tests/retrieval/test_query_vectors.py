"""A search with a model: it waits for the query's vector a little, and does without."""

import asyncio

import numpy as np
import pytest

from smriti.retrieval import query_vectors
from smriti.retrieval.embeddings.port import EmbeddingFailed
from smriti.retrieval.query_vectors import KEPT, QueryVectors
from tests.patience import PATIENCE_S
from tests.retrieval.embedder import TopicEmbedder


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def embedder() -> TopicEmbedder:
    return TopicEmbedder()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def vectors(embedder: TopicEmbedder, time: Time) -> QueryVectors:
    return QueryVectors(embedder, patience_s=PATIENCE_S, clock=time)


@pytest.fixture
def impatient(embedder: TopicEmbedder, time: Time) -> QueryVectors:
    return QueryVectors(embedder, patience_s=0.2, clock=time)


async def test_a_query_is_asked_for_once(vectors: QueryVectors, embedder: TopicEmbedder) -> None:
    first, again = await vectors.find("espresso"), await vectors.find("espresso")

    assert first is again
    assert embedder.asked == ["espresso"]


async def test_the_oldest_queries_are_forgotten(
    vectors: QueryVectors, embedder: TopicEmbedder
) -> None:
    for number in range(KEPT):
        await vectors.find(f"query {number}")
    await vectors.find("query 0")
    await vectors.find("one more")
    embedder.asked.clear()

    await vectors.find("query 0")
    await vectors.find("query 1")

    assert embedder.asked == ["query 1"]


async def test_a_failing_provider_is_left_alone_for_a_while(
    vectors: QueryVectors, embedder: TopicEmbedder, time: Time
) -> None:
    embedder.error = EmbeddingFailed("It is down.")
    assert await vectors.find("espresso") is None
    embedder.error = None

    time.now += query_vectors.AWAY_S - 1
    assert await vectors.find("espresso") is None
    time.now += 2

    assert isinstance(await vectors.find("espresso"), np.ndarray)
    assert embedder.asked == ["espresso", "espresso"]


async def test_a_silent_provider_is_not_waited_for(
    impatient: QueryVectors, embedder: TopicEmbedder
) -> None:
    embedder.hangs = True

    async with asyncio.timeout(PATIENCE_S):
        found = [await impatient.find("espresso"), await impatient.find("latte")]

    assert found == [None, None]
    assert embedder.asked == ["espresso"]


async def test_what_comes_too_late_for_one_search_serves_the_next(
    impatient: QueryVectors, embedder: TopicEmbedder
) -> None:
    embedder.hangs = True
    assert await impatient.find("espresso") is None

    embedder.answer()
    for _ in range(9):
        await asyncio.sleep(0)
    found = [await impatient.find("espresso"), await impatient.find("latte")]

    assert all(isinstance(each, np.ndarray) for each in found)
    assert embedder.asked == ["espresso", "latte"]


async def test_a_question_that_nobody_answers_ends_with_the_process(
    impatient: QueryVectors, embedder: TopicEmbedder
) -> None:
    embedder.hangs = True
    assert await impatient.find("espresso") is None

    async with asyncio.timeout(PATIENCE_S):
        await impatient.close()

    assert embedder.cancelled == 1


async def test_nothing_is_asked_for_a_blank_query(
    vectors: QueryVectors, embedder: TopicEmbedder
) -> None:
    assert await vectors.find("  ") is None
    assert embedder.asked == []
