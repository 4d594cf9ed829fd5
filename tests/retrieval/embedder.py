"""An embedder without a model: texts that share a topic have like vectors."""

import asyncio
from collections.abc import Sequence

import numpy as np

from smriti.retrieval.embeddings.port import Vectors

_TOPICS = (("coffee", "espresso", "latte"), ("train", "bus", "tram"), ("rain", "snow", "wind"))


class TopicEmbedder:
    """Fails with `error`, or does not answer while it `hangs`. `asked`: the queries."""

    model = "topics"
    dimensions = 4

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hangs = False
        self.cancelled = 0
        self._answered = asyncio.Event()
        self.asked: list[str] = []
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        (self.asked if query else self.embedded).extend(texts)
        if self.hangs:
            await self._hang()
        if self.error is not None:
            raise self.error
        return np.array([_vector(text) for text in texts], np.float32)

    def answer(self) -> None:
        """What hangs is answered after all."""
        self.hangs = False
        self._answered.set()

    async def _hang(self) -> None:
        try:
            await self._answered.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def close(self) -> None:
        return


def _vector(text: str) -> list[float]:
    found = [float(any(word in text.casefold() for word in topic)) for topic in _TOPICS]
    raw = np.array([*found, 0.1])
    unit: list[float] = (raw / np.linalg.norm(raw)).tolist()
    return unit
