"""Vectors for what has none yet, made in the background.

The table is the queue: an item without vectors of the embedder's model lacks them. What a crash
left without is found again when its index is next used.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from smriti.db.table import Get, Item, Query, Table, TableError
from smriti.retrieval.documents import Corpus
from smriti.retrieval.embeddings.port import Embedder, EmbeddingFailed
from smriti.retrieval.filling import Filler, Made

BATCH: Final = 64
"""Items that are read, embedded and written together, before it is another corpus's turn."""

MAX_WAITING: Final = 10_000
"""Corpora. Of more, those are forgotten that have waited longest: their next use names them."""

PAUSE_S: Final = 5.0
MAX_PAUSE_S: Final = 300.0
CLOSE_S: Final = 5.0

log = structlog.get_logger()


class VectorHolder(Protocol):
    """Who holds indexes in memory; it may fail with `TableError`."""

    async def lacking(self, corpus: Corpus, limit: int) -> Sequence[str] | None:
        """Sort keys, at most so many, of items without a vector, of all that is stored now.

        None when there is no index of this corpus in memory. Does not call `wanted`.
        """
        ...

    async def set_vectors(self, corpus: Corpus, made: Sequence[Made]) -> None:
        """Takes vectors that are stored. There may be no index, and no such document in it."""
        ...


@dataclass(slots=True)
class _Job:
    """`passed`: what lacks although it was looked at; a job looks once. `after`: how far back a
    corpus was read that has no index."""

    corpus: Corpus
    passed: set[str] = field(default_factory=set)
    after: str | None = None


class Backfill:
    """A batch of each corpus in turn, in one task. While the model or the table fails it rests,
    longer each time. Close it."""

    def __init__(
        self,
        table: Table,
        embedder: Embedder,
        holder: VectorHolder,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,  # noqa: S311 - guards nothing
    ) -> None:
        """`chance` answers a number from 0 to 1."""
        self._table = table
        self._holder = holder
        self._filler = Filler(table, embedder)
        self._sleep = sleep
        self._chance = chance
        self._jobs: OrderedDict[tuple[str, str], _Job] = OrderedDict()
        self._failures = 0
        self._resting = False
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    def wanted(self, corpus: Corpus) -> None:
        """Tells that vectors may be lacking; returns at once."""
        if self._closed:
            return
        self._jobs.setdefault((corpus.pk, corpus.prefix), _Job(corpus))
        if len(self._jobs) > MAX_WAITING:
            self._jobs.popitem(last=False)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def settle(self) -> None:
        """Waits until nothing is left to do, however long that takes."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """The batch under way may end, for a few seconds."""
        self._closed = True
        if self._task is None:
            return
        if not self._resting:
            await asyncio.wait({self._task}, timeout=CLOSE_S)
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _work(self) -> None:
        while self._jobs and not self._closed:
            name, job = self._jobs.popitem(last=False)
            try:
                more = await self._step(job)
            except (EmbeddingFailed, TableError) as failure:
                self._jobs.setdefault(name, job)
                await self._rest(failure)
            except Exception:
                log.exception("embedding.crashed")  # and this corpus waits for its next use
            else:
                if self._failures:
                    log.info("embedding.resumed", failures=self._failures)
                self._failures = 0
                if more:
                    self._jobs.setdefault(name, job)

    async def _rest(self, failure: Exception) -> None:
        self._failures += 1
        grown_s = min(MAX_PAUSE_S, PAUSE_S * 2 ** min(self._failures - 1, 10))
        asked_s = getattr(failure, "retry_after_s", None) or 0.0
        pause_s = max(grown_s * (0.5 + self._chance() / 2), min(asked_s, MAX_PAUSE_S))
        log.warning("embedding.paused", error=str(failure), seconds=round(pause_s, 1))
        self._resting = True
        try:
            if not self._closed:
                await self._sleep(pause_s)
        finally:
            self._resting = False

    async def _step(self, job: _Job) -> bool:
        """One batch; whether there may be more."""
        keys = await self._next(job)
        if keys is None:
            return await self._look_back(job)
        found = await self._table.read(*(Get((job.corpus.pk, sk)) for sk in keys)) if keys else []
        await self._fill(job.corpus, [item for item in found if isinstance(item, dict)])
        job.passed.update(keys)
        return bool(keys)

    async def _next(self, job: _Job) -> list[str] | None:
        """Keys for the next batch; None without an index."""
        while True:
            lacking = await self._holder.lacking(job.corpus, BATCH + len(job.passed))
            if lacking is None:
                return None
            job.passed.intersection_update(lacking)
            fresh = [sk for sk in lacking if sk not in job.passed]
            keys = [sk for sk in fresh if self._filler.may_have(job.corpus, sk)]
            if keys or not fresh:
                return keys[:BATCH]
            job.passed.update(fresh)

    async def _look_back(self, job: _Job) -> bool:
        """From the newest items on, as far as a batch that lacks nothing."""
        corpus = job.corpus
        query = Query(
            corpus.pk, begins=corpus.prefix, limit=BATCH, newest_first=True, after=job.after
        )
        page = await self._table.query(query)
        lacking = [item for item in page.items if self._filler.lacks(corpus, item)]
        await self._fill(
            corpus, [item for item in lacking if self._filler.may_have(corpus, str(item["sk"]))]
        )
        job.after = page.next
        return bool(lacking) and page.next is not None

    async def _fill(self, corpus: Corpus, items: Sequence[Item]) -> None:
        made = await self._filler.fill(corpus, items)
        if made:
            await self._holder.set_vectors(corpus, made)
