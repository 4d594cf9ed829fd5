"""When an index is written to disk, and when it is taken back."""

import asyncio
from concurrent.futures import Executor
from functools import partial
from typing import Final

import structlog

from smriti.db.table import Query, Table, TableError
from smriti.retrieval.documents import Corpus
from smriti.retrieval.held import Held
from smriti.retrieval.snapshots import Snapshots

GROWN: Final = 0.2
"""The part of a large index that must be new before it is written again."""

WORTH: Final = 0.01
"""The same when it leaves memory."""

log = structlog.get_logger()


class Keeper:
    """Keeps large indexes in `snapshots`, one at a time; nothing without them."""

    def __init__(self, table: Table, pool: Executor, snapshots: Snapshots | None) -> None:
        self._table = table
        self._pool = pool
        self._snapshots = snapshots
        self._turn = asyncio.Lock()

    async def restore(self, held: Held) -> None:
        """Begin with the saved index, if there is one."""
        if self._snapshots is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._pool, self._snapshots.restore, held)

    def wants(self, held: Held, part: float) -> bool:
        """Whether it is large, and more than this part of it is on disk nowhere."""
        return (
            self._snapshots is not None
            and held.place is not None
            and not held.saving
            and not held.forgotten
            and len(held) >= self._snapshots.min_documents
            and held.unsaved > part * len(held)
        )

    async def save(self, held: Held) -> None:
        """Write it, unless all of its corpus was deleted, by whomever, before or meanwhile."""
        if self._snapshots is None:
            return
        held.saving = True
        try:
            async with self._turn:
                if await self._has_any(held.corpus):
                    save = partial(self._snapshots.save, held)
                    await asyncio.get_running_loop().run_in_executor(self._pool, save)
                    if not await self._has_any(held.corpus):
                        self.forget(held.corpus)
        except TableError as error:
            log.warning("index.not_saved", error=str(error))
        finally:
            held.saving = False

    def forget(self, corpus: Corpus) -> None:
        if self._snapshots is not None:
            self._snapshots.forget(corpus)

    async def _has_any(self, corpus: Corpus) -> bool:
        page = await self._table.query(Query(corpus.pk, begins=corpus.prefix, limit=1))
        return bool(page.items) or page.next is not None
