"""Whatever goes wrong at the older server's routes, it is told in their own form."""

from pathlib import Path
from typing import Any

import pytest

from smriti.agentserver.errors import older_error
from smriti.db.table import Table
from smriti.realtime.memory_windows import MemoryWindows
from smriti.usage.rates import RequestRates
from tests.agentserver.conftest import OlderClient, older_client
from tests.fakes.clock import Clock
from tests.fakes.failing_table import FailingTable
from tests.home import Home, open_home

PATHS = ["/create_session", "/query", "/agent_info"]
BODIES: dict[str, Any] = {
    "/create_session": {"character_file": {"name": "Ada"}},
    "/query": {"query": "Hi", "agent_name": "Ada"},
    "/agent_info": {},
}


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_key_nobody_is_let_in(path: str, older: OlderClient) -> None:
    response = await older.http.post(path, json=BODIES[path])

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json() == {
        "status": "error",
        "message": "Missing or invalid authorization header",
        "type": "unauthenticated",
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["nonsense", "sk_smriti_é", "🔑"])
async def test_a_key_that_is_not_good_opens_nothing(
    key: str, path: str, older: OlderClient
) -> None:
    response = await older.http.post(path, json=BODIES[path] | {"api_key": key})

    assert (response.status_code, response.json()) == (
        401,
        {"status": "error", "message": "Invalid API key", "type": "invalid-api-key"},
    )


@pytest.mark.parametrize(
    ("path", "scope"),
    [("/create_session", "agents:write"), ("/query", "chat"), ("/agent_info", "agents:read")],
)
async def test_a_key_needs_the_scope(path: str, scope: str, home: Home) -> None:
    async with older_client(home, ["devices"]) as older:
        response = await older.http.post(path, json=BODIES[path] | {"api_key": older.key})

    assert (response.status_code, response.json()) == (
        403,
        {
            "status": "error",
            "message": f"This API key lacks the scope {scope!r}.",
            "type": "api-key-scope-missing",
        },
    )


async def test_a_revoked_key_opens_nothing(older: OlderClient, home: Home) -> None:
    (key,) = await home.get("/api-keys")
    await home.client.delete(f"/api-keys/{key['key_id']}")

    assert (await older.info()).status_code == 401


async def test_an_unknown_agent_is_not_found(older: OlderClient) -> None:
    response = await older.query("Hi", "Nobody")

    assert (response.status_code, response.json()) == (
        404,
        {"status": "error", "message": "Agent not found", "type": "agent-not-found"},
    )


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"query": None}, "query: Input should be a valid string"),
        ({"query": ""}, "query: String should have at least 1 character"),
        ({"agent_name": None}, "agent_name: Input should be a valid string"),
    ],
)
async def test_what_is_missing_is_named(
    members: dict[str, Any], message: str, older: OlderClient
) -> None:
    response = await older.query("Hi", **members)

    assert (response.status_code, response.json()) == (
        422,
        {"status": "error", "message": message, "type": "validation-error"},
    )


@pytest.mark.parametrize("content", [b"{", b"[]", b"", b"[" * 50_000])
async def test_what_is_no_object_is_refused(content: bytes, older: OlderClient) -> None:
    headers = {"X-API-Key": older.key, "Content-Type": "application/json"}

    response = await older.http.post("/query", content=content, headers=headers)

    assert response.status_code in {400, 422}
    assert response.json().keys() == {"status", "message", "type"}


async def test_too_large_a_body_is_refused_in_the_same_form(older: OlderClient) -> None:
    response = await older.query("x" * 300_000)

    assert response.status_code == 413
    assert response.json().keys() == {"status", "message", "type"}


async def test_another_method_is_told_in_the_same_form(older: OlderClient) -> None:
    response = await older.http.get("/query")

    assert response.status_code == 405
    assert response.json().keys() == {"status", "message", "type"}


async def test_so_is_a_store_that_fails(table: Table, tmp_path: Path) -> None:
    failing = FailingTable(table)
    async with open_home(failing, tmp_path) as home, older_client(home) as older:
        failing.breaks = lambda _: True
        response = await older.create()
        failing.breaks = lambda _: False

    assert response.status_code == 503
    assert response.json().keys() == {"status", "message", "type"}


def test_a_limits_object_is_told_by_its_message() -> None:
    detail = {"message": "Monthly message limit reached (100).", "limit": 100}

    told = older_error({"type": "/problems/plan-limit-reached", "detail": detail})

    assert told.model_dump() == {
        "status": "error",
        "message": "Monthly message limit reached (100).",
        "type": "plan-limit-reached",
    }


async def test_so_is_a_rate(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path) as home, older_client(home) as older:
        clock = Clock()
        rates = RequestRates(MemoryWindows(clock), chat_per_minute=1, per_hour=1000, clock=clock)
        home.services.add(rates)
        await older.create()
        first, second = [await older.query("Hi") for _ in range(2)]

    assert first.status_code == 200
    assert second.status_code == 429
    assert second.headers["Retry-After"] == second.headers["RateLimit-Reset"]
    assert second.json() == {
        "status": "error",
        "message": "1 messages a minute are allowed. Try again in "
        f"{second.headers['Retry-After']} seconds.",
        "type": "rate-limited",
    }
