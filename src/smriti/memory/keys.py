"""Memory's keys, all of them.

Agent#<a>            MemoryOwner#<u>                      user u has memory with agent a
Agent#<a>#User#<u>   Archival#<time>#<memory id>          a passage; in order of time
Agent#<a>#User#<u>   ArchiveChange#<time>#<id>            which passages were changed or deleted
Agent#<a>#User#<u>   ArchiveState                         counts what is new, and such changes
Agent#<a>#User#<u>   BlockCount                           how many blocks there are
Agent#<a>#User#<u>   BlockVersion#<a>:<u>:<name>#<n>      an earlier version of a block's lines
Agent#<a>#User#<u>   CapacityWarning#<a>:<u>:<name>       turns that ended with a block crowded
Agent#<a>#User#<u>   CoreMemory#<a>:<u>:<name>            a block's lines
Agent#<a>#User#<u>   MemoryBlockDef#<a>:<u>:<name>        what a block is for
Agent#<a>#User#<u>   Recall#<time>#<turn id>              what was said in a turn; in order of time
Agent#<a>#User#<u>   RecallChange#<time>#<id>             which of these were changed or deleted
Agent#<a>#User#<u>   RecallState                          counts such changes
Agent#<a>#User#<u>#Hash#<sha256>   Lock                   the passage with this text, or with this
                                                          text at this place of a conversation
Agent#<a>#User#<u>#Hash#<sha256>   Archival#<memory id>   the same, in an older table

One query reads capacity warnings, core memory and definitions of all blocks at a turn's start:
nothing else may sort among them.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from smriti.core.clock import EPOCH, sort_time
from smriti.db.table import Get, Item, Key, Query, Read
from smriti.memory.models import MemoryOwner

type BlockKind = Literal["MemoryBlockDef", "CoreMemory", "CapacityWarning"]

BLOCK_KINDS: Final[tuple[BlockKind, ...]] = ("MemoryBlockDef", "CoreMemory", "CapacityWarning")
ARCHIVAL: Final = "Archival#"
RECALL: Final = "Recall#"
LOCK: Final = "Lock"
_PAGE: Final = 1000


def partition(agent_id: str, user_id: str) -> str:
    return f"Agent#{agent_id}#User#{user_id}"


def owner_key(agent_id: str, user_id: str) -> Key:
    return f"Agent#{agent_id}", f"MemoryOwner#{user_id}"


def owners_query(agent_id: str) -> Query:
    return Query(f"Agent#{agent_id}", begins="MemoryOwner#", limit=_PAGE)


def everything_query(agent_id: str, user_id: str) -> Query:
    return Query(partition(agent_id, user_id), limit=_PAGE)


def core_query(agent_id: str, user_id: str) -> Query:
    """What `BlockRepository.core` reads: for callers that read it together with other things."""
    pk = partition(agent_id, user_id)
    return Query(pk, between=("CapacityWarning#", "MemoryBlockDef#~"), limit=_PAGE)


def block_id(owner: MemoryOwner, name: str) -> str:
    return f"{owner.agent_id}:{owner.user_id}:{name}"


def block_key(owner: MemoryOwner, kind: BlockKind, name: str) -> Key:
    return partition(owner.agent_id, owner.user_id), f"{kind}#{block_id(owner, name)}"


def block_count_key(owner: MemoryOwner) -> Key:
    return partition(owner.agent_id, owner.user_id), "BlockCount"


def version_key(owner: MemoryOwner, name: str, version: int) -> Key:
    query = history_query(owner, name)
    return query.pk, f"{query.begins}{version:010}"


def history_query(owner: MemoryOwner, name: str) -> Query:
    """The earlier versions of a block, newest first."""
    return Query(
        partition(owner.agent_id, owner.user_id),
        begins=f"BlockVersion#{block_id(owner, name)}#",
        limit=_PAGE,
        newest_first=True,
    )


def archive_query(
    owner: MemoryOwner, since: datetime | None = None, until: datetime | None = None
) -> Query:
    """All passages stored from `since` on and before `until`, newest first."""
    first = sort_time(since) if since else ""
    end = sort_time(until) if until else "~"
    return Query(
        partition(owner.agent_id, owner.user_id),
        between=(f"{ARCHIVAL}{first}", f"{ARCHIVAL}{end}"),
        limit=_PAGE,
        newest_first=True,
    )


def archival_key(owner: MemoryOwner, memory_id: str, created_at: datetime) -> Key:
    return partition(
        owner.agent_id, owner.user_id
    ), f"{ARCHIVAL}{sort_time(created_at)}#{memory_id}"


def text_lock(content_hash: str, conversation_id: object, sequence: object) -> str:
    """The hash under which a text is locked: its own, so that it is stored once; or, when its place
    in a conversation is known, one for this place."""
    if conversation_id is None or sequence is None:
        return content_hash
    place = json.dumps([conversation_id, sequence, content_hash])
    # No passage begins with a line feed, so that this is the hash of none.
    return hashlib.sha256(f"\n{place}".encode()).hexdigest()


def recall_key(agent_id: str, user_id: str, asked_at: datetime, turn_id: str) -> Key:
    return partition(agent_id, user_id), f"{RECALL}{sort_time(asked_at)}#{turn_id}"


def lock_read(owner: MemoryOwner, lock: str, content_hash: str) -> Read:
    """Reads the lock; where there may be one of an older table, that as well."""
    key = lock_key(owner, lock)
    return Query(key[0]) if lock == content_hash else Get(key)


def lock_key(owner: MemoryOwner, lock: str) -> Key:
    return f"{partition(owner.agent_id, owner.user_id)}#Hash#{lock}", LOCK


def locks_of(item: Item) -> list[Key]:
    """The keys under which the text of a stored passage may be locked; none for other items."""
    if not str(item["sk"]).startswith(ARCHIVAL):
        return []
    own = str(item.get("content_hash"))
    lock = text_lock(own, item.get("conversation_id"), item.get("sequence"))
    pk = f"{item['pk']!s}#Hash#{lock}"
    return [(pk, LOCK), (pk, f"{ARCHIVAL}{item.get('memory_id')!s}")]


def time_of(memory_id: str) -> datetime | None:
    """When a passage was stored, to the millisecond, which its id (UUIDv7) tells: with that, one
    read finds it. None for the random ids of an older table."""
    try:
        parsed = UUID(memory_id)
        if parsed.version != 7:
            return None
        return EPOCH + timedelta(milliseconds=parsed.int >> 80)
    except (ValueError, OverflowError):
        return None
