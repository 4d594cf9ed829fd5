"""Decisions about API keys: made once, shown once, checked each time, gone when revoked."""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from smriti.auth.keys.models import (
    PREFIX,
    ApiKey,
    KeyCreate,
    KeyKind,
    NewKey,
    ProgramKeyCreate,
    ProgramKeyUpdate,
)
from smriti.auth.keys.repository import KeyRepository
from smriti.auth.tokens import InvalidKey, NotSignedIn
from smriti.core.clock import new_id, utc_now
from smriti.core.errors import Forbidden, NotFound
from smriti.db.table import TableBusy, TableUnavailable

type RevokeHook = Callable[[ApiKey], None]

DEVICE_KEYS: Final[Sequence[KeyKind]] = ("device", "constellation")
PROGRAM_KEYS: Final[Sequence[KeyKind]] = ("program",)

_SECRET_BYTES: Final = 32
_HINT: Final = 4
_FORM: Final = re.compile(rf"{PREFIX}([0-9a-f-]{{36}})_([A-Za-z0-9_-]{{43}})")
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_NOTED_AT_MOST: Final = 10_000

log = structlog.get_logger()


class KeyExpired(NotSignedIn):
    slug = "api-key-expired"

    def __init__(self) -> None:
        super().__init__("API key expired")


class ScopeMissing(Forbidden):
    slug = "api-key-scope-missing"

    def __init__(self, lacking: Sequence[str]) -> None:
        scopes = " ".join(lacking)
        challenge = f'Bearer error="insufficient_scope", scope="{scopes}"'  # RFC 6750 §3.1
        super().__init__(
            f"This API key lacks the scope {' and '.join(map(repr, lacking))}.",
            headers={"WWW-Authenticate": challenge},
            scopes=list(lacking),
        )


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
        self._noted: dict[str, datetime] = {}

    async def make(self, owner: str, new: KeyCreate, key_id: str | None = None) -> NewKey:
        """A key with the secret, which nobody can tell again.

        `TooManyKeys`; `KeyMadeBefore` when there is one of this id.
        """
        return await self._make(owner, key_id, **new.model_dump())

    async def make_for_program(
        self, owner: str, new: ProgramKeyCreate, key_id: str | None = None
    ) -> NewKey:
        """The same, for a program."""
        expires_at = self._in_days(new.expires_in_days)
        members = new.model_dump(exclude={"expires_in_days"})
        return await self._make(owner, key_id, kind="program", expires_at=expires_at, **members)

    async def read(self, presented: str) -> ApiKey:
        """The key that this text is, in one read: `InvalidKey`, `KeyExpired`.

        Whether there still is the account that it acts for, `admit` says.
        """
        key_id, secret = read_key(presented)
        lock = await self._keys.lock(key_id)
        if lock is None or not hmac.compare_digest(
            _hash(secret).encode(), lock.secret_hash.encode()
        ):
            raise InvalidKey
        key = lock.key
        if key.expires_at is not None and key.expires_at <= self._now():
            raise KeyExpired
        self._note_use(key)
        return key

    async def verify(self, presented: str) -> ApiKey:
        """The same, for who does not ask for the account: `InvalidKey` when that is gone."""
        key = await self.read(presented)
        if not await self._keys.has_owner(key):
            raise InvalidKey
        return key

    async def all_of(self, owner: str, kinds: Sequence[KeyKind] | None = None) -> list[ApiKey]:
        """Oldest first."""
        keys = await self._keys.all_of(owner)
        return [key for key in keys if kinds is None or key.kind in kinds]

    async def change_for_program(self, owner: str, key_id: str, change: ProgramKeyUpdate) -> ApiKey:
        key = await self._find(owner, key_id, PROGRAM_KEYS)
        given = {"name": change.name, "scopes": change.scopes}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value}
        if "expires_in_days" in change.model_fields_set:
            changes["expires_at"] = self._in_days(change.expires_in_days)
        key = key.model_copy(update=changes)
        if changes and not await self._keys.change(key, list(changes)):
            raise KeyNotFound
        return key

    async def revoke(self, owner: str, key_id: str, kinds: Sequence[KeyKind]) -> None:
        key = await self._find(owner, key_id, kinds)
        if not await self._keys.delete(key):
            raise KeyNotFound
        self._tell(key)

    async def delete_all_of(self, owner: str) -> None:
        for key in await self._keys.all_of(owner):
            await self._keys.delete(key)
            self._tell(key)

    async def close(self) -> None:
        """Let what is being noted be written."""
        await asyncio.gather(*self._notes.values(), return_exceptions=True)

    async def _make(self, owner: str, key_id: str | None, **members: Any) -> NewKey:
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        key = ApiKey(
            key_id=key_id or new_id(),
            hint=secret[-_HINT:],
            created_by=owner,
            created_at=self._now(),
            **members,
        )
        await self._keys.create(key, _hash(secret))
        return NewKey(key=f"{PREFIX}{key.key_id}_{secret}", **key.model_dump())

    async def _find(self, owner: str, key_id: str, kinds: Sequence[KeyKind]) -> ApiKey:
        key = await self._keys.find(owner, key_id)
        if key is None or key.kind not in kinds:
            raise KeyNotFound
        return key

    def _in_days(self, days: int | None) -> datetime | None:
        return None if days is None else self._now() + timedelta(days=days)

    def _tell(self, key: ApiKey) -> None:
        for hear in self._on_revoke:
            hear(key)

    def _note_use(self, key: ApiKey) -> None:
        """In the background, and once when many use the key at a time."""
        now, last = self._now(), self._noted.get(key.key_id)
        if key.key_id in self._notes or (last is not None and now - last < _USE_NOTED_EVERY):
            return
        if len(self._noted) >= _NOTED_AT_MOST:
            self._noted.clear()
        self._noted[key.key_id] = now
        note = asyncio.create_task(self._write_use(key, now), name="api-key-use")
        self._notes[key.key_id] = note
        note.add_done_callback(lambda _: self._notes.pop(key.key_id, None))

    async def _write_use(self, key: ApiKey, now: datetime) -> None:
        try:
            await self._keys.note_use(key, now, every=_USE_NOTED_EVERY)
        except (TableBusy, TableUnavailable) as error:
            log.warning("api_key.use_not_noted", key_id=key.key_id, error=repr(error))


def require(key: ApiKey, scopes: Iterable[str]) -> None:
    """`ScopeMissing`, unless the key has all of them."""
    if lacking := key.lacking(scopes):
        raise ScopeMissing(lacking)


def read_key(presented: str) -> tuple[str, str]:
    """The id and the secret of what has the form of a key, else `InvalidKey`. Any text will do."""
    form = _FORM.fullmatch(presented)
    if form is None:
        raise InvalidKey
    return form[1], form[2]


def _hash(secret: str) -> str:
    """A plain hash: nobody can guess 256 random bits, however fast."""
    return hashlib.sha256(secret.encode()).hexdigest()
