"""API keys: what verifies, what does not, and what is kept of them."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from smriti.auth.keys.models import ApiKey, KeyCreate
from smriti.auth.keys.repository import MAX_KEYS, KeyMadeBefore, KeyRepository, TooManyKeys
from smriti.auth.keys.service import DEVICE_KEYS, KeyNotFound, KeyService
from smriti.auth.tokens import InvalidKey
from smriti.core.clock import new_id
from smriti.db.table import Change, Condition, Item, Key, Table
from smriti.users.models import User
from smriti.users.repository import DeletionRepository, UserRepository
from smriti.users.service import AccountBeingDeleted, UserService
from tests.fakes.failing_table import FailingTable

_DEVICE = KeyCreate(name="My laptop", kind="device")
_ADA, _BOB = "ada@local", "bob@local"


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Locksmith:
    """The service over a table with ada and bob, and the keys that it said were revoked."""

    table: Table
    users: UserService
    keys: KeyService
    clock: Clock
    revoked: list[ApiKey]

    async def used(self, owner: str = _ADA) -> list[datetime | None]:
        await self.keys.close()
        return [key.last_used_at for key in await self.keys.all_of(owner)]


async def _open(table: Table) -> Locksmith:
    clock, revoked = Clock(), list[ApiKey]()
    keys = KeyService(KeyRepository(table), on_revoke=[revoked.append], now=clock)
    users = UserService(UserRepository(table), DeletionRepository(table), [keys.delete_all_of])
    for email in (_ADA, _BOB):
        await users.create(User.new(email, email))
    return Locksmith(table, users, keys, clock, revoked)


@pytest.fixture
async def locksmith(table: Table) -> Locksmith:
    return await _open(table)


async def test_what_was_made_verifies_as_its_owners(locksmith: Locksmith) -> None:
    made = await locksmith.keys.make(_ADA, _DEVICE)

    verified = await locksmith.keys.verify(made.key)

    assert verified == ApiKey(**made.model_dump(exclude={"key"}))
    assert (verified.created_by, verified.kind) == (_ADA, "device")


async def test_the_secret_is_not_stored(locksmith: Locksmith) -> None:
    made = await locksmith.keys.make(_ADA, _DEVICE)

    secret = made.key.removeprefix(f"sk_smriti_{made.key_id}_")
    stored = str((await locksmith.table.scan()).items)
    assert secret not in stored
    assert hashlib.sha256(secret.encode()).hexdigest() in stored
    assert secret not in repr(made)


async def test_the_secret_of_another_key_opens_nothing(locksmith: Locksmith) -> None:
    first, second = [await locksmith.keys.make(_ADA, _DEVICE) for _ in range(2)]

    with pytest.raises(InvalidKey, match="Invalid API key"):
        await locksmith.keys.verify(first.key.replace(first.key_id, second.key_id))


async def test_a_revoked_key_does_not_verify_and_its_listeners_are_told(
    locksmith: Locksmith,
) -> None:
    made, other = [await locksmith.keys.make(_ADA, _DEVICE) for _ in range(2)]

    await locksmith.keys.revoke(_ADA, made.key_id, DEVICE_KEYS)

    with pytest.raises(InvalidKey):
        await locksmith.keys.verify(made.key)
    with pytest.raises(KeyNotFound):
        await locksmith.keys.revoke(_ADA, made.key_id, DEVICE_KEYS)
    assert [key.key_id for key in locksmith.revoked] == [made.key_id]
    assert [key.key_id for key in await locksmith.keys.all_of(_ADA)] == [other.key_id]


async def test_nobody_revokes_or_sees_anothers_key(locksmith: Locksmith) -> None:
    made = await locksmith.keys.make(_ADA, _DEVICE)

    with pytest.raises(KeyNotFound):
        await locksmith.keys.revoke(_BOB, made.key_id, DEVICE_KEYS)

    assert await locksmith.keys.all_of(_BOB) == []
    assert (await locksmith.keys.verify(made.key)).created_by == _ADA
    assert locksmith.revoked == []


async def test_the_keys_of_a_deleted_account_are_gone(locksmith: Locksmith) -> None:
    made = [await locksmith.keys.make(_ADA, _DEVICE) for _ in range(2)]
    bobs = await locksmith.keys.make(_BOB, _DEVICE)

    await locksmith.users.delete(_ADA)
    with pytest.raises(InvalidKey):
        await locksmith.keys.verify(made[0].key)  # the deletion has only begun
    await locksmith.users.close()
    await locksmith.users.create(User.new(_ADA, "Another Ada"))

    with pytest.raises(InvalidKey):
        await locksmith.keys.verify(made[1].key)
    assert {key.key_id for key in locksmith.revoked} == {key.key_id for key in made}
    left = [item["pk"] for item in (await locksmith.table.scan()).items if "ApiKey" in str(item)]
    assert sorted(map(str, left)) == sorted([f"ApiKey#{bobs.key_id}", *[f"User#{_BOB}"] * 2])


async def test_an_account_that_is_being_deleted_gets_no_key(locksmith: Locksmith) -> None:
    await locksmith.users.delete(_ADA)

    with pytest.raises(AccountBeingDeleted):
        await locksmith.keys.make(_ADA, _DEVICE)

    await locksmith.users.close()


async def test_a_user_has_a_bounded_number_of_keys(locksmith: Locksmith) -> None:
    made = [await locksmith.keys.make(_ADA, _DEVICE) for _ in range(MAX_KEYS - 1)]

    late = await asyncio.gather(
        *(locksmith.keys.make(_ADA, _DEVICE) for _ in range(3)), return_exceptions=True
    )
    refused = [type(each) for each in late if isinstance(each, Exception)]
    await locksmith.keys.revoke(_ADA, made[0].key_id, DEVICE_KEYS)
    again = await locksmith.keys.make(_ADA, _DEVICE)
    bobs = await locksmith.keys.make(_BOB, _DEVICE)

    assert refused == [TooManyKeys, TooManyKeys]
    assert again.created_by == _ADA
    assert bobs.created_by == _BOB
    assert len(await locksmith.keys.all_of(_ADA)) == MAX_KEYS


async def test_nobody_makes_a_key_of_an_id_that_is_taken(locksmith: Locksmith) -> None:
    key_id = new_id()
    made = await locksmith.keys.make(_ADA, _DEVICE, key_id)

    for owner in (_ADA, _BOB):
        with pytest.raises(KeyMadeBefore):
            await locksmith.keys.make(owner, _DEVICE, key_id)

    assert (await locksmith.keys.verify(made.key)).created_by == _ADA
    assert await locksmith.keys.all_of(_BOB) == []


async def test_the_last_use_is_noted_once_a_minute(locksmith: Locksmith) -> None:
    made, begin = await locksmith.keys.make(_ADA, _DEVICE), locksmith.clock.now
    seen = []

    for later in (0, 59, 60):
        locksmith.clock.now = begin + timedelta(seconds=later)
        await locksmith.keys.verify(made.key)
        seen += await locksmith.used()

    assert seen == [begin, begin, begin + timedelta(seconds=60)]


async def test_a_wrong_secret_is_no_use_of_the_key(locksmith: Locksmith) -> None:
    made = await locksmith.keys.make(_ADA, _DEVICE)

    with pytest.raises(InvalidKey):
        await locksmith.keys.verify(made.key[:-1] + ("a" if made.key[-1] != "a" else "b"))

    assert await locksmith.used() == [None]


async def test_many_uses_at_a_time_are_one_write(table: Table) -> None:
    counting = FailingTable(table)
    locksmith = await _open(counting)
    made = await locksmith.keys.make(_ADA, _DEVICE)
    counting.waves.clear()

    await asyncio.gather(*(locksmith.keys.verify(made.key) for _ in range(50)))
    await locksmith.keys.close()

    assert [name for wave in counting.waves for name in wave].count("update") == 1


async def test_a_use_that_cannot_be_noted_keeps_nobody_out(table: Table) -> None:
    class ReadOnly(FailingTable):
        async def update(self, key: Key, *changes: Change, when: Condition | None = None) -> Item:
            raise self.error

    locksmith = await _open(ReadOnly(table))
    made = await locksmith.keys.make(_ADA, _DEVICE)

    assert (await locksmith.keys.verify(made.key)).key_id == made.key_id
    assert await locksmith.used() == [None]


async def test_a_key_that_is_revoked_while_its_use_is_noted_does_not_come_back(
    locksmith: Locksmith,
) -> None:
    made = await locksmith.keys.make(_ADA, _DEVICE)

    await locksmith.keys.verify(made.key)
    await locksmith.keys.revoke(_ADA, made.key_id, DEVICE_KEYS)

    assert await locksmith.used() == []
