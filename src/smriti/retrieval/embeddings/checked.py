"""An embedder over any source: batches, patience, and a look at all that comes back."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Final

import numpy as np
import structlog

from smriti.llm.retry import LONGEST_WAIT_S, MAX_ATTEMPTS
from smriti.retrieval.embeddings.port import EmbeddingFailed, TextsTooLong, Vectors
from smriti.retrieval.embeddings.source import Source

REQUEST_S: Final = 120.0
FEWEST_CHARACTERS: Final = 250
"""Texts are not cut any shorter, however often the model calls them too long."""

_BASE_S: Final = 0.5
_CAP_S: Final = 8.0

log = structlog.get_logger()


class CheckedEmbedder:
    """Implements `port.Embedder`. What fails for the moment is asked again, after growing waits.

    `chance` answers a number from 0 to 1.
    """

    def __init__(
        self,
        source: Source,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,  # noqa: S311 - guards nothing
    ) -> None:
        self._source = source
        self._sleep = sleep
        self._chance = chance
        self._dimensions = source.dimensions
        self._longest = source.limits.text_characters
        self._places = asyncio.Semaphore(source.limits.requests)

    @property
    def model(self) -> str:
        return self._source.model

    @property
    def dimensions(self) -> int | None:
        return self._dimensions

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        batches = list(self._batches([_encodable(text[: self._longest]) for text in texts]))
        if not batches:
            return np.empty((0, self._dimensions or 0), np.float32)
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._ask(batch, query=query)) for batch in batches]
        except* EmbeddingFailed as failures:
            first = failures.exceptions[0]
        else:
            return np.concatenate([each.result() for each in asked])
        raise first

    async def close(self) -> None:
        await self._source.close()

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        limits = self._source.limits
        batch: list[str] = []
        characters = 0
        for text in texts:
            full = len(batch) == limits.texts or characters + len(text) > limits.characters
            if batch and full:
                yield batch
                batch, characters = [], 0
            batch.append(text)
            characters += len(text)
        if batch:
            yield batch

    async def _ask(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """Nobody's query waits in line behind what is done in the background."""
        async with nullcontext() if query else self._places:
            failures = 0
            while True:
                try:
                    return await self._once(texts, query=query)
                except TextsTooLong as refusal:
                    texts = self._cut(texts, refusal)
                except EmbeddingFailed as failure:
                    failures += 1
                    if query or failures == MAX_ATTEMPTS:
                        raise
                    await self._sleep(self._wait_s(failure, failures))

    async def _once(self, texts: Sequence[str], *, query: bool) -> Vectors:
        try:
            async with asyncio.timeout(REQUEST_S):
                rows = await self._source.vectors(texts, query=query)
        except TimeoutError as error:
            raise EmbeddingFailed(
                f"{self.model} did not answer in time.", transient=True
            ) from error
        vectors = unit_vectors(rows, len(texts), self._dimensions, self.model)
        self._dimensions = vectors.shape[1]
        return vectors

    def _cut(self, texts: Sequence[str], refusal: TextsTooLong) -> list[str]:
        """Half as long, from now on."""
        longest = max(map(len, texts)) // 2
        if longest < FEWEST_CHARACTERS:
            raise refusal
        if longest < self._longest:
            self._longest = longest
            log.info("embedding.texts_cut", model=self.model, characters=longest)
        return [text[:longest] for text in texts]

    def _wait_s(self, failure: EmbeddingFailed, failures: int) -> float:
        asked_s = failure.retry_after_s or 0.0
        if not failure.transient or asked_s > LONGEST_WAIT_S:
            raise failure
        return asked_s + self._chance() * min(_CAP_S, _BASE_S * 2.0 ** (failures - 1))


def unit_vectors(rows: Vectors, count: int, dimensions: int | None, model: str) -> Vectors:
    """The rows at unit length; `EmbeddingFailed` when they are not the vectors that were asked."""
    if rows.ndim != 2 or len(rows) != count:
        raise EmbeddingFailed(f"{model} answered {len(rows)} vectors for {count} texts.")
    if dimensions is not None and rows.shape[1] != dimensions:
        raise EmbeddingFailed(
            f"{model} answered vectors of {rows.shape[1]} dimensions instead of {dimensions}. "
            "Check EMBEDDING_MODEL and EMBEDDING_DIMENSIONS."
        )
    exact = rows.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise EmbeddingFailed(f"{model} answered a vector that is zero or not finite.")
    return (exact / lengths).astype(np.float32)


def _encodable(text: str) -> str:
    """Half a surrogate pair, as a query may hold it, cannot be sent."""
    return text.encode(errors="replace").decode()
