"""Archived passages in the table; `keys.py` lists the keys.

A text is stored once per owner: a lock under its hash names the passage, written with it in one
transaction. Where the engine has none, a writer that died between the two leaves a lock without a
passage, which somebody else takes over after a minute.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from smriti.core.clock import new_id, unix_now, utc_now
from smriti.core.paging import Page, PageRequest
from smriti.db.repository import collect, stored
from smriti.db.table import (
    EXISTS,
    NEW,
    Action,
    Add,
    Condition,
    Delete,
    Get,
    Item,
    Put,
    Remove,
    Set,
    Table,
    TransactionFailed,
    Update,
    eq,
    key_of,
)
from smriti.memory import keys
from smriti.memory.archive.models import ArchivalMemory, Origin
from smriti.memory.models import MemoryOwner
from smriti.retrieval.documents import Corpus, Document

LOCK_TIMEOUT_S: Final = 60
_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.02
_CHANGEABLE: Final = ("content", "content_hash", "tags", "updated_at")
_MAX_SEARCHED: Final = 20_000
"""Passages that are looked at for an id of an older table, which does not tell its key."""


def hash_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def new_memory(content: str, tags: Sequence[str], origin: Origin) -> ArchivalMemory:
    """A passage whose time is the one that its id tells, so that the id alone finds it."""
    memory_id = new_id()
    return ArchivalMemory(
        memory_id=memory_id,
        content=content,
        content_hash=hash_of(content),
        created_at=keys.time_of(memory_id) or utc_now(),
        conversation_id=origin.conversation_id,
        turn_id=origin.turn_id,
        tags=list(tags),
    )


class ArchiveRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    def corpus(self, owner: MemoryOwner) -> Corpus:
        """All passages, for a retriever to rank."""
        pk = keys.partition(owner.agent_id, owner.user_id)
        return Corpus(pk, keys.ARCHIVAL, "Archive", _documents)

    async def page(self, owner: MemoryOwner, page: PageRequest) -> Page[ArchivalMemory]:
        """Passages, newest first."""
        items, cursor = await collect(self._table, keys.archive_query(owner), page)
        return Page[ArchivalMemory].of([_load(item) for item in items], cursor)

    async def read(self, owner: MemoryOwner, wanted: Sequence[str]) -> list[ArchivalMemory]:
        """The passages under these sort keys, in this order, without those that are gone."""
        pk = keys.partition(owner.agent_id, owner.user_id)
        found = await self._table.read(*(Get((pk, sk)) for sk in wanted))
        return [_load(item) for item in found if isinstance(item, dict)]

    async def find(self, owner: MemoryOwner, memory_id: str) -> ArchivalMemory | None:
        created_at = keys.time_of(memory_id)
        if created_at is None:
            return await self._look_for(owner, memory_id)
        item = await self._table.get(keys.archival_key(owner, memory_id, created_at))
        return None if item is None else _load(item)

    async def insert(self, owner: MemoryOwner, memory: ArchivalMemory) -> ArchivalMemory | None:
        """The passage that has this text now: `memory`, or one that had it already.

        None when somebody else was about to store it all the while.
        """
        for attempt in range(_ATTEMPTS):
            await asyncio.sleep(_PAUSE_S * attempt)
            claim = await self._claim(owner, memory)
            if isinstance(claim, ArchivalMemory):
                return claim
            item = Put(_item(owner, memory), when=NEW)
            if claim is not None and await self._written(claim, item):
                return memory
        return None

    async def replace(
        self, owner: MemoryOwner, before: ArchivalMemory, after: ArchivalMemory
    ) -> ArchivalMemory | None:
        """Change a passage: answers `after`, or the other one that has its text already.

        None when `before` is gone or was changed meanwhile, and then nothing was changed.
        """
        actions = [self._update(owner, before, after), _archive_changed(owner)]
        if after.content_hash != before.content_hash:
            claim = await self._claim(owner, after)
            if not isinstance(claim, Put):
                return claim
            actions = [claim, *actions, *await self._unlock(owner, before)]
        return after if await self._written(*actions) else None

    async def delete(self, owner: MemoryOwner, memory: ArchivalMemory) -> bool:
        """Whether it was deleted; not when it is gone or was changed meanwhile."""
        key = keys.archival_key(owner, memory.memory_id, memory.created_at)
        return await self._written(
            Delete(key, when=_unchanged(memory)),
            _archive_changed(owner),
            *await self._unlock(owner, memory),
        )

    def _update(self, owner: MemoryOwner, before: ArchivalMemory, after: ArchivalMemory) -> Action:
        values = stored(after)
        changes = [
            Set(name, values[name]) if name in values else Remove(name) for name in _CHANGEABLE
        ]
        key = keys.archival_key(owner, before.memory_id, before.created_at)
        return Update(key, tuple(changes), when=_unchanged(before))

    async def _claim(
        self, owner: MemoryOwner, memory: ArchivalMemory
    ) -> Put | ArchivalMemory | None:
        """The write that locks the text of `memory`, or the passage that has this text already.

        None while somebody else is about to store it.
        """
        key = keys.lock_key(owner, memory.content_hash)
        lock: Item = {
            "pk": key[0],
            "sk": key[1],
            "entity_type": "ArchivalLock",
            "memory_id": memory.memory_id,
            "locked_at": unix_now(),
        }
        others = await self._locks(owner, memory.content_hash)
        for other in others:
            holder = await self.find(owner, _named_by(other))
            if holder is not None and holder.content_hash == memory.content_hash:
                return holder
        orphan = next((other for other in others if other["sk"] == keys.LOCK), None)
        if orphan is None:
            return Put(lock, when=NEW)
        locked_at = orphan.get("locked_at")
        if isinstance(locked_at, int) and unix_now() - locked_at <= LOCK_TIMEOUT_S:
            return None
        return Put(lock, when=eq("memory_id", _named_by(orphan)))

    async def _unlock(self, owner: MemoryOwner, memory: ArchivalMemory) -> list[Action]:
        ours = [
            lock
            for lock in await self._locks(owner, memory.content_hash)
            if _named_by(lock) == memory.memory_id
        ]
        return [Delete(key_of(lock), when=EXISTS) for lock in ours]

    async def _locks(self, owner: MemoryOwner, content_hash: str) -> list[Item]:
        return (await self._table.query(keys.lock_query(owner, content_hash))).items

    async def _written(self, *actions: Action) -> bool:
        try:
            await self._table.write(*actions)
        except TransactionFailed:
            return False
        return True

    async def _look_for(self, owner: MemoryOwner, memory_id: str) -> ArchivalMemory | None:
        query = keys.archive_query(owner)
        for _ in range(0, _MAX_SEARCHED, query.limit):
            page = await self._table.query(query)
            for item in page.items:
                if item.get("memory_id") == memory_id:
                    return _load(item)
            if page.next is None:
                return None
            query = replace(query, after=page.next)
        return None


def _item(owner: MemoryOwner, memory: ArchivalMemory) -> Item:
    pk, sk = keys.archival_key(owner, memory.memory_id, memory.created_at)
    return {
        **stored(memory),
        "pk": pk,
        "sk": sk,
        "entity_type": "ArchivalMemory",
        "agent_id": owner.agent_id,
        "user_id": owner.user_id,
    }


def _load(item: Item) -> ArchivalMemory:
    return ArchivalMemory.model_validate(item)


def _documents(item: Item) -> list[Document]:
    thread = item.get("conversation_id")
    document = Document(
        sk=str(item["sk"]),
        text=str(item["content"]),
        created_at=datetime.fromisoformat(str(item["created_at"])),
        thread=thread if isinstance(thread, str) else None,
    )
    return [document]


def _named_by(lock: Item) -> str:
    """The id of the passage that a lock names; in an older table, its key does."""
    return str(lock.get("memory_id") or str(lock["sk"]).removeprefix(keys.ARCHIVAL))


def _unchanged(memory: ArchivalMemory) -> Condition:
    return EXISTS & eq("content_hash", memory.content_hash)


def _archive_changed(owner: MemoryOwner) -> Action:
    """Tells an index that it must compare what it holds with the table."""
    return Update(keys.archive_state_key(owner), (Add("changes", 1),))
