"""API keys in the table.

User#<owner>  ApiKey#<key_id>   a key; all of an owner's in one query
User#<owner>  ApiKeyCount       how many keys the owner has (`keys`)
ApiKey#<key_id>  the same       the key again, with the SHA-256 of its secret: what it is
                                checked against, in one read
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from smriti.auth.keys.models import ApiKey
from smriti.core.clock import sort_time
from smriti.core.errors import Conflict
from smriti.db.repository import Repository
from smriti.db.table import (
    EXISTS,
    NEW,
    Absent,
    Add,
    Check,
    Compare,
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
)
from smriti.users.repository import user_key
from smriti.users.service import AccountBeingDeleted

MAX_KEYS: Final = 100
"""Of one owner: a plain list has no pages."""

_ROOM: Final = Absent("keys") | Compare("keys", "<", MAX_KEYS)


class KeyMadeBefore(Conflict):
    """An earlier attempt of the same request has made it."""

    slug = "api-key-made-before"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            "This API key was made already, and is shown once only. Revoke it and make another.",
            key_id=key_id,
        )


class TooManyKeys(Conflict):
    slug = "too-many-api-keys"

    def __init__(self) -> None:
        super().__init__(f"There are {MAX_KEYS} API keys already. Revoke one first.")


@dataclass(frozen=True, slots=True)
class Lock:
    """What a key is checked against. Its `last_used_at` is unknown."""

    key: ApiKey
    secret_hash: str


def _key(owner: str, key_id: str) -> Key:
    return f"User#{owner}", f"ApiKey#{key_id}"


def _lock_key(key_id: str) -> Key:
    return f"ApiKey#{key_id}", f"ApiKey#{key_id}"


def _count_key(owner: str) -> Key:
    return f"User#{owner}", "ApiKeyCount"


class KeyRepository(Repository[ApiKey]):
    entity = ApiKey

    def key(self, entity: ApiKey) -> Key:
        return _key(entity.created_by, entity.key_id)

    async def create(self, key: ApiKey, secret_hash: str) -> None:
        """`KeyMadeBefore`, `TooManyKeys`, `AccountBeingDeleted`."""
        owner = key.created_by
        pk, sk = _lock_key(key.key_id)
        lock: Item = {**self.item(key), "pk": pk, "sk": sk, "secret_hash": secret_hash}
        try:
            await self._table.write(
                Put(lock, when=NEW),
                Update(_count_key(owner), (Add("keys", 1),), when=_ROOM),
                Check(user_key(owner), EXISTS & Absent("deleted_at")),
                Put(self.item(key), when=NEW),
            )
        except TransactionFailed as failure:
            if 0 in failure.failed:
                raise KeyMadeBefore(key.key_id) from failure
            raise (TooManyKeys if 1 in failure.failed else AccountBeingDeleted) from failure

    async def lock(self, key_id: str) -> Lock | None:
        item = await self._table.get(_lock_key(key_id))
        if item is None:
            return None
        secret_hash = str(item["secret_hash"])
        if "kind" in item:
            return Lock(self.load(item), secret_hash)
        key = await self.find(str(item["created_by"]), key_id)  # an older lock says no more
        return Lock(key, secret_hash) if key else None

    async def find(self, owner: str, key_id: str) -> ApiKey | None:
        return await self._find(_key(owner, key_id))

    async def has_owner(self, key: ApiKey) -> bool:
        """False when the owner's account is gone or going."""
        user = await self._table.get(user_key(key.created_by))
        return user is not None and not user.get("deleted_at")

    async def all_of(self, owner: str) -> list[ApiKey]:
        """Oldest first."""
        return await self._all(Query(f"User#{owner}", begins="ApiKey#"))

    async def change(self, key: ApiKey, names: Sequence[str]) -> bool:
        """Store these attributes of the key; False when it is gone."""
        item = self.item(key)
        changes = tuple(Set(name, item[name]) if name in item else Remove(name) for name in names)
        try:
            await self._table.write(
                Update(self.key(key), changes, when=EXISTS),
                Update(_lock_key(key.key_id), changes, when=EXISTS),
            )
        except TransactionFailed:
            return False
        return True

    async def note_use(self, key: ApiKey, moment: datetime, *, every: timedelta) -> None:
        """Unless that was noted less than `every` ago, or the key is revoked."""
        old = Absent("last_used_at") | Compare("last_used_at", "<=", sort_time(moment - every))
        used = Set("last_used_at", sort_time(moment))
        try:
            await self._table.update(self.key(key), used, when=EXISTS & old)
        except ConditionFailed:
            return

    async def delete(self, key: ApiKey) -> bool:
        """False when it is gone already."""
        try:
            await self._table.write(
                Delete(self.key(key), when=EXISTS),
                Delete(_lock_key(key.key_id)),
                Update(_count_key(key.created_by), (Add("keys", -1),)),
            )
        except TransactionFailed:
            return False
        return True
