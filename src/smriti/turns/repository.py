"""Turns in the table.

    CONVERSATION#<conversation>  TURN#<turn>    a turn; ids sort by age
    gsi2: Turns#<0…7>            <turn>         turns that have not ended, of all conversations

The index is how a process that starts, or one that lives on, finds the turns of one that died.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Final

from smriti.core.clock import utc_now
from smriti.core.paging import Page, PageRequest
from smriti.db.repository import Repository, pages, stored
from smriti.db.table import (
    EXISTS,
    NEW,
    Action,
    Change,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Query,
    Remove,
    Set,
    TransactionFailed,
    Update,
    eq,
)
from smriti.messages.repository import conversation_partition
from smriti.turns.models import TurnRecord

OFF_INDEX: Final[tuple[Change, ...]] = (Remove("gsi2_pk"), Remove("gsi2_sk"))

_SHARDS: Final = 8
_BY_STEP: Final = ("steps", "usage", "cost", "first_token_ms", "tools_ms", "step_log")
_CLOSING: Final = (
    *("status", "answer_id", "error", "problem", "finish_reason", "model", "steps", "usage"),
    *("cost", "first_token_ms", "tools_ms", "finished_at", "last_seq", "step_log"),
)


def turn_key(conversation_id: str, turn_id: str) -> Key:
    return conversation_partition(conversation_id), f"TURN#{turn_id}"


class TurnRepository(Repository[TurnRecord]):
    entity = TurnRecord

    def key(self, entity: TurnRecord) -> Key:
        return turn_key(entity.conversation_id, entity.turn_id)

    def item(self, entity: TurnRecord) -> Item:
        item = super().item(entity)
        if entity.ended:
            return item
        shard = int(entity.turn_id[-1], 16) % _SHARDS
        return {**item, "gsi2_pk": f"Turns#{shard}", "gsi2_sk": entity.turn_id}

    async def find(self, conversation_id: str, turn_id: str) -> TurnRecord | None:
        return await self._find(turn_key(conversation_id, turn_id))

    async def page(self, conversation_id: str, page: PageRequest) -> Page[TurnRecord]:
        """Newest first."""
        partition = conversation_partition(conversation_id)
        return await self._page(Query(partition, begins="TURN#", newest_first=True), page)

    async def in_pages(self, conversation_id: str) -> AsyncIterator[list[TurnRecord]]:
        """All turns of a conversation, oldest first, as they are read."""
        query = Query(conversation_partition(conversation_id), begins="TURN#", limit=250)
        async for items in pages(self._table, query):
            yield [self.load(item) for item in items]

    async def put_all(self, records: Sequence[TurnRecord]) -> None:
        """Store turns that ended elsewhere."""
        await self._table.bulk(puts=[self.item(record) for record in records])

    async def under_way(self) -> list[TurnRecord]:
        """Every turn that has not ended, oldest first: as many as run and wait on all servers."""
        found = [
            record
            for shard in range(_SHARDS)
            for record in await self._all(Query(f"Turns#{shard}", index=True))
        ]
        return sorted(found, key=lambda record: record.turn_id)

    async def begin(self, record: TurnRecord) -> None:
        await self._table.write(Put(self.item(record), when=NEW))

    async def begin_again(self, record: TurnRecord) -> bool:
        """Count one more attempt; False when another process was quicker, or the turn has ended."""
        again = (Set("attempt", record.attempt + 1),)
        with suppress(ConditionFailed):
            await self._table.update(self.key(record), *again, when=_running(record))
            return True
        return False

    async def note_step(self, record: TurnRecord) -> None:
        """Keep what the turn has cost so far, for whoever may have to go on with it."""
        values = stored(record)
        changes = [Set(name, values[name]) for name in _BY_STEP if name in values]
        await self._table.update(self.key(record), *changes, when=_running(record))

    async def finish(self, record: TurnRecord, refund: Update | None = None) -> None:
        """Close the record. Exactly one finisher passes; a second one gets `ConditionFailed`."""
        record.finished_at = utc_now()
        kept = stored(record)
        changes: list[Change] = [Set(name, kept[name]) for name in _CLOSING if name in kept]
        changes += [*OFF_INDEX, *([Remove("reserved")] if refund else [])]
        await self._write(Update(self.key(record), tuple(changes), when=_running(record)), refund)

    async def forget(self, record: TurnRecord, refund: Update | None = None) -> None:
        """Remove a turn whose conversation, or question, is gone; again is no error."""
        with suppress(ConditionFailed):
            await self._write(Delete(self.key(record), when=EXISTS), refund)

    async def _write(self, action: Action, refund: Update | None) -> None:
        """One conditional write, and the refund together with it, if there still is of what."""
        if refund is None:
            await self._table.write(action)
            return
        try:
            await self._table.write(action, refund)
        except TransactionFailed as failure:
            if 0 in failure.failed:
                raise ConditionFailed(failure.failed[0]) from failure
            await self._table.write(action)


def _running(record: TurnRecord) -> Condition:
    return eq("status", "running") & eq("attempt", record.attempt)
