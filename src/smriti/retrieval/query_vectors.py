"""Vectors of queries: a search waits for one a little, and does without when it does not come."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from smriti.retrieval.embeddings.port import Embedder, EmbeddingFailed, Vectors

PATIENCE_S: Final = 1.5
AWAY_S: Final = 30.0
"""How long a provider is not asked after it failed, or as long as it has not answered."""

KEPT: Final = 512

log = structlog.get_logger()


class QueryVectors:
    """Remembers the last `KEPT` queries. `clock` answers seconds. Close it.

    What comes too late for its search is kept for the next: a model that has to be loaded first, or
    that was slow once, is not left alone longer than it takes to answer.
    """

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
        self._asking: set[asyncio.Task[Vectors]] = set()
        self._away_until_s = clock()

    async def find(self, query: str) -> NDArray[np.float32] | None:
        """None while the provider does not answer."""
        known = self._known.get(query)
        if known is not None:
            self._known.move_to_end(query)
            return known
        if self._clock() < self._away_until_s or not query.strip():
            return None
        await self._ask(query)
        return self._known.get(query)

    async def close(self) -> None:
        for asking in self._asking:
            asking.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def _ask(self, query: str) -> None:
        asking = asyncio.create_task(self._embedder.embed([query], query=True))
        self._asking.add(asking)
        asking.add_done_callback(partial(self._answered, query))
        try:
            _, late = await asyncio.wait({asking}, timeout=self._patience_s)
        except asyncio.CancelledError:
            asking.cancel()
            raise
        if late:
            self._leave_alone("It took too long.")

    def _answered(self, query: str, asking: asyncio.Task[Vectors]) -> None:
        self._asking.discard(asking)
        if asking.cancelled():
            return
        match asking.exception():
            case None:
                self._away_until_s = self._clock()
                self._known[query] = asking.result()[0]
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
            case EmbeddingFailed() as failure:
                self._leave_alone(str(failure))
            case bug:
                log.error("embedding.query_crashed", exc_info=bug)

    def _leave_alone(self, why: str) -> None:
        self._away_until_s = self._clock() + AWAY_S
        log.warning("embedding.query_failed", error=why)
