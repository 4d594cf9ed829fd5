"""Decisions about API keys: made once, shown once, checked each time, gone when revoked."""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from smriti.auth.keys.models import PREFIX, ApiKey, KeyCreate, NewKey
from smriti.auth.keys.repository import KeyRepository
from smriti.auth.tokens import NotSignedIn
from smriti.core.clock import new_id, utc_now
from smriti.core.errors import NotFound
from smriti.db.table import TableBusy, TableUnavailable

type RevokeHook = Callable[[ApiKey], None]

_SECRET_BYTES: Final = 32
_HINT: Final = 4
_FORM: Final = re.compile(rf"{PREFIX}([0-9a-f-]{{36}})_([A-Za-z0-9_-]{{43}})")
_USE_NOTED_EVERY: Final = timedelta(minutes=1)

log = structlog.get_logger()


class InvalidKey(NotSignedIn):
    """No key of ours, or revoked, or its owner's account is gone."""

    slug = "invalid-api-key"

    def __init__(self) -> None:
        super().__init__("Invalid API key")


class KeyNotFound(NotFound):
    slug = "api-key-not-found"

    def __init__(self) -> None:
        super().__init__("API key not found")


class KeyService:
    """The API keys of users.

    `on_revoke` are called with each key that is gone; the list may be filled until then.
    """

    def __init__(
        self,
        keys: KeyRepository,
        *,
        on_revoke: Sequence[RevokeHook] = (),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._keys = keys
        self._on_revoke = on_revoke
        self._now = now
        self._notes: dict[str, asyncio.Task[None]] = {}

    async def make(self, owner: str, new: KeyCreate, key_id: str | None = None) -> NewKey:
        """A key with the secret, which nobody can tell again.

        `TooManyKeys`; `KeyMadeBefore` when there is one of this id.
        """
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        key = ApiKey(
            key_id=key_id or new_id(),
            hint=secret[-_HINT:],
            created_by=owner,
            created_at=self._now(),
            **new.model_dump(),
        )
        await self._keys.create(key, _hash(secret))
        return NewKey(key=f"{PREFIX}{key.key_id}_{secret}", **key.model_dump())

    async def verify(self, presented: str) -> ApiKey:
        """The key that this text is, else `InvalidKey`."""
        key_id, secret = read_key(presented)
        lock = await self._keys.lock(key_id)
        if lock is None or not hmac.compare_digest(
            _hash(secret).encode(), lock.secret_hash.encode()
        ):
            raise InvalidKey
        key = await self._keys.find_in_use(lock.owner, key_id)
        if key is None:
            raise InvalidKey
        self._note_use(key)
        return key

    async def all_of(self, owner: str) -> list[ApiKey]:
        """Oldest first."""
        return await self._keys.all_of(owner)

    async def revoke(self, owner: str, key_id: str) -> None:
        key = await self._keys.find(owner, key_id)
        if key is None or not await self._keys.delete(key):
            raise KeyNotFound
        self._tell(key)

    async def delete_all_of(self, owner: str) -> None:
        for key in await self._keys.all_of(owner):
            await self._keys.delete(key)
            self._tell(key)

    async def close(self) -> None:
        """Let what is being noted be written."""
        await asyncio.gather(*self._notes.values(), return_exceptions=True)

    def _tell(self, key: ApiKey) -> None:
        for hear in self._on_revoke:
            hear(key)

    def _note_use(self, key: ApiKey) -> None:
        """In the background, and once when many use the key at a time."""
        now, last = self._now(), key.last_used_at
        if key.key_id in self._notes or (last is not None and now - last < _USE_NOTED_EVERY):
            return
        note = asyncio.create_task(self._write_use(key, now), name="api-key-use")
        self._notes[key.key_id] = note
        note.add_done_callback(lambda _: self._notes.pop(key.key_id, None))

    async def _write_use(self, key: ApiKey, now: datetime) -> None:
        try:
            await self._keys.note_use(key, now, every=_USE_NOTED_EVERY)
        except (TableBusy, TableUnavailable) as error:
            log.warning("api_key.use_not_noted", key_id=key.key_id, error=repr(error))


def read_key(presented: str) -> tuple[str, str]:
    """The id and the secret of what has the form of a key, else `InvalidKey`. Any text will do."""
    form = _FORM.fullmatch(presented)
    if form is None:
        raise InvalidKey
    return form[1], form[2]


def _hash(secret: str) -> str:
    """A plain hash: nobody can guess 256 random bits, however fast."""
    return hashlib.sha256(secret.encode()).hexdigest()
