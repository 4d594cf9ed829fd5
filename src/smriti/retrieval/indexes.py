"""The retriever: an index a corpus in memory, up to date at each search, within a budget."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from smriti.db.table import Table, TableError, TableUnavailable
from smriti.observability.metrics import Metrics
from smriti.retrieval.backfill import Backfill
from smriti.retrieval.documents import EVERYTHING, Corpus, Filter
from smriti.retrieval.embeddings.port import Embedder
from smriti.retrieval.filling import Made
from smriti.retrieval.following import Follower
from smriti.retrieval.held import Held
from smriti.retrieval.keeping import GROWN, WORTH, Keeper
from smriti.retrieval.query_vectors import QueryVectors
from smriti.retrieval.ranking import Ranking
from smriti.retrieval.rounds import Rounds
from smriti.retrieval.snapshots import Snapshots

WORKERS: Final = 4
"""Threads that build and rank. More gain nothing: they share one interpreter lock."""

CLOSE_S: Final = 10.0

log = structlog.get_logger()

type _Name = tuple[str, str]


@dataclass(eq=False, slots=True)
class _Entry:
    """An index and who brings it up to date. `filled`: its changes when vectors were last wanted.
    `weighed_bytes`: what of it stands in the sum."""

    held: Held
    rounds: Rounds
    users: int = 0
    filled: int = -1
    weighed_bytes: int = 0


class Indexes:
    """Implements `port.Retriever`, and `backfill.VectorHolder`. Close it.

    Indexes take `budget_bytes` of memory in all; beyond that, those used least recently go, but
    never one in use, nor the last one used, however large it is.
    """

    def __init__(
        self,
        table: Table,
        *,
        budget_bytes: int,
        metrics: Metrics,
        snapshots: Snapshots | None = None,
        embedder: Embedder | None = None,
        settle_s: float = 0,
    ) -> None:
        """`settle_s`: how long the table may show a transaction in part while it is written."""
        self._budget_bytes = budget_bytes
        self._metrics = metrics
        self._model = "" if embedder is None else embedder.model
        self._vectors = None if embedder is None else QueryVectors(embedder)
        self._backfill = None if embedder is None else Backfill(table, embedder, self)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="smriti-index")
        self._follower = Follower(table, self._pool, settle_s=settle_s)
        self._keeper = Keeper(table, self._pool, snapshots)
        self._entries: OrderedDict[_Name, _Entry] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.bytes = 0

    async def search(
        self,
        corpus: Corpus,
        query: str,
        *,
        where: Filter = EVERYTHING,
        most_terms: int | None = None,
    ) -> Ranking:
        """What matches, of all that was acknowledged before the call, by whatever process."""
        if self._closed:
            raise TableUnavailable("The indexes are closed.")
        self._metrics.searched()
        entry = self._entry(corpus)
        with self._using(entry):
            vector = await self._caught_up(entry, query)
            rank = partial(entry.held.rank, query, vector, where, most_terms)
            return await self._run(lambda: _in_order(rank()))

    def added(self, corpus: Corpus) -> None:
        """Tells that something new is stored: vectors for it may be made now."""
        if self._backfill is not None:
            self._backfill.wanted(corpus)

    def forget(self, corpus: Corpus) -> None:
        """Tells that all of it was deleted: nothing of it is kept, on disk neither."""
        entry = self._entries.pop((corpus.pk, corpus.prefix), None)
        if entry is not None:
            entry.held.forgotten = True
            self._set_bytes(self.bytes - entry.weighed_bytes)
        self._keeper.forget(corpus)

    async def lacking(self, corpus: Corpus, limit: int) -> Sequence[str] | None:
        """Sort keys, at most so many, of items without a vector; None without an index."""
        entry = self._entries.get((corpus.pk, corpus.prefix))
        if entry is None:
            return None
        with self._using(entry):
            await entry.rounds.join()
            return await self._run(partial(entry.held.lacking, limit))

    async def set_vectors(self, corpus: Corpus, made: Sequence[Made]) -> None:
        """Take vectors that are stored."""
        entry = self._entries.get((corpus.pk, corpus.prefix))
        if entry is not None:
            with self._using(entry):
                await self._run(partial(entry.held.set_vectors, made))
                self._weigh(entry)

    async def close(self) -> None:
        """End what is done in the background, and write large indexes to disk."""
        self._closed = True
        if self._backfill is not None:
            await self._backfill.close()
        if self._vectors is not None:
            await self._vectors.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(CLOSE_S):
                for entry in list(self._entries.values()):
                    if self._keeper.wants(entry.held, WORTH):
                        await self._keeper.save(entry.held)
        except TimeoutError:
            log.warning("index.not_saved", error="There was no time left.")
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def _caught_up(self, entry: _Entry, query: str) -> NDArray[np.float32] | None:
        """The query's vector, once the index is up to date."""
        if self._vectors is None:
            await entry.rounds.join()
            return None
        asking = asyncio.create_task(self._vectors.find(query))
        try:
            await entry.rounds.join()
            self._fill(entry)
            return await asking
        finally:
            asking.cancel()

    def _fill(self, entry: _Entry) -> None:
        """Have vectors made for what is new."""
        if self._backfill is not None and entry.held.changes != entry.filled:
            entry.filled = entry.held.changes
            self._backfill.wanted(entry.held.corpus)

    def _entry(self, corpus: Corpus) -> _Entry:
        name = corpus.pk, corpus.prefix
        known = self._entries.get(name)
        if known is not None:
            self._entries.move_to_end(name)
            return known
        held = Held(corpus, self._model)
        entry = _Entry(held, Rounds(lambda: self._catch_up(entry), self._start))
        self._entries[name] = entry
        self._weigh(entry)
        return entry

    async def _catch_up(self, entry: _Entry) -> None:
        held = entry.held
        began = time.perf_counter()
        with self._using(entry):
            if held.place is None:
                await self._keeper.restore(held)
            if await self._follower.follow(held):
                self._metrics.index_built(seconds=time.perf_counter() - began)
            self._weigh(entry)
        if self._keeper.wants(held, GROWN):
            _ = self._start(self._keeper.save(held))

    @contextmanager
    def _using(self, entry: _Entry) -> Iterator[None]:
        """Keep it in memory meanwhile, even if whoever wanted it has gone."""
        entry.users += 1
        try:
            yield
        finally:
            entry.users -= 1
            self._shrink()

    def _weigh(self, entry: _Entry) -> None:
        """Of one that is forgotten, or has made room, nothing counts, though it be filled still."""
        corpus = entry.held.corpus
        if self._entries.get((corpus.pk, corpus.prefix)) is entry:
            self._set_bytes(self.bytes + entry.held.bytes - entry.weighed_bytes)
            entry.weighed_bytes = entry.held.bytes

    def _set_bytes(self, total: int) -> None:
        self.bytes = total
        self._metrics.index_bytes(total)

    def _shrink(self) -> None:
        """Let go of what was used least recently, as long as there is too much."""
        while self.bytes > self._budget_bytes:
            idle = (name for name, entry in self._entries.items() if not entry.users)
            name = next(idle, None)
            if name is None or name == next(reversed(self._entries)):
                return
            entry = self._entries.pop(name)
            self._set_bytes(self.bytes - entry.weighed_bytes)
            self._metrics.index_evicted()
            if self._keeper.wants(entry.held, WORTH):
                _ = self._start(self._keeper.save(entry.held))

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Do it whoever stops waiting for it; `close` ends it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, TableError):
            log.error("index.task_failed", exc_info=error)

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _in_order(ranking: Ranking) -> Ranking:
    """With the first page in order."""
    ranking.page(0, 1)
    return ranking
