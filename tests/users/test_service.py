"""Accounts are made once, found by address, kept with what others stored in them."""

import asyncio

import pytest

from smriti.db.table import Item, Table
from smriti.users.models import User, normal_email
from smriti.users.repository import user_key
from smriti.users.service import AccountExists, UserNotFound, UserService

ADA = "ada@example.com"


def test_an_address_is_trimmed_and_lower_cased() -> None:
    assert normal_email("  Ada@Example.COM\n") == ADA


async def test_a_new_account_is_found_by_its_address(users: UserService) -> None:
    ada = await users.create(User.new(" ADA@example.com", "Ada"))

    assert await users.get(ADA) == ada
    assert await users.find("bob@example.com") is None
    with pytest.raises(UserNotFound):
        await users.get("bob@example.com")


async def test_an_account_lies_where_the_contract_says(users: UserService, table: Table) -> None:
    ada = await users.create(User.new(ADA, "Ada"))

    item = await table.get(user_key(ADA))

    assert item == {
        "pk": f"User#{ADA}",
        "sk": "User#Metadata",
        "entity_type": "User",
        "email": ADA,
        "name": "Ada",
        "token_version": ada.token_version,
        "created_at": ada.model_dump(mode="json")["created_at"],
    }


async def test_of_many_creations_at_once_one_wins(users: UserService) -> None:
    results = await asyncio.gather(
        *(users.create(User.new(ADA, f"Ada {n}")) for n in range(5)), return_exceptions=True
    )

    assert [type(result) for result in results].count(AccountExists) == 4
    assert await users.get(ADA) in results


async def test_finding_or_creating_gives_everybody_the_same(users: UserService) -> None:
    found = await asyncio.gather(
        *(users.find_or_create(User.new(ADA, f"Ada {n}")) for n in range(5))
    )

    assert found == [await users.get(ADA)] * 5


async def test_a_new_account_starts_with_a_version_of_its_own() -> None:
    assert User.new(ADA, "Ada").token_version != User.new(ADA, "Ada").token_version


async def test_an_older_servers_user_is_read_and_nothing_of_it_is_lost(
    users: UserService, table: Table
) -> None:
    pk, sk = user_key(ADA)
    older: Item = {
        "pk": pk,
        "sk": sk,
        "email": ADA,
        "name": "Ada",
        "refresh_token": "kept",
        "stripe_customer_id": "cus_1",
        "created_at": "2026-01-02T03:04:05.678900+00:00",
    }
    await table.bulk(puts=[older])

    user = await users.sign_in(ADA, name="Ada King", picture=None)
    await users.sign_out_everywhere(ADA)

    item = await table.get((pk, sk))
    assert user.token_version == 0
    assert item is not None
    assert item.pop("updated_at")
    assert item == {**older, "name": "Ada King", "token_version": 1}


async def test_an_unchanged_profile_is_not_written(users: UserService) -> None:
    await users.sign_in(ADA, name="Ada", picture=None)

    again = await users.sign_in(ADA, name="Ada", picture=None)

    assert again.updated_at is None


async def test_signing_nobody_out_makes_no_account(users: UserService) -> None:
    await users.sign_out_everywhere(ADA)

    assert await users.find(ADA) is None


def test_a_password_does_not_show() -> None:
    assert "scrypt" not in repr(User.new(ADA, "Ada", password_hash="scrypt$1$x$y"))
