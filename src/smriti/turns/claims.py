"""Idempotency keys of questions in the table.

    User#<user>  Idempotency#<sha256 of the key>    the turn that the key began; for a day

A claim is made before anything else, so that a message sent again can never begin a second turn.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from smriti.core.clock import sort_time, unix_now, utc_now
from smriti.core.errors import Invalid
from smriti.db.table import NEW, Compare, ConditionFailed, Delete, Item, Key, Put, Table, eq

LIFETIME_S: Final = 24 * 3600
_BROKEN_AFTER: Final = timedelta(seconds=60)


class KeyReused(Invalid):
    slug = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used with another request. Choose a new key for each message."
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """What a key stands for: one request of one user. `turn_id` is the turn that it shall begin."""

    user: str
    key: str
    digest: str
    turn_id: str

    @property
    def place(self) -> Key:
        return f"User#{self.user}", f"Idempotency#{hashlib.sha256(self.key.encode()).hexdigest()}"


def digest_of(*parts: object) -> str:
    """The same for the same request only."""
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


class ClaimRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    async def make(self, claim: Claim) -> str:
        """The turn that the key stands for: the claim's own, or that of an earlier request.

        `KeyReused` when that request was another one.
        """
        expired = Compare("ttl", "<", unix_now())
        try:
            await self._table.write(Put(self._item(claim), when=NEW | expired))
        except ConditionFailed as failure:
            earlier = failure.old or {}
            if earlier.get("digest") != claim.digest:
                raise KeyReused from failure
            return str(earlier["turn_id"])
        return claim.turn_id

    async def take_over(self, claim: Claim, turn_id: str) -> bool:
        """Make the claim in the place of one whose turn never began, if that is a minute old."""
        old = sort_time(utc_now() - _BROKEN_AFTER)
        broken = eq("turn_id", turn_id) & Compare("claimed_at", "<", old)
        try:
            await self._table.write(Put(self._item(claim), when=broken))
        except ConditionFailed:
            return False
        return True

    async def give_up(self, claim: Claim) -> None:
        """The request was refused: the key may be used again."""
        try:
            await self._table.write(Delete(claim.place, when=eq("turn_id", claim.turn_id)))
        except ConditionFailed:
            return

    def _item(self, claim: Claim) -> Item:
        pk, sk = claim.place
        now: datetime = utc_now()
        return {
            "pk": pk,
            "sk": sk,
            "entity_type": "Idempotency",
            "digest": claim.digest,
            "turn_id": claim.turn_id,
            "claimed_at": sort_time(now),
            "ttl": unix_now() + LIFETIME_S,
        }
