"""Whatever is sent, the answer is a clear problem, and nothing is poisoned by it."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx2
import pytest

from smriti.agentserver.router import PATHS as OLDER_PATHS
from smriti.core.clock import unix_now
from smriti.db.table import Table
from tests.api.document import OPERATIONS, Operation
from tests.api.dump import dump
from tests.devices.line import plug_in_machine
from tests.fakes.memory_stripe import MemoryStripe
from tests.home import Home, open_home

_IDS: Final[Mapping[str, str]] = {
    "longer than any key": "x" * 3000,
    "as long as a request line may be": "x" * 60_000,
    "many bytes in few characters": quote("😀" * 190),
    "NUL": "a%00b",
    "half of a character": "%ED%A0%80",
    "not UTF-8": "%FF%FE",
    "a blank": "%20",
    "the separator of keys": "a%23b",
    "a line end": "a%0Ab",
    "a way out": "..%2F..%2F..",
    "a moment far away": "ffffffff-ffff-7fff-bfff-ffffffffffff",
    "an odd form of an id": "urn:uuid:01900000-0000-7000-8000-000000000000",
}
_BODIES: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"text"',
    "broken off": b'{"content": ',
    "not UTF-8": b'{"content": "\xff\xfe"}',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "not a number": b'{"version": NaN, "session_timeout_minutes": NaN, "lines": [NaN]}',
    "a number of 5000 digits": b'{"version": 1' + b"0" * 5_000 + b"}",
    "a number beyond all floats": b'{"version": 1e400, "temperature": 1e400}',
}
_QUERIES: Final = (
    "limit=0",
    "limit=101",
    "limit=-1",
    "limit=x",
    "limit=1e9",
    "limit=",
    "limit=99999999999999999999",
    "limit=1&limit=0",
    "cursor=abc",
    "cursor=%00",
    "cursor=%FF",
    "cursor=%E2%80%A6",
    "cursor=WyJ4Il0",
    "cursor=e30",
    "cursor=" + "W1tb" * 1000,
    "cursor=" + "A" * 5000,
)
# Idempotent deletes and forms for any id: the contract's answers to ids of nothing.
_SUCCESSFUL: Final = {
    "DELETE /agents/{agent_id}",
    "DELETE /agents/{agent_id}/api-keys/{key_id}",
    "DELETE /agents/{agent_id}/archival-memory/{memory_id}",
    "DELETE /agents/{agent_id}/memory-blocks/{name}",
    "GET /agents/update-schema/{agent_id}",
    "GET /api/task_result/{task_name}",
    "GET /llm/models/{provider_name}",
}
_WITH_BODY: Final = [operation for operation in OPERATIONS if operation.has_json_body]
_HALF: Final = "\ud800"

type Ids = dict[str, str]


@pytest.fixture
async def home(table: Table, tmp_path: Path) -> AsyncIterator[Home]:
    """With payments, which else refuse whatever is sent."""
    settings: dict[str, Any] = {"stripe_webhook_secret": "whsec", "plan_limits": "off"}
    stripe = MemoryStripe(now=unix_now())
    async with open_home(table, tmp_path, payments=stripe, **settings) as home:
        yield home


@pytest.fixture
async def ids(home: Home) -> Ids:
    """One of everything, by the names of path parameters."""
    agent = await home.agent()
    conversation = await home.conversation(agent)
    base = f"/agents/{agent['agent_id']}"
    await home.post(f"{base}/memory-blocks", {"name": "projects", "description": "Hers"})
    memory = await home.post(f"{base}/archival-memory", {"content": "Drinks tea"})
    saved = (await home.say(conversation, "Hi"))[2]
    await plug_in_machine(home.services, "lab-7")
    return {
        "client_id": "lab-7",
        "message_id": saved["message_id"],
        "turn_id": saved["turn_id"],
        "agent_id": agent["agent_id"],
        "conversation_id": conversation["conversation_id"],
        "memory_id": memory["memory_id"],
        "name": "projects",
        "provider_name": "OpenAI",
        "number": "0",
    }


def _is_clear(response: httpx2.Response) -> bool:
    """Whether this is a problem that the caller can mend, with a sentence that says how."""
    if not 400 <= response.status_code < 500:
        return False
    problem = response.json()
    if response.url.path in OLDER_PATHS:
        told = {"status": "error", "message": problem["message"], "type": problem["type"]}
        return problem == told and len(problem["message"]) > 5
    return (
        response.headers["Content-Type"] == "application/problem+json"
        and problem["status"] == response.status_code
        and len(problem["detail"]) > 5
    )


async def _still_works(home: Home) -> bool:
    agents = await home.get("/agents")
    conversations = await home.get("/conversations/")
    blocks = await home.get(f"/agents/{agents[0]['agent_id']}/memory-blocks")
    return bool(agents and conversations["items"] and blocks)


@pytest.mark.parametrize("kind", _IDS)
async def test_an_id_that_can_be_no_id_is_refused(kind: str, home: Home, ids: Ids) -> None:
    before = await dump(home.table)
    wrong = {}

    for operation in OPERATIONS:
        for name in operation.path_parameters:
            path = operation.path_with(ids | {name: _IDS[kind]})
            response = await home.client.request(operation.method, path, json=operation.body)
            taken = str(operation) in _SUCCESSFUL and response.is_success
            if not (taken or _is_clear(response)):
                wrong[f"{operation} {name}"] = response.status_code, response.text

    assert wrong == {}
    assert await dump(home.table) == before


@pytest.mark.parametrize("kind", _BODIES)
async def test_a_body_that_is_no_json_object_is_refused(kind: str, home: Home, ids: Ids) -> None:
    before = await dump(home.table)
    wrong = {}

    for operation in _WITH_BODY:
        response = await home.client.request(
            operation.method,
            operation.path_with(ids),
            content=_BODIES[kind],
            headers={"Content-Type": "application/json"},
        )
        harmless = _is_partial(operation) and response.status_code == 200
        if not (harmless or _is_clear(response)):
            wrong[str(operation)] = response.status_code, response.text

    assert wrong == {}
    assert await dump(home.table) == before


def _is_partial(operation: Operation) -> bool:
    """Whether no member of the body must be there: what it does not know, it lets pass."""
    return "required" not in operation.body_schema


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"],
)
async def test_another_media_type_is_refused(media_type: str, home: Home, ids: Ids) -> None:
    before = await dump(home.table)
    wrong = {}

    for operation in _WITH_BODY:
        response = await home.client.request(
            operation.method,
            operation.path_with(ids),
            content=json.dumps(operation.body).encode(),
            headers={"Content-Type": media_type},
        )
        if not _is_clear(response):
            wrong[str(operation)] = response.status_code, response.text

    assert wrong == {}
    assert await dump(home.table) == before


def _with_one_changed(value: Any, change: Any) -> Iterator[Any]:
    """`value` again and again, each time with one of its texts replaced by `change`."""
    match value:
        case str():
            yield change
        case dict():
            for name, inner in value.items():
                for changed in _with_one_changed(inner, change):
                    yield {**value, name: changed}
        case list():
            for position, inner in enumerate(value):
                for changed in _with_one_changed(inner, change):
                    yield [*value[:position], changed, *value[position + 1 :]]
        case _:
            pass


async def test_half_of_a_character_is_refused_wherever_it_stands(home: Home, ids: Ids) -> None:
    before = await dump(home.table)
    wrong = []
    tried = 0

    for operation in _WITH_BODY:
        for body in _with_one_changed(operation.body, f"a{_HALF}b"):
            response = await home.client.request(
                operation.method,
                operation.path_with(ids),
                content=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
            tried += 1
            if not _is_clear(response):
                wrong.append((str(operation), body, response.status_code, response.text))

    assert [each for each in wrong if each[2] >= 500] == []
    # Memory mends such a text instead: a model may have made it.
    assert {each[0].rpartition("/")[2] for each in wrong} <= {"content", "archival-memory"} | {
        "{memory_id}",
        "memory-blocks",
    }
    assert tried > 20
    after = await dump(home.table)
    assert {key: item for key, item in after.items() if key[0][:6] != "Agent#"} == {
        key: item for key, item in before.items() if key[0][:6] != "Agent#"
    }


@pytest.mark.parametrize("change", ["", " ", "a\0b", "x" * 600_000, 7, True, None, [], {"a": [1]}])
async def test_odd_values_never_break_anything(change: Any, home: Home, ids: Ids) -> None:
    broken = []

    for operation in _WITH_BODY:
        for body in _with_one_changed(operation.body, change):
            response = await home.client.request(
                operation.method, operation.path_with(ids), json=body
            )
            if not (response.is_success or _is_clear(response)):
                broken.append((str(operation), body, response.status_code, response.text))

    assert broken == []
    assert await _still_works(home)


@pytest.mark.parametrize("query", _QUERIES, ids=lambda query: query[:40])
async def test_a_page_that_cannot_be_is_refused(query: str, home: Home, ids: Ids) -> None:
    answers = {}

    for operation in OPERATIONS:
        named = {parameter["name"] for parameter in operation.spec.get("parameters", ())}
        if {"limit", "cursor"} <= named:
            response = await home.client.get(f"{operation.path_with(ids)}?{query}")
            answers[str(operation)] = _is_clear(response)

    assert len(answers) == 8
    assert all(answers.values())


async def test_of_a_parameter_given_twice_the_last_counts(home: Home, ids: Ids) -> None:
    response = await home.client.get("/conversations/?limit=0&limit=1")

    assert response.status_code == 200
