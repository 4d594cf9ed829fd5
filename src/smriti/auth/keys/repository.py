"""API keys in the table.

User#<owner>  ApiKey#<key_id>   a key; all of an owner's in one query
User#<owner>  ApiKeyCount       how many keys the owner has (`keys`)
ApiKey#<key_id>  the same       whose key it is, and the SHA-256 of its secret
"""

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
    Get,
    Item,
    Key,
    Put,
    Query,
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
    """What a key is checked against."""

    owner: str
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
        lock: Item = {"pk": pk, "sk": sk, "created_by": owner, "secret_hash": secret_hash}
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
        return Lock(owner=str(item["created_by"]), secret_hash=str(item["secret_hash"]))

    async def find(self, owner: str, key_id: str) -> ApiKey | None:
        return await self._find(_key(owner, key_id))

    async def find_in_use(self, owner: str, key_id: str) -> ApiKey | None:
        """None also when the owner's account is gone or going."""
        key, user = await self._table.read(Get(_key(owner, key_id)), Get(user_key(owner)))
        if not isinstance(key, dict) or not isinstance(user, dict) or user.get("deleted_at"):
            return None
        return self.load(key)

    async def all_of(self, owner: str) -> list[ApiKey]:
        """Oldest first."""
        return await self._all(Query(f"User#{owner}", begins="ApiKey#"))

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
