"""What is asked of a store: single operations, and all that an ordinary turn asks."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

from smriti.core.clock import new_id, sort_time, unix_now, utc_now
from smriti.db.table import (
    EXISTS,
    NEW,
    Absent,
    Add,
    Compare,
    Get,
    Item,
    Key,
    Put,
    Query,
    Remove,
    Set,
    Table,
    eq,
    key_of,
)

MESSAGES: Final = 60
_TEXT: Final = "The quick brown fox jumps over the lazy dog while the agent considers. " * 40
_LATER: Final = "9999"


class Ground:
    """A user's items in a table: what a turn of theirs reads."""

    def __init__(self, table: Table, user: str) -> None:
        self.table = table
        self.user = f"User#bench-{user}"
        self.memory = f"Agent#bench-{user}#User"
        self.thread = f"CONVERSATION#bench-{user}"
        self.conversation: Key = (f"USER#bench-{user}", "CONVERSATION#1")
        self._numbers = count(MESSAGES)

    async def lay(self) -> None:
        blocks = ("human", "persona")
        await self.table.bulk(
            puts=[
                _item((self.user, "User#Metadata"), 200),
                _item((self.user, "Agent#1"), 2500),
                _item((self.user, "ProviderSettings#OpenAI"), 700),
                _item(self.conversation, 100),
                *(_item((self.memory, f"CoreMemory#{block}"), 2000) for block in blocks),
                *(self.message(number) for number in range(MESSAGES)),
            ]
        )

    async def clear(self) -> None:
        """Delete all that stands in the ground's partitions."""
        for pk in (self.user, self.memory, self.thread, self.conversation[0]):
            while items := (await self.table.query(Query(pk))).items:
                await self.table.bulk(deletes=[key_of(item) for item in items])

    def message(self, number: int, size: int = 700) -> Item:
        return _item((self.thread, f"MESSAGE#{number:012}"), size)

    def next_message(self, size: int = 700) -> Item:
        return self.message(next(self._numbers), size)


type Operation = Callable[[Ground], Awaitable[object]]


def _item(key: Key, size: int) -> Item:
    pk, sk = key
    return {"pk": pk, "sk": sk, "content": _TEXT[:size], "created_at": unix_now(), "status": "new"}


async def get(ground: Ground) -> None:
    await ground.table.get((ground.user, "Agent#1"))


async def query(ground: Ground) -> None:
    await ground.table.query(Query(ground.thread, begins="MESSAGE#", limit=20, newest_first=True))


async def put_if_absent(ground: Ground) -> None:
    await ground.table.write(Put(ground.next_message(), when=NEW))


async def update(ground: Ground) -> None:
    await ground.table.update(
        ground.conversation, Set("title", "Tea"), Add("count", 1), when=EXISTS
    )


async def turn(ground: Ground) -> None:
    """The four waves of a plain turn, with items of the size that they have."""
    table, turn_id = ground.table, new_id()
    now = sort_time(utc_now())
    free = Absent("lease_until") | Compare("lease_until", "<", now)
    await asyncio.gather(
        table.update(
            ground.conversation,
            *(Set("lease_by", turn_id), Set("lease_until", _LATER), Add("fence", 1)),
            when=EXISTS & free,
        ),
        table.read(
            Get((ground.user, "User#Metadata")),
            Get((ground.user, "Agent#1")),
            Query(ground.user, between=("ProviderSettings#", "Usage#~")),
            Query(ground.thread, begins="MESSAGE#", limit=MESSAGES, newest_first=True),
            Query(ground.memory, between=("CapacityWarning#", "MemoryBlockDef#~")),
        ),
    )
    record: Key = (ground.thread, f"TURN#{turn_id}")
    await asyncio.gather(
        table.write(Put(_item(record, 300), when=NEW)),
        table.write(Put(ground.next_message(300))),
    )
    await table.write(Put(ground.next_message(1200)))
    await asyncio.gather(
        table.update(record, Set("status", "complete"), when=eq("status", "new")),
        table.update(
            ground.conversation,
            *(Remove("lease_by"), Remove("lease_until"), Set("updated_at", now)),
            when=eq("lease_by", turn_id),
        ),
    )


OPERATIONS: Final[dict[str, Operation]] = {
    "get": get,
    "query of 20": query,
    "put if absent": put_if_absent,
    "update": update,
    "plain turn": turn,
}
