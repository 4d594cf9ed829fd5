"""Requests with an `Idempotency-Key` in the table.

User#<email>  Idempotency#<sha256 of the key>    the request that came with it, for 24 hours
"""

from smriti.auth.idempotency.models import Answer, IdempotencyRecord
from smriti.db.repository import Repository, stored
from smriti.db.table import (
    NEW,
    Action,
    Change,
    Condition,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Set,
    Update,
    eq,
)


class IdempotencyRepository(Repository[IdempotencyRecord]):
    entity = IdempotencyRecord

    def key(self, entity: IdempotencyRecord) -> Key:
        return f"User#{entity.created_by}", f"Idempotency#{entity.key_hash}"

    async def add(self, record: IdempotencyRecord) -> IdempotencyRecord:
        """The record, or the one that its key has already, even if that has expired."""
        try:
            await self._table.write(Put(self.item(record), when=NEW))
        except ConditionFailed as failure:
            return self.load(failure.old or {})
        return record

    async def replace(self, standing: IdempotencyRecord, record: IdempotencyRecord) -> bool:
        """False when somebody else was faster."""
        return await self._write(Put(self.item(record), when=_unmoved(standing)))

    async def finish(self, claim: IdempotencyRecord, answer: Answer | None) -> bool:
        """False when somebody else has the claim now."""
        changes: list[Change] = [Set("state", "done")]
        if answer is not None:
            changes.append(Set("answer", stored(answer)))
        return await self._write(Update(self.key(claim), tuple(changes), when=_unmoved(claim)))

    async def forget(self, claim: IdempotencyRecord) -> bool:
        mine = eq("claim_id", claim.claim_id)  # pending or, when its work came to nothing, done
        return await self._write(Delete(self.key(claim), when=mine))

    async def give_up(self, claim: IdempotencyRecord) -> bool:
        """From now on another attempt may take it over."""
        free = Set("claimed_until", 0)
        return await self._write(Update(self.key(claim), (free,), when=_unmoved(claim)))

    async def _write(self, action: Action) -> bool:
        try:
            await self._table.write(action)
        except ConditionFailed:
            return False
        return True


def _unmoved(record: IdempotencyRecord) -> Condition:
    return eq("claim_id", record.claim_id) & eq("state", record.state)
