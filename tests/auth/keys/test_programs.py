"""API keys of programs, from outside: made, used, changed, expired, revoked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2
import pytest

from smriti.auth.keys.models import ProgramKeyCreate
from smriti.auth.keys.repository import KeyRepository
from smriti.auth.keys.service import KeyService
from smriti.core.clock import utc_now
from smriti.db.table import NEW, Put, Table
from smriti.users.service import UserService
from tests.api.clients import open_client
from tests.fakes.counting_table import CountingTable
from tests.home import COUNTED_HELLO, HELLO, PLAIN_TURN, Home, events_of, open_home

_NEW: Final = {"name": "Nightly report", "scopes": ["chat"]}
_EXPIRES: Final = "X-API-Key-Expires"


@asynccontextmanager
async def _program(home: Home, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(home.app, Authorization=f"Bearer {key}") as client:
        yield client


async def _made_long_ago(home: Home, days: int, **values: Any) -> dict[str, Any]:
    """A key made that many days ago."""
    keys = KeyService(KeyRepository(home.table), now=lambda: utc_now() - timedelta(days=days))
    made = await keys.make_for_program("alice@local", ProgramKeyCreate(**_NEW | values))
    return made.model_dump(mode="json")


async def _answer(home: Home, key: str) -> tuple[int, str | None]:
    async with _program(home, key) as client:
        answer = await client.get("/conversations/")
    return answer.status_code, answer.json().get("detail")


async def test_a_key_is_shown_once_and_listed_with_its_scopes_alone(home: Home) -> None:
    await home.post("/devices/keys", {"name": "Laptop", "kind": "device"})

    made = await home.post("/api-keys", _NEW | {"scopes": ["devices", "chat", "chat"]})

    secret = made.pop("key")
    assert secret.startswith(f"sk_smriti_{made['key_id']}_")
    assert (made["kind"], made["scopes"]) == ("program", ["chat", "devices"])
    assert await home.get("/api-keys") == [made]
    assert [key["name"] for key in await home.get("/devices/keys")] == ["Laptop"]


@pytest.mark.parametrize(("days", "lives"), [({}, 30), ({"expires_in_days": 366}, 366)])
async def test_a_key_lives_for_thirty_days_or_as_long_as_was_asked(
    home: Home, days: dict[str, int], lives: int
) -> None:
    made = await home.post("/api-keys", _NEW | days)

    created, expires = (
        datetime.fromisoformat(made[f"{name}_at"]) for name in ("created", "expires")
    )
    assert expires - created == pytest.approx(timedelta(days=lives), abs=timedelta(minutes=1))


async def test_a_key_may_live_for_ever(home: Home) -> None:
    made = await _made_long_ago(home, 4000, expires_in_days=None)

    assert made["expires_at"] is None
    assert await _answer(home, made["key"]) == (200, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": None},
        {"expires_in_days": 0},
        {"expires_in_days": 367},
        {"expires_in_days": "soon"},
    ],
    ids=str,
)
async def test_a_key_that_makes_no_sense_is_not_made(home: Home, wrong: dict[str, Any]) -> None:
    response = await home.client.post("/api-keys", json=_NEW | wrong)

    assert response.status_code == 422
    assert await home.get("/api-keys") == []


async def test_an_expired_key_opens_nothing_until_its_owner_prolongs_it(home: Home) -> None:
    made = await _made_long_ago(home, 30)

    expired = await _answer(home, made["key"])
    await home.client.patch(f"/api-keys/{made['key_id']}", json={"expires_in_days": 1})

    assert expired == (401, "API key expired")
    assert await _answer(home, made["key"]) == (200, None)


@pytest.mark.parametrize(("age", "told"), [(26, False), (28, True)])
async def test_in_its_last_three_days_answers_tell_when_the_key_expires(
    age: int, told: bool, home: Home
) -> None:
    made = await _made_long_ago(home, age)
    conversation = await home.conversation(await home.agent())
    talk = f"/agents/{conversation['agent_id']}/{conversation['conversation_id']}/send-message"

    async with _program(home, made["key"]) as client:
        listed = await client.get("/conversations/")
        streamed = await client.post(talk, json={"content": "Hi"})
        refused = await client.get("/conversations/none")

    moment = f"{datetime.fromisoformat(made['expires_at']):%Y-%m-%dT%H:%M:%SZ}"
    assert events_of(streamed.text)[-1]["event_type"] == "STREAM_COMPLETE"
    for answer in (listed, streamed):
        assert answer.headers.get(_EXPIRES) == (moment if told else None)
    assert _EXPIRES not in refused.headers


async def test_a_change_keeps_what_is_not_given_and_holds_at_once(home: Home) -> None:
    made = await home.post("/api-keys", _NEW | {"expires_in_days": 7})
    path = f"/api-keys/{made['key_id']}"

    unchanged = (await home.client.patch(path, json={"name": None, "scopes": None})).json()
    named = (await home.client.patch(path, json={"name": "Weekly report"})).json()
    scoped = (await home.client.patch(path, json={"scopes": ["devices"]})).json()
    eternal = (await home.client.patch(path, json={"expires_in_days": None})).json()

    secret = made.pop("key")
    assert unchanged == made
    assert named == made | {"name": "Weekly report"}
    assert scoped == named | {"scopes": ["devices"]}
    assert eternal == scoped | {"expires_at": None}
    assert await home.get("/api-keys") == [eternal]
    assert await _answer(home, secret) == (403, "This API key lacks the scope 'chat'.")


async def test_keys_for_programs_and_for_devices_do_not_meet(home: Home) -> None:
    program = await home.post("/api-keys", _NEW)
    device = await home.post("/devices/keys", {"name": "Laptop", "kind": "device"})

    answers = [
        await home.client.delete(f"/devices/keys/{program['key_id']}"),
        await home.client.delete(f"/api-keys/{device['key_id']}"),
        await home.client.patch(f"/api-keys/{device['key_id']}", json={"scopes": ["admin"]}),
    ]

    assert {(each.status_code, each.json()["detail"]) for each in answers} == {
        (404, "API key not found")
    }
    assert len(await home.items_with("ApiKey#")) == 4


async def test_a_revoked_key_opens_nothing_at_once(home: Home) -> None:
    made = await home.post("/api-keys", _NEW)
    assert await _answer(home, made["key"]) == (200, None)

    answers = [await home.client.delete(f"/api-keys/{made['key_id']}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert await _answer(home, made["key"]) == (401, "Invalid API key")


async def test_its_owner_sees_when_a_key_was_used_last(home: Home) -> None:
    made = await home.post("/api-keys", _NEW)

    await _answer(home, made["key"])
    await home.services.get(KeyService).close()

    [listed] = await home.get("/api-keys")
    assert datetime.fromisoformat(listed["last_used_at"]) > utc_now() - timedelta(minutes=1)


@pytest.mark.usefixtures("unhurried")
async def test_a_turn_of_a_key_makes_one_round_trip_more(table: Table, tmp_path: Any) -> None:
    counting = CountingTable(table)
    async with open_home(counting, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        made = await home.post("/api-keys", _NEW)
        await _answer(home, made["key"])  # from now on its use is noted
        home.client.headers["Authorization"] = f"Bearer {made['key']}"
        home.script(HELLO, COUNTED_HELLO)
        await home.say(conversation, "Hi")
        counting.waves.clear()
        await home.say(conversation, "Hi again")

    assert counting.waves == [["get"], *PLAIN_TURN]


async def test_a_key_of_an_account_that_is_gone_starts_no_turn(home: Home) -> None:
    conversation = await home.conversation(await home.agent())
    made = await home.post("/api-keys", _NEW)
    lock = await home.table.get((f"ApiKey#{made['key_id']}",) * 2)
    await home.client.delete("/users/me")
    await home.services.get(UserService).close()
    assert lock is not None
    await home.table.write(Put(lock, when=NEW))  # as if it were not yet deleted

    home.client.headers["Authorization"] = f"Bearer {made['key']}"
    answer = await home.send(conversation, {"content": "Hi"})

    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid API key")


async def test_a_key_whose_lock_is_older_than_scopes_still_counts(home: Home) -> None:
    made = await home.post("/devices/keys", {"name": "Planner", "kind": "constellation"})
    lock = await home.table.get((f"ApiKey#{made['key_id']}",) * 2)
    assert lock is not None
    kept = {name: lock[name] for name in ("pk", "sk", "created_by", "secret_hash")}
    await home.table.write(Put(kept))

    async with _program(home, made["key"]) as client:
        answer = await client.get("/api/health")

    assert answer.status_code == 200


async def test_a_key_may_send_a_large_body_and_what_is_none_may_not(home: Home) -> None:
    made = await home.post("/api-keys", _NEW | {"scopes": ["agents:write"]})
    large = {"agent_persona": "p" * 300_000}

    answers = []
    for key in (made["key"], made["key"][:-1] + "!", "sk_smriti_"):
        async with _program(home, key) as client:
            answers.append(await client.post("/agents", json=large))

    assert [answer.status_code for answer in answers] == [422, 413, 413]


async def test_an_idempotency_key_of_a_program_is_its_own(home: Home) -> None:
    made = await home.post("/api-keys", _NEW)
    agent = await home.agent()
    body, again = {"agent_id": agent["agent_id"]}, {"Idempotency-Key": "first"}

    mine = await home.client.post("/conversations/", json=body, headers=again)
    async with _program(home, made["key"]) as client:
        its = [await client.post("/conversations/", json=body, headers=again) for _ in range(2)]

    assert [each.status_code for each in (mine, *its)] == [201, 201, 201]
    ids = [each.json()["conversation_id"] for each in (mine, *its)]
    assert ids[0] != ids[1] == ids[2]
