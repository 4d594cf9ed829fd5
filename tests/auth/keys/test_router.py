"""API keys over HTTP."""

from typing import Any

import pytest

from smriti.auth.keys.service import KeyService
from tests.home import Home

_NEW = {"name": "My laptop", "kind": "device"}


async def test_a_key_is_shown_once_and_listed_without_its_secret(home: Home) -> None:
    made = await home.post("/devices/keys", _NEW | {"client_ids": ["lab-7"]})

    secret = made.pop("key")
    assert secret.startswith(f"sk_smriti_{made['key_id']}_")
    assert secret.endswith(made["hint"])
    assert (made["name"], made["kind"], made["client_ids"]) == ("My laptop", "device", ["lab-7"])
    assert await home.get("/devices/keys") == [made]


async def test_the_answer_with_a_key_is_not_cached(home: Home) -> None:
    response = await home.client.post("/devices/keys", json=_NEW)

    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_revoked_key_is_gone(home: Home) -> None:
    made = await home.post("/devices/keys", _NEW)

    answers = [await home.client.delete(f"/devices/keys/{made['key_id']}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert await home.get("/devices/keys") == []


async def test_a_key_that_was_made_verifies(home: Home) -> None:
    made = await home.post("/devices/keys", _NEW)

    key = await home.services.get(KeyService).verify(made["key"])

    assert (key.key_id, key.created_by) == (made["key_id"], "alice@local")


async def test_a_repeated_request_makes_no_second_key_and_tells_no_secret(home: Home) -> None:
    again = {"Idempotency-Key": "laptop"}

    first = await home.client.post("/devices/keys", json=_NEW, headers=again)
    second = await home.client.post("/devices/keys", json=_NEW, headers=again)

    assert (first.status_code, second.status_code) == (201, 409)
    assert second.json()["resource_id"] == first.json()["key_id"]
    assert "sk_smriti_" not in second.text
    assert len(await home.get("/devices/keys")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "n" * 101},
        {"kind": "admin"},
        {"client_ids": []},
        {"client_ids": ["with space"]},
        {"client_ids": ["ä"]},
        {"client_ids": ["c"] * 101},
    ],
    ids=str,
)
async def test_a_key_that_makes_no_sense_is_not_made(home: Home, wrong: dict[str, Any]) -> None:
    response = await home.client.post("/devices/keys", json=_NEW | wrong)

    assert response.status_code == 422
    assert await home.get("/devices/keys") == []


async def test_an_account_tells_its_keys_without_what_opens_anything(home: Home) -> None:
    made = await home.post("/devices/keys", _NEW | {"client_ids": ["lab-7"]})

    account = await home.get("/users/me/export")

    [listed] = account["api_keys"]
    own = {"key_id", "name", "kind", "client_ids", "created_at", "last_used_at"}
    names = own | {"scopes", "expires_at"}
    assert listed == {name: made[name] for name in names}
