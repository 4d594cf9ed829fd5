"""API keys over HTTP."""

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
