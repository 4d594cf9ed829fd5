"""A POST that creates, sent again with its `Idempotency-Key`, whatever happened to the first."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from fastapi import APIRouter, Response

from smriti.auth.idempotency.dependencies import NewId
from smriti.auth.idempotency.models import Answer, IdempotencyRecord
from smriti.auth.idempotency.repository import IdempotencyRepository
from smriti.auth.idempotency.route import IdempotentRoute
from smriti.auth.idempotency.service import CLAIM_S, LIFETIME_S, Idempotency
from smriti.db.table import Action, Put, Table, Update
from tests.api.document import OPERATIONS
from tests.api.dump import dump
from tests.fakes.clock import Clock
from tests.fakes.failing_table import FailingTable
from tests.home import Home, open_home

KEY: Final = "a-key-of-the-callers-own"
REPLAYED: Final = "Idempotency-Replayed"
_WITHOUT_KEY: Final = {
    "POST /conversations/{conversation_id}/turns/{turn_id}/cancel": "it creates nothing",
    "POST /conversations/{conversation_id}/turns/{turn_id}/approvals": "an approval is given once",
    "POST /api/dispatch": "its clients know no such header: `task_name` says which task it is",
    "POST /api/sessions/{session_id}/approvals": "an approval is given once",
    "POST /api/sessions/{session_id}/cancel": "it creates nothing",
    "POST /create_session": "its name says which agent it is",
    "POST /agent_info": "makes nothing",
    "POST /auth/link": "hands out a secret",
    "POST /widget/auth/anonymous": "hands out a secret",
    "POST /widget/auth/refresh": "hands out a secret",
    "POST /widget/conversations": "an empty one more does no harm; visitors have no account",
    "POST /auth/local/login": "hands out a secret",
    "POST /auth/local/password": "hands out a secret",
    "POST /auth/local/signup": "hands out a secret",
    "POST /auth/sign-out": "makes nothing",
    "POST /auth/sign-out-everywhere": "makes nothing",
    "POST /payments/stripe/checkout": "a user has one session and one subscription, used again",
    "POST /payments/stripe/portal": "hands out a secret",
    "POST /payments/stripe/subscription/cancel": "it creates nothing",
    "POST /payments/stripe/subscription/resume": "it creates nothing",
    "POST /settings/providers/{provider_name}/check": "it stores nothing",
    "POST /payments/stripe/webhook": "an event has an id of its own",
}
_AGENT: Final = {
    "agent_name": "Gardener",
    "agent_architecture": "krishna-mini",
    "agent_provider": "Demo",
    "agent_persona": "Knows every plant.",
}
_CREATIONS: Final[dict[str, dict[str, Any]]] = {
    "/agents": _AGENT,
    "/conversations/": {"agent_id": "{agent_id}"},
    "/agents/{agent_id}/memory-blocks": {"name": "plans", "description": "Hers"},
    "/agents/{agent_id}/memory-blocks/human/restore": {"version": 0},
    "/agents/{agent_id}/archival-memory": {"content": "Drinks tea 🍵"},
    "/agents/{agent_id}/api-keys": {"name": "Shop", "allowed_origins": ["https://shop.example"]},
    "/settings/providers/OpenAI": {"base_url": "http://model.test/v1", "api_key": "sk-secret"},
}


@pytest.fixture
def broken(table: Table) -> FailingTable:
    """The table under `home`, which breaks when the test says so."""
    return FailingTable(table)


@pytest.fixture
async def home(broken: FailingTable, tmp_path: Path) -> AsyncIterator[Home]:
    async with open_home(broken, tmp_path) as opened:
        yield opened


@pytest.fixture
async def agent(home: Home) -> dict[str, Any]:
    agent = await home.agent()
    path = f"/agents/{agent['agent_id']}/memory-blocks/human/content"
    await home.client.put(path, json={"lines": ["Name: Alice"]})
    return agent


@pytest.fixture
def records(broken: FailingTable) -> IdempotencyRepository:
    return IdempotencyRepository(broken)


@pytest.fixture
def clock(home: Home, records: IdempotencyRepository) -> Clock:
    """The clock by which claims and records end."""
    clock = Clock()
    home.services.add(Idempotency(records, now=clock, pause=clock.pause))
    return clock


async def _post(
    client: httpx2.AsyncClient, path: str, body: dict[str, Any], key: str | bytes = KEY
) -> httpx2.Response:
    raw = key.encode() if isinstance(key, str) else key
    return await client.post(path, json=body, headers=[(b"Idempotency-Key", raw)])


async def _converse(home: Home, agent: dict[str, Any], **values: Any) -> httpx2.Response:
    return await _post(home.client, "/conversations/", {"agent_id": agent["agent_id"]} | values)


def _outcome(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("type", "")


async def _conversations(home: Home) -> int:
    return len(await home.items_with("CONVERSATION#"))


def test_every_post_that_creates_takes_a_key() -> None:
    without = {
        str(operation)
        for operation in OPERATIONS
        if operation.method == "POST"
        and "Idempotency-Key" not in [each["name"] for each in operation.spec.get("parameters", ())]
    }

    assert without == set(_WITHOUT_KEY)


def test_nothing_else_takes_a_key() -> None:
    for operation in OPERATIONS:
        if operation.method != "POST":
            names = [parameter["name"] for parameter in operation.spec.get("parameters", ())]
            assert "Idempotency-Key" not in names


@pytest.mark.parametrize("path", _CREATIONS)
async def test_the_same_request_is_answered_the_same(
    path: str, home: Home, agent: dict[str, Any]
) -> None:
    target = path.format_map(agent)
    body = {
        name: value.format_map(agent) if isinstance(value, str) else value
        for name, value in _CREATIONS[path].items()
    }

    first = await _post(home.client, target, body)
    before = await dump(home.table)
    again = await _post(home.client, target, body)

    assert first.is_success
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true")
    assert await dump(home.table) == before


async def test_what_was_restored_and_changed_since_is_not_restored_again(
    home: Home, agent: dict[str, Any]
) -> None:
    block = f"/agents/{agent['agent_id']}/memory-blocks/human"
    await _post(home.client, f"{block}/restore", {"version": 0})
    await home.client.put(f"{block}/content", json={"lines": ["Name: Ada"]})

    again = await _post(home.client, f"{block}/restore", {"version": 0})

    assert again.json()["lines"] == []
    assert (await home.get(f"{block}/content"))["lines"] == ["Name: Ada"]


async def test_another_body_is_refused(home: Home, agent: dict[str, Any]) -> None:
    await _converse(home, agent, title="Tea")

    other = await _converse(home, agent, title="Coffee")

    assert _outcome(other) == (422, "/problems/idempotency-key-reused")
    assert await _conversations(home) == 1


async def test_another_path_is_refused(home: Home, agent: dict[str, Any]) -> None:
    body = {"content": "Drinks tea"}
    other = await home.agent(agent_name="Other")
    await _post(home.client, f"/agents/{agent['agent_id']}/archival-memory", body)

    answer = await _post(home.client, f"/agents/{other['agent_id']}/archival-memory", body)

    assert _outcome(answer) == (422, "/problems/idempotency-key-reused")


async def test_another_key_is_another_request(home: Home, agent: dict[str, Any]) -> None:
    body = {"agent_id": agent["agent_id"]}

    answers = [await _post(home.client, "/conversations/", body, key) for key in ("a", "b")]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert await _conversations(home) == 2


async def test_a_key_counts_for_one_caller_only(home: Home) -> None:
    mine = await _post(home.client, "/agents", _AGENT)
    async with home.sign_up("bob") as bob:
        his = await _post(bob, "/agents", _AGENT)

    assert his.status_code == 201
    assert his.json()["created_by"] == "bob@local"
    assert his.json()["agent_id"] != mine.json()["agent_id"]


async def test_nothing_is_answered_again_to_who_is_signed_out(home: Home) -> None:
    await _post(home.client, "/agents", _AGENT)
    await home.client.post("/auth/sign-out-everywhere")

    again = await _post(home.client, "/agents", _AGENT)

    assert again.status_code == 401


async def test_twenty_at_once_make_one(home: Home, agent: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(_converse(home, agent) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    assert await _conversations(home) == 1


async def test_a_refused_request_may_be_corrected(home: Home, agent: dict[str, Any]) -> None:
    invalid = await _post(home.client, "/conversations/", {"agent_id": 7})
    unknown = await _post(home.client, "/conversations/", {"agent_id": "unknown"})
    corrected = await _converse(home, agent)

    assert [_outcome(invalid), _outcome(unknown)] == [
        (422, "/problems/validation-error"),
        (404, "/problems/agent-not-found"),
    ]
    assert corrected.status_code == 201
    assert REPLAYED not in corrected.headers


@pytest.mark.parametrize(("content", "status"), [(b"{", 422), (b"\xff", 400)])
async def test_what_is_not_json_leaves_the_key_free(
    content: bytes, status: int, home: Home, agent: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}

    refused = await home.client.post("/conversations/", content=content, headers=headers)

    assert refused.status_code == status
    assert (await _converse(home, agent)).status_code == 201


async def test_a_body_that_is_too_large_is_refused_as_without_a_key(
    table: Table, tmp_path: Path
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 1000

    async with open_home(table, tmp_path, max_body_bytes=2000) as home:
        headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}
        refused = await home.client.post("/agents", content=endless(), headers=headers)

        assert _outcome(refused) == (413, "/problems/too-large")
        assert await home.items_with("Idempotency#") == []


async def test_a_request_that_failed_may_be_tried_again_but_not_be_changed(
    home: Home, agent: dict[str, Any], broken: FailingTable
) -> None:
    broken.breaks = _puts_conversation
    failed = await _converse(home, agent)
    del broken.breaks

    changed = await _converse(home, agent, title="Tea")
    again = await _converse(home, agent)

    assert [failed.status_code, changed.status_code, again.status_code] == [503, 422, 201]
    assert await _conversations(home) == 1


async def test_an_api_key_that_was_made_is_named_but_not_shown_again(
    home: Home, broken: FailingTable, clock: Clock
) -> None:
    new = {"name": "Laptop", "kind": "device"}
    broken.breaks = _updates_record
    made = await _post(home.client, "/devices/keys", new)
    del broken.breaks

    clock.now += CLAIM_S
    again = await _post(home.client, "/devices/keys", new)

    assert (made.status_code, _outcome(again)) == (201, (409, "/problems/api-key-made-before"))
    assert again.json()["key_id"] == made.json()["key_id"]
    assert len(await home.get("/devices/keys")) == 1


async def test_what_is_done_is_answered_though_it_cannot_be_noted(
    home: Home, agent: dict[str, Any], broken: FailingTable
) -> None:
    broken.breaks = _updates_record

    answer = await _converse(home, agent)

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "statuses"),
    [
        ("/agents", _AGENT, (500, 201)),
        ("/conversations/", {"agent_id": "{agent_id}", "title": "Tea"}, (500, 201)),
        ("/agents/{agent_id}/memory-blocks", {"name": "plans", "description": "x"}, (500, 201)),
        ("/agents/{agent_id}/archival-memory", {"content": "Drinks tea"}, (500, 200)),
    ],
)
async def test_what_was_made_before_a_crash_is_not_made_again(
    path: str,
    body: dict[str, str],
    statuses: tuple[int, int],
    home: Home,
    agent: dict[str, Any],
    broken: FailingTable,
    clock: Clock,
) -> None:
    target = path.format_map(agent)
    body = {name: value.format_map(agent) for name, value in body.items()}
    broken.breaks, broken.error = _updates_record, RuntimeError("The process is killed.")
    crashed = await _post(home.client, target, body)
    del broken.breaks
    made = await dump(home.table)
    clock.now += CLAIM_S

    again = await _post(home.client, target, body)
    twice = await _post(home.client, target, body)

    assert (crashed.status_code, again.status_code) == statuses
    assert twice.content == again.content
    assert len(await dump(home.table)) == len(made)


async def test_a_block_of_somebody_else_is_still_in_the_way(
    home: Home, agent: dict[str, Any]
) -> None:
    path = f"/agents/{agent['agent_id']}/memory-blocks"
    block = {"name": "plans", "description": "Hers"}
    await home.post(path, block)

    answer = await _post(home.client, path, block)

    assert _outcome(answer) == (400, "/problems/memory-block-exists")


async def test_the_first_is_waited_for_but_not_for_ever(
    home: Home, agent: dict[str, Any], clock: Clock, records: IdempotencyRepository
) -> None:
    held = await _interrupted(home, agent, records, clock)

    answer = await _converse(home, agent)

    assert _outcome(answer) == (409, "/problems/idempotency-in-progress")
    assert answer.headers["Retry-After"] == "1"
    assert round(clock.paused_s) == 10
    assert await records.forget(held)


async def test_who_waits_is_answered_when_the_first_ends(
    home: Home, agent: dict[str, Any], records: IdempotencyRepository
) -> None:
    clock = Clock()
    held = await _interrupted(home, agent, records, clock)

    async def first_ends(_: float) -> None:
        await records.finish(held, Answer(status=201, content_type="text/plain", body="Done"))

    home.services.add(Idempotency(records, now=clock, pause=first_ends))
    answer = await _converse(home, agent)

    assert (answer.status_code, answer.text) == (201, "Done")


async def test_a_key_is_forgotten_after_a_day(
    home: Home, agent: dict[str, Any], clock: Clock
) -> None:
    await _converse(home, agent)
    clock.now += LIFETIME_S - 1
    within = await _converse(home, agent)
    clock.now += 1

    after = await _converse(home, agent, title="Another body")

    assert REPLAYED in within.headers
    assert after.status_code == 201
    assert await _conversations(home) == 2
    (record,) = await home.items_with("Idempotency#")
    assert record["ttl"] == clock.now + LIFETIME_S


async def test_a_very_long_answer_is_given_once(home: Home, agent: dict[str, Any]) -> None:
    path = f"/agents/{agent['agent_id']}/archival-memory"
    body = {"content": "茶" * 100_000}

    first = await _post(home.client, path, body)
    again = await _post(home.client, path, body)

    assert first.status_code == 201
    assert _outcome(again) == (409, "/problems/idempotency-answer-not-kept")


async def test_a_secret_is_given_once(home: Home) -> None:
    router = APIRouter(route_class=IdempotentRoute)

    @router.post("/secrets")
    async def make_secret(response: Response, secret_id: NewId) -> dict[str, str]:
        response.headers["Cache-Control"] = "no-store"
        return {"id": secret_id, "secret": "of a new key"}

    home.app.include_router(router)
    first = await _post(home.client, "/secrets", {})
    again = await _post(home.client, "/secrets", {})

    assert first.json()["secret"] == "of a new key"
    assert _outcome(again) == (409, "/problems/idempotency-answer-not-kept")
    assert again.json()["resource_id"] == first.json()["id"]
    assert "of a new key" not in str(await dump(home.table))


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\there", "schlüssel".encode(), b"\x7f"])
async def test_a_bad_key_is_refused(key: str | bytes, home: Home) -> None:
    answer = await _post(home.client, "/agents", _AGENT, key)

    assert answer.status_code == 422
    assert "1 to 255 printable ASCII characters" in answer.json()["detail"]
    (error,) = answer.json()["errors"]
    assert error["loc"] == ["header", "Idempotency-Key"]
    assert await home.get("/agents") == []
    assert await home.items_with("Idempotency#") == []


@pytest.mark.parametrize("key", ["k", "k" * 255, ' "quoted, with spaces" ~'])
async def test_a_good_key_is_any_printable_text(key: str, home: Home) -> None:
    answers = [await _post(home.client, "/agents", _AGENT, key) for _ in range(2)]

    assert [REPLAYED in answer.headers for answer in answers] == [False, True]


async def test_without_a_key_nothing_is_kept(home: Home, agent: dict[str, Any]) -> None:
    for _ in range(2):
        await home.conversation(agent)

    assert await _conversations(home) == 2
    assert await home.items_with("Idempotency#") == []


async def test_neither_keys_nor_requests_are_stored(home: Home) -> None:
    provider = "/settings/providers/OpenAI"
    await _post(home.client, provider, _CREATIONS[provider])

    stored = str(await dump(home.table))

    assert "Idempotency#" in stored
    assert KEY not in stored
    assert "sk-secret" not in stored


def _puts_conversation(action: Action) -> bool:
    return isinstance(action, Put) and action.key[1].startswith("CONVERSATION#")


def _updates_record(action: Action) -> bool:
    return isinstance(action, Update) and action.key[1].startswith("Idempotency#")


async def _interrupted(
    home: Home, agent: dict[str, Any], records: IdempotencyRepository, clock: Clock
) -> IdempotencyRecord:
    """The claim of a first attempt that has not ended: that of `_converse`."""
    request = home.client.build_request(
        "POST", "/conversations/", json={"agent_id": agent["agent_id"]}
    )
    line = b"POST /conversations/\n"
    service = Idempotency(records, now=clock, pause=clock.pause)
    return await service.begin("alice@local", KEY, line + request.content)
