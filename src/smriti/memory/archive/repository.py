"""Archived passages in the table; `memory/keys.py` lists the keys.

A text is stored once per owner, or once at each place of a conversation: see `locks.py`. Whatever
changes the archive tells the indexes of it in the same transaction.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from smriti.core.paging import InvalidCursor, Page, PageRequest
from smriti.db.position import position_of
from smriti.db.repository import collect, stored
from smriti.db.table import (
    EXISTS,
    MAX_ACTIONS,
    NEW,
    Action,
    Change,
    Condition,
    Delete,
    Get,
    InvalidPosition,
    Item,
    Put,
    Query,
    Remove,
    Set,
    Table,
    TransactionFailed,
    Update,
    eq,
)
from smriti.memory import keys
from smriti.memory.archive.items import archive_corpus, has_labels, item_of, load, lock_of
from smriti.memory.archive.locks import Locks, answers
from smriti.memory.archive.models import ArchivalMemory
from smriti.memory.models import MemoryOwner
from smriti.retrieval.changes import changed, inserted
from smriti.retrieval.documents import EVERYTHING, Corpus, Filter

_ATTEMPTS: Final = 6
_PAUSE_S: Final = 0.02
_CHANGEABLE: Final = ("content", "content_hash", "tags", "updated_at")
_VECTOR: Final = ("vector", "vector_model")
_MAX_SEARCHED: Final = 20_000
"""Passages that are looked at for an id of an older table, which does not tell its key."""
_MOST_READS: Final = 5
"""Of up to a thousand passages each, that one page of those with certain tags may cost."""
_MOST_TOGETHER: Final = (MAX_ACTIONS - 2) // 2
_MOST_BYTES: Final = 3 * 1024 * 1024
"""Passages that a transaction stores: each with its lock, and all with the word to the indexes."""

type _Told = Callable[[Sequence[str]], list[Action]]


class ArchiveRepository:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._locks = Locks(table, self.find_all)

    def corpus(self, owner: MemoryOwner) -> Corpus:
        """All passages, for a retriever to rank."""
        return archive_corpus(owner.agent_id, owner.user_id)

    async def page(
        self, owner: MemoryOwner, page: PageRequest, where: Filter = EVERYTHING
    ) -> Page[ArchivalMemory]:
        """Passages, newest first. When few have the wanted tags, a page may be short, even empty,
        though others follow."""
        if where.since and where.until and where.since >= where.until:
            return Page[ArchivalMemory].of([], None)
        query = keys.archive_query(owner, where.since, where.until)
        if where.any_of or where.all_of:
            items, cursor = await self._sifted(query, page, where)
        else:
            items, cursor = await collect(self._table, query, page)
        return Page[ArchivalMemory].of([load(item) for item in items], cursor)

    async def oldest_first(self, owner: MemoryOwner, page: PageRequest) -> Page[ArchivalMemory]:
        """All passages, in the order in which they were stored."""
        query = replace(keys.archive_query(owner), newest_first=False)
        items, cursor = await collect(self._table, query, page)
        return Page[ArchivalMemory].of([load(item) for item in items], cursor)

    async def read(self, owner: MemoryOwner, wanted: Sequence[str]) -> list[ArchivalMemory | None]:
        """The passages under these sort keys, in this order; None for those that are gone."""
        pk = keys.partition(owner.agent_id, owner.user_id)
        found = await self._table.read(*(Get((pk, sk)) for sk in wanted))
        return [load(item) if isinstance(item, dict) else None for item in found]

    async def find(self, owner: MemoryOwner, memory_id: str) -> ArchivalMemory | None:
        return (await self.find_all(owner, [memory_id])).get(memory_id)

    async def find_all(self, owner: MemoryOwner, ids: Collection[str]) -> dict[str, ArchivalMemory]:
        """Those of these passages that there are, by their ids."""
        times = {memory_id: keys.time_of(memory_id) for memory_id in ids}
        reads = [Get(keys.archival_key(owner, each, time)) for each, time in times.items() if time]
        found = [load(item) for item in await answers(self._table, reads) if isinstance(item, dict)]
        undated = {memory_id for memory_id, time in times.items() if time is None}
        if undated:
            found += await self._look_for(owner, undated)
        return {memory.memory_id: memory for memory in found}

    async def insert(self, owner: MemoryOwner, memory: ArchivalMemory) -> ArchivalMemory | None:
        """The passage that has this text now: `memory`, or one that had it already.

        None when somebody else was about to store it all the while.
        """
        count = partial(inserted, self.corpus(owner))
        [standing] = await self._insert(owner, [memory], lambda sks: [count(len(sks))])
        return standing

    async def insert_all(
        self, owner: MemoryOwner, memories: Sequence[ArchivalMemory]
    ) -> list[ArchivalMemory | None]:
        """The same for many, of whatever time. When it breaks off, some are stored: call again."""
        return await self._insert(owner, memories, partial(changed, self.corpus(owner)))

    async def replace(
        self, owner: MemoryOwner, before: ArchivalMemory, after: ArchivalMemory
    ) -> ArchivalMemory | None:
        """Change a passage: answers `after`, or the other one that has its text already.

        None when `before` is gone or was changed meanwhile, and then nothing was changed.
        """
        actions = self._update(owner, before, after)
        if after.content_hash != before.content_hash:
            [claim] = await self._locks.claims(owner, [after])
            if not isinstance(claim, Put):
                return claim
            actions = [claim, *actions, *await self._locks.release(owner, before)]
        return after if await self._written(actions) else None

    async def delete(self, owner: MemoryOwner, memory: ArchivalMemory) -> bool:
        """Whether it was deleted; not when it is gone or was changed meanwhile."""
        key = keys.archival_key(owner, memory.memory_id, memory.created_at)
        return await self._written(
            [
                Delete(key, when=_unchanged(memory)),
                *changed(self.corpus(owner), [key[1]]),
                *await self._locks.release(owner, memory),
            ]
        )

    def _update(
        self, owner: MemoryOwner, before: ArchivalMemory, after: ArchivalMemory
    ) -> list[Action]:
        values = stored(after)
        changes: list[Change] = [
            Set(name, values[name]) if name in values else Remove(name) for name in _CHANGEABLE
        ]
        if after.content_hash != before.content_hash:
            changes += [Remove(name) for name in _VECTOR]
        key = keys.archival_key(owner, before.memory_id, before.created_at)
        return [
            Update(key, tuple(changes), when=_unchanged(before)),
            *changed(self.corpus(owner), [key[1]]),
        ]

    async def _insert(
        self, owner: MemoryOwner, memories: Sequence[ArchivalMemory], told: _Told
    ) -> list[ArchivalMemory | None]:
        # Of those with one text in one place, the first is stored.
        waiting = {lock_of(memory): memory for memory in reversed(memories)}
        standing: dict[str, ArchivalMemory] = {}
        for attempt in range(_ATTEMPTS):
            await asyncio.sleep(_PAUSE_S * attempt)
            standing |= await self._store(owner, list(waiting.values()), told)
            waiting = {lock: each for lock, each in waiting.items() if lock not in standing}
            if not waiting:
                break
        return [standing.get(lock_of(memory)) for memory in memories]

    async def _store(
        self, owner: MemoryOwner, memories: Sequence[ArchivalMemory], told: _Told
    ) -> dict[str, ArchivalMemory]:
        """Who has these texts now, by their locks, without those that others are about to store."""
        claims = await self._locks.claims(owner, memories)
        standing = {lock_of(each): each for each in claims if isinstance(each, ArchivalMemory)}
        free = [
            (claim, memory)
            for claim, memory in zip(claims, memories, strict=True)
            if isinstance(claim, Put)
        ]
        for together in _transactions(owner, free):
            sks = [str(item["sk"]) for _, item, _ in together]
            puts = [put for claim, item, _ in together for put in (claim, Put(item, when=NEW))]
            if await self._written([*puts, *told(sks)]):
                standing |= {lock_of(memory): memory for _, _, memory in together}
        return standing

    async def _written(self, actions: Sequence[Action]) -> bool:
        try:
            await self._table.write(*actions)
        except TransactionFailed:
            return False
        return True

    async def _sifted(
        self, query: Query, page: PageRequest, where: Filter
    ) -> tuple[list[Item], str | None]:
        """The items of a page with the wanted tags, and the cursor of what follows."""
        items: list[Item] = []
        after = page.cursor
        for _ in range(_MOST_READS):
            try:
                found = await self._table.query(replace(query, after=after))
            except InvalidPosition as error:
                raise InvalidCursor from error
            items += [item for item in found.items if has_labels(item, where)]
            if len(items) > page.limit:
                return items[: page.limit], position_of(items[page.limit - 1])
            after = found.next
            if after is None:
                break
        return items, after

    async def _look_for(self, owner: MemoryOwner, ids: Collection[str]) -> list[ArchivalMemory]:
        query = keys.archive_query(owner)
        found: list[ArchivalMemory] = []
        for _ in range(0, _MAX_SEARCHED, query.limit):
            page = await self._table.query(query)
            found += [load(item) for item in page.items if item.get("memory_id") in ids]
            if page.next is None or len(found) == len(ids):
                break
            query = replace(query, after=page.next)
        return found


def _transactions(
    owner: MemoryOwner, free: Sequence[tuple[Put, ArchivalMemory]]
) -> Iterator[list[tuple[Put, Item, ArchivalMemory]]]:
    """The passages with their locks, in groups that fit into a transaction."""
    together: list[tuple[Put, Item, ArchivalMemory]] = []
    size = 0
    for claim, memory in free:
        longest = 4 * len(memory.content)
        if len(together) == _MOST_TOGETHER or size + longest > _MOST_BYTES:
            yield together
            together, size = [], 0
        together.append((claim, item_of(owner, memory), memory))
        size += longest
    if together:
        yield together


def _unchanged(memory: ArchivalMemory) -> Condition:
    return EXISTS & eq("content_hash", memory.content_hash)
