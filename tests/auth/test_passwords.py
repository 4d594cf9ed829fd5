"""Passwords at rest."""

import asyncio

import pytest
from pydantic import SecretStr

from smriti.auth.passwords import Passwords, PasswordsBusy
from tests.home import CHEAP

HORSE = SecretStr("correct horse")


async def test_a_password_matches_its_hash_only() -> None:
    passwords = Passwords(cost=CHEAP)

    stored = await passwords.hash(HORSE)

    assert await passwords.matches(HORSE, stored)
    assert not await passwords.matches(SecretStr("correct horsf"), stored)


async def test_a_hash_says_its_cost_and_never_repeats() -> None:
    passwords = Passwords(cost=CHEAP)

    hashes = {await passwords.hash(HORSE) for _ in range(2)}

    assert len(hashes) == 2
    assert all(stored.startswith("scrypt$2$") for stored in hashes)
    assert await Passwords(cost=CHEAP * 2).matches(HORSE, hashes.pop())


@pytest.mark.parametrize("stored", [None, "", "scrypt$2$x", "pbkdf2$100000$salt$hash"])
async def test_nothing_matches_what_is_not_ours(stored: str | None) -> None:
    assert not await Passwords(cost=CHEAP).matches(HORSE, stored)


async def test_only_so_many_may_wait() -> None:
    passwords = Passwords(cost=CHEAP)
    go_on, arrived = asyncio.Event(), asyncio.Semaphore(0)

    async def stay() -> None:
        arrived.release()
        async with passwords.turn():
            await go_on.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(256):
            group.create_task(stay())
        for _ in range(256):
            await arrived.acquire()

        with pytest.raises(PasswordsBusy) as caught:
            async with passwords.turn():
                pass
        go_on.set()

    assert caught.value.headers == {"Retry-After": "5"}
    async with passwords.turn():
        assert await passwords.hash(HORSE)
