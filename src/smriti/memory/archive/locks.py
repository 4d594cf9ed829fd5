"""Who has a text: locks under its hash, each of which names a passage.

A lock is written with its passage in one transaction. Where the engine has none, a writer that died
between the two leaves a lock without a passage, which somebody else takes over after a minute.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import batched
from typing import Final

from smriti.core.clock import unix_now
from smriti.db.table import (
    EXISTS,
    NEW,
    Action,
    Delete,
    Item,
    ItemPage,
    Put,
    Read,
    Table,
    eq,
    key_of,
)
from smriti.memory import keys
from smriti.memory.archive.items import lock_of
from smriti.memory.archive.models import ArchivalMemory
from smriti.memory.models import MemoryOwner

LOCK_TIMEOUT_S: Final = 60
_READS_AT_ONCE: Final = 100

type Claim = Put | ArchivalMemory | None
"""The write that locks a text, or the passage that has this text already; None while somebody else
is about to store it."""

type Holders = Callable[[MemoryOwner, Collection[str]], Awaitable[Mapping[str, ArchivalMemory]]]
"""Finds passages by their ids."""


class Locks:
    def __init__(self, table: Table, holders: Holders) -> None:
        self._table = table
        self._holders = holders

    async def claims(self, owner: MemoryOwner, memories: Sequence[ArchivalMemory]) -> list[Claim]:
        """One for each of these passages."""
        found = await self._find(owner, memories)
        named = {_named_by(lock) for locks in found for lock in locks}
        holders = await self._holders(owner, named) if named else {}
        return [
            _claim(owner, memory, locks, holders)
            for memory, locks in zip(memories, found, strict=True)
        ]

    async def release(self, owner: MemoryOwner, memory: ArchivalMemory) -> list[Action]:
        """The writes that unlock the text of a passage."""
        [locks] = await self._find(owner, [memory])
        ours = [lock for lock in locks if _named_by(lock) == memory.memory_id]
        return [Delete(key_of(lock), when=EXISTS) for lock in ours]

    async def _find(
        self, owner: MemoryOwner, memories: Sequence[ArchivalMemory]
    ) -> list[list[Item]]:
        reads = [keys.lock_read(owner, lock_of(each), each.content_hash) for each in memories]
        return [_items(answer) for answer in await answers(self._table, reads)]


async def answers(table: Table, reads: Sequence[Read]) -> list[Item | ItemPage | None]:
    """The same as `Table.read`, for any number of questions."""
    found: list[Item | ItemPage | None] = []
    for some in batched(reads, _READS_AT_ONCE, strict=False):
        found += await table.read(*some)
    return found


def _items(answer: Item | ItemPage | None) -> list[Item]:
    if isinstance(answer, ItemPage):
        return answer.items
    return [] if answer is None else [answer]


def _claim(
    owner: MemoryOwner,
    memory: ArchivalMemory,
    locks: Sequence[Item],
    holders: Mapping[str, ArchivalMemory],
) -> Claim:
    for lock in locks:
        holder = holders.get(_named_by(lock))
        if holder is not None and lock_of(holder) == lock_of(memory):
            return holder
    key = keys.lock_key(owner, lock_of(memory))
    new: Item = {
        "pk": key[0],
        "sk": key[1],
        "entity_type": "ArchivalLock",
        "memory_id": memory.memory_id,
        "locked_at": unix_now(),
    }
    orphan = next((lock for lock in locks if lock["sk"] == keys.LOCK), None)
    if orphan is None:
        return Put(new, when=NEW)
    locked_at = orphan.get("locked_at")
    if isinstance(locked_at, int) and unix_now() - locked_at <= LOCK_TIMEOUT_S:
        return None
    return Put(new, when=eq("memory_id", _named_by(orphan)))


def _named_by(lock: Item) -> str:
    """The id of the passage that a lock names; in an older table, its key does."""
    return str(lock.get("memory_id") or str(lock["sk"]).removeprefix(keys.ARCHIVAL))
