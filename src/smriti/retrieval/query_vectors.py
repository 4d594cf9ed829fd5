"""Vectors of queries: a search waits for one a little, and does without when it does not come."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from smriti.retrieval.embeddings.port import Embedder, EmbeddingFailed

PATIENCE_S: Final = 1.5
AWAY_S: Final = 30.0
"""How long a provider is not asked after it failed."""

KEPT: Final = 512

log = structlog.get_logger()


class QueryVectors:
    """Remembers the last `KEPT` queries. `clock` answers seconds."""

    def __init__(
        self,
        embedder: Embedder,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._embedder = embedder
        self._patience_s = patience_s
        self._clock = clock
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._away_until_s = clock()

    async def find(self, query: str) -> NDArray[np.float32] | None:
        """None while the provider does not answer."""
        known = self._known.get(query)
        if known is not None:
            self._known.move_to_end(query)
            return known
        if self._clock() < self._away_until_s or not query.strip():
            return None
        vector = await self._ask(query)
        if vector is not None:
            self._known[query] = vector
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return vector

    async def _ask(self, query: str) -> NDArray[np.float32] | None:
        try:
            async with asyncio.timeout(self._patience_s):
                vectors = await self._embedder.embed([query], query=True)
        except (EmbeddingFailed, TimeoutError) as error:
            self._away_until_s = self._clock() + AWAY_S
            log.warning("embedding.query_failed", error=str(error) or "It took too long.")
            return None
        vector: NDArray[np.float32] = vectors[0]
        return vector
