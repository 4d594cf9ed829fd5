"""Vectors of queries: a search waits for one a little, and does without when it does not come."""

import asyncio
import time
from collections import OrderedDict
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
    """Remembers the last `KEPT` queries."""

    def __init__(self, embedder: Embedder, *, patience_s: float = PATIENCE_S) -> None:
        self._embedder = embedder
        self._patience_s = patience_s
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._away_until = 0.0

    async def find(self, query: str) -> NDArray[np.float32] | None:
        """None while the provider does not answer."""
        known = self._known.get(query)
        if known is not None:
            self._known.move_to_end(query)
            return known
        if time.monotonic() < self._away_until or not query.strip():
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                vectors = await self._embedder.embed([query], query=True)
        except (EmbeddingFailed, TimeoutError) as error:
            self._away_until = time.monotonic() + AWAY_S
            log.warning("embedding.query_failed", error=str(error) or "It took too long.")
            return None
        vector: NDArray[np.float32] = vectors[0]
        self._known[query] = vector
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return vector
