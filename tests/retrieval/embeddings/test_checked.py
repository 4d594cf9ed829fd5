"""Batches, patience, and what of an answer is let through."""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from smriti.retrieval.embeddings.checked import FEWEST_CHARACTERS, CheckedEmbedder
from smriti.retrieval.embeddings.port import EmbeddingFailed, TextsTooLong, Vectors
from smriti.retrieval.embeddings.source import Limits

USUAL = Limits()

type Answer = Callable[[Sequence[str]], object]


def by_length(texts: Sequence[str]) -> object:
    """A vector that tells how long its text was, and is not of unit length."""
    return [[len(text), 1.0] for text in texts]


def busy(texts: Sequence[str]) -> object:
    raise EmbeddingFailed("It is busy.", transient=True)


class ScriptedSource:
    """Answers as it is told, the last answer for ever; keeps what it was asked."""

    model = "scripted"

    def __init__(
        self, *answers: Answer, limits: Limits = USUAL, dimensions: int | None = None
    ) -> None:
        self._answers = list(answers)
        self.limits = limits
        self.dimensions = dimensions
        self.asked: list[list[str]] = []
        self.queries: list[bool] = []
        self.running = self.most_running = 0
        self.slept: list[float] = []

    async def vectors(self, texts: Sequence[str], *, query: bool) -> Vectors:
        self.asked.append(list(texts))
        self.queries.append(query)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return np.array(answer(texts), np.float32)

    async def close(self) -> None:
        """Nothing is kept."""

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def embedder(self) -> CheckedEmbedder:
        return CheckedEmbedder(self, sleep=self._sleep, chance=lambda: 0.5)


async def test_vectors_come_in_the_order_of_the_texts_and_at_unit_length() -> None:
    embedder = ScriptedSource(by_length, limits=Limits(texts=2)).embedder()

    vectors = await embedder.embed(["a", "bb", "ccc", "d" * 7, "e"])

    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(vectors[:, 0] / vectors[:, 1], [1, 2, 3, 7, 1], rtol=1e-6)
    assert embedder.dimensions == 2


async def test_no_texts_are_no_request() -> None:
    source = ScriptedSource(by_length, dimensions=2)

    assert (await source.embedder().embed([])).shape == (0, 2)
    assert source.asked == []


async def test_requests_hold_so_many_texts_and_characters() -> None:
    source = ScriptedSource(by_length, limits=Limits(texts=3, characters=10, text_characters=6))

    await source.embedder().embed(["aa", "bb", "cc", "dd", "eeeee", "fffff", "g" * 100])

    assert source.asked == [["aa", "bb", "cc"], ["dd", "eeeee"], ["fffff"], ["gggggg"]]


async def test_only_so_many_requests_run_at_once() -> None:
    source = ScriptedSource(by_length, limits=Limits(texts=1, requests=2))

    await source.embedder().embed(["text"] * 6)

    assert (len(source.asked), source.most_running) == (6, 2)


async def test_half_a_surrogate_pair_does_not_break_a_request() -> None:
    source = ScriptedSource(by_length)

    await source.embedder().embed(["a \ud83d b"])

    assert source.asked == [["a ? b"]]


async def test_what_fails_for_the_moment_is_asked_again_after_growing_waits() -> None:
    source = ScriptedSource(busy, busy, by_length)

    await source.embedder().embed(["text"])

    assert (len(source.asked), source.slept) == (3, [0.25, 0.5])


async def test_after_four_attempts_the_failure_is_told() -> None:
    source = ScriptedSource(busy)

    with pytest.raises(EmbeddingFailed, match=r"^It is busy\.$"):
        await source.embedder().embed(["text"])

    assert len(source.asked) == 4


@pytest.mark.parametrize(("asked_s", "waits"), [(3.0, [3.25]), (31.0, [])])
async def test_what_a_server_asks_to_wait_is_waited_unless_it_is_long(
    asked_s: float, waits: list[float]
) -> None:
    def later(_: Sequence[str]) -> object:
        raise EmbeddingFailed("Later.", transient=True, retry_after_s=asked_s)

    source = ScriptedSource(later, by_length)
    embedder = source.embedder()

    if waits:
        await embedder.embed(["text"])
    else:
        with pytest.raises(EmbeddingFailed) as failed:
            await embedder.embed(["text"])
        assert failed.value.retry_after_s == asked_s

    assert source.slept == waits


async def test_what_will_not_pass_is_not_asked_again() -> None:
    def refused(_: Sequence[str]) -> object:
        raise EmbeddingFailed("No such model.")

    source = ScriptedSource(refused)

    with pytest.raises(EmbeddingFailed):
        await source.embedder().embed(["text"])

    assert (len(source.asked), source.slept) == (1, [])


async def test_a_query_is_asked_once_and_does_not_wait_in_line() -> None:
    source = ScriptedSource(busy, limits=Limits(requests=0))

    with pytest.raises(EmbeddingFailed):
        await source.embedder().embed(["text"], query=True)

    assert (source.queries, source.slept) == ([True], [])


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([[1.0, 0.0]], r"answered 1 vectors for 2 texts"),
        ([1.0, 0.0], r"answered 2 vectors for 2 texts"),
        ([[1.0], [2.0]], r"1 dimensions instead of 2"),
        ([[1.0, 0.0], [float("nan"), 1.0]], r"zero or not finite"),
        ([[1.0, 0.0], [float("inf"), 1.0]], r"zero or not finite"),
        ([[1.0, 0.0], [0.0, 0.0]], r"zero or not finite"),
    ],
)
async def test_what_are_not_the_wanted_vectors_is_a_failure(answer: object, told: str) -> None:
    source = ScriptedSource(lambda _: answer, dimensions=2)

    with pytest.raises(EmbeddingFailed, match=told) as failed:
        await source.embedder().embed(["a", "b"])

    assert not failed.value.transient


async def test_a_model_that_changes_its_dimensions_is_a_failure() -> None:
    source = ScriptedSource(by_length, lambda _: [[1.0, 2.0, 3.0]])
    embedder = source.embedder()

    await embedder.embed(["a"])
    with pytest.raises(EmbeddingFailed, match="3 dimensions instead of 2"):
        await embedder.embed(["a"])


async def test_very_large_and_very_small_numbers_are_vectors_too() -> None:
    source = ScriptedSource(lambda _: [[3e38, 3e38], [1e-38, 0.0]])

    vectors = await source.embedder().embed(["a", "b"])

    np.testing.assert_allclose(vectors, [[0.5**0.5, 0.5**0.5], [1, 0]], rtol=1e-6)


def takes(most: int) -> Answer:
    def answer(texts: Sequence[str]) -> object:
        if max(map(len, texts)) > most:
            raise TextsTooLong("At most 512 tokens.")
        return by_length(texts)

    return answer


async def test_texts_that_are_too_long_are_halved_from_then_on() -> None:
    source = ScriptedSource(takes(1_200))
    embedder = source.embedder()

    await embedder.embed(["a" * 3_000, "b"])
    await embedder.embed(["c" * 9_000])

    lengths = [[len(text) for text in texts] for texts in source.asked]
    assert lengths == [[3_000, 1], [1_500, 1], [750, 1], [750]]


async def test_texts_are_not_cut_without_end() -> None:
    source = ScriptedSource(takes(1))

    with pytest.raises(TextsTooLong):
        await source.embedder().embed(["a" * 1_000])

    assert min(len(text) for texts in source.asked for text in texts) >= FEWEST_CHARACTERS
