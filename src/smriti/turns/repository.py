"""Turn records in the table.

CONVERSATION#<conversation>  TURN#<turn>
"""

from smriti.core.clock import sort_time, utc_now
from smriti.db.repository import Repository, stored
from smriti.db.table import NEW, Key, Put, Set, eq
from smriti.messages.repository import conversation_partition
from smriti.turns.models import TurnRecord


class TurnRepository(Repository[TurnRecord]):
    entity = TurnRecord

    def key(self, entity: TurnRecord) -> Key:
        return conversation_partition(entity.conversation_id), f"TURN#{entity.turn_id}"

    async def find(self, conversation_id: str, turn_id: str) -> TurnRecord | None:
        return await self._find((conversation_partition(conversation_id), f"TURN#{turn_id}"))

    async def begin(self, record: TurnRecord) -> None:
        await self._table.write(Put(self.item(record), when=NEW))

    async def finish(self, record: TurnRecord) -> None:
        """Close the record. Exactly one finisher passes; a second one gets `ConditionFailed`."""
        values = stored(record)
        changed = ("status", "answer_id", "error", "steps", "usage")
        await self._table.update(
            self.key(record),
            *(Set(name, values[name]) for name in changed if name in values),
            Set("finished_at", sort_time(utc_now())),
            when=eq("status", "running"),
        )
