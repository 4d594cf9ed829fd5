"""What every answer carries, whatever went well or wrong: CORS headers, ids, a problem's shape."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from smriti.db.table import Table
from tests.api.clients import open_client
from tests.api.crashing_table import CrashingTable
from tests.api.document import OPERATIONS, Operation
from tests.home import PASSWORD, Home, open_home

ORIGIN: Final = "https://app.example"
_LIMIT: Final = 2 * 1024 * 1024

type Call = tuple[str, str, dict[str, Any]]

_CALLS: Final[dict[int, Call]] = {
    200: ("GET", "/agents", {}),
    204: ("DELETE", "/agents/unknown", {}),
    307: ("GET", "/agents/", {}),
    400: ("GET", "/settings/providers/Unknown", {}),
    401: ("GET", "/agents", {"headers": {"Authorization": "Bearer nonsense"}}),
    403: ("GET", "/agents", {"headers": {"Host": "elsewhere.example"}}),
    404: ("GET", "/nothing/here", {}),
    405: ("PATCH", "/agents", {}),
    413: ("POST", "/agents", {"content": b"x" * (_LIMIT + 1)}),
    422: ("POST", "/agents", {"json": {}}),
    503: ("GET", "/auth/google", {}),
}


@pytest.fixture
async def crashing(table: Table) -> CrashingTable:
    return CrashingTable(table)


@pytest.fixture
async def home(crashing: CrashingTable, tmp_path: Path) -> AsyncIterator[Home]:
    """A server that pages of one other origin may call."""
    async with open_home(
        crashing, tmp_path, cors_origins=ORIGIN, max_body_bytes=_LIMIT, log_level="ERROR"
    ) as opened:
        yield opened


async def _call(client: httpx2.AsyncClient, call: Call, **headers: str) -> httpx2.Response:
    method, path, arguments = call
    together = {"Origin": ORIGIN} | headers | arguments.get("headers", {})
    return await client.request(method, path, **{**arguments, "headers": together})


def _check_cors(response: httpx2.Response) -> None:
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Origin" in response.headers["Vary"]
    assert "X-Refreshed-Token" in response.headers["Access-Control-Expose-Headers"]


def _check_problem(response: httpx2.Response, path: str) -> None:
    problem = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "path"} <= problem.keys()
    assert (problem["status"], problem["path"]) == (response.status_code, path)
    assert isinstance(problem["detail"], str)


@pytest.mark.parametrize("status", _CALLS)
async def test_a_page_of_an_allowed_origin_can_read_the_answer(status: int, home: Home) -> None:
    response = await _call(home.client, _CALLS[status])

    assert response.status_code == status
    _check_cors(response)


@pytest.mark.parametrize("status", [status for status in _CALLS if status >= 400])
async def test_a_refusal_is_a_problem_that_names_the_path(status: int, home: Home) -> None:
    response = await _call(home.client, _CALLS[status])

    _check_problem(response, _CALLS[status][1])


@pytest.mark.parametrize("status", _CALLS)
async def test_every_answer_has_an_id_and_safe_headers(status: int, home: Home) -> None:
    made = await _call(home.client, _CALLS[status])
    given = await _call(home.client, _CALLS[status], **{"X-Request-Id": "mine-1"})

    assert len(made.headers["X-Request-Id"]) == 36
    assert given.headers["X-Request-Id"] == "mine-1"
    assert made.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("status", _CALLS)
async def test_a_page_of_another_origin_can_read_nothing(status: int, home: Home) -> None:
    response = await _call(home.client, _CALLS[status], Origin="https://evil.example")

    assert response.status_code == status
    assert not [name for name in response.headers if name.startswith("access-control-allow")]


async def test_the_answer_to_a_bug_can_be_read_too(home: Home, crashing: CrashingTable) -> None:
    crashing.broken = True

    response = await _call(home.client, _CALLS[200])

    assert response.status_code == 500
    _check_cors(response)
    _check_problem(response, "/agents")
    assert len(response.headers["X-Request-Id"]) == 36


async def test_too_many_attempts_can_be_read_and_say_when_to_come_back(home: Home) -> None:
    body = {"username": "alice", "password": "wrong password"}
    call: Call = ("POST", "/auth/local/login", {"json": body})
    for _ in range(10):
        await _call(home.client, call)

    response = await _call(home.client, call)

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    _check_cors(response)
    _check_problem(response, "/auth/local/login")


async def test_a_stream_can_be_read(home: Home) -> None:
    agent = await home.agent()
    conversation = await home.conversation(agent)
    path = f"/agents/{agent['agent_id']}/{conversation['conversation_id']}/send-message"

    response = await _call(home.client, ("POST", path, {"json": {"content": "Hi"}}))

    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    _check_cors(response)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_a_preflight_is_answered_before_anybody_asks_who_calls(
    operation: Operation, cors_client: httpx2.AsyncClient
) -> None:
    response = await cors_client.options(
        operation.path_with({}),
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": operation.method,
            "Access-Control-Request-Headers": "authorization, content-type, x-anything",
        },
    )

    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert operation.method in response.headers["Access-Control-Allow-Methods"]
    assert all(name in allowed for name in ("authorization", "content-type", "x-anything"))
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.fixture
async def cors_client(table: Table, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A stranger's client of a server that nobody has signed up on."""
    async with (
        open_home(table, tmp_path, cors_origins=ORIGIN, local_accounts="off") as home,
        open_client(home.app) as client,
    ):
        yield client


async def test_a_preflight_of_another_origin_allows_nothing(
    cors_client: httpx2.AsyncClient,
) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}

    response = await cors_client.options("/agents", headers=asked)

    assert response.status_code == 400
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_without_origins_nobody_may_call_from_elsewhere(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path) as plain:
        response = await _call(plain.client, _CALLS[200])

    assert not [name for name in response.headers if name.startswith("access-control-allow")]


async def test_the_frontends_origin_is_the_default(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path, frontend_url=f"{ORIGIN}/") as home:
        _check_cors(await _call(home.client, _CALLS[200]))


async def test_a_body_of_more_than_ten_megabytes_is_refused_by_default(
    table: Table, tmp_path: Path
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 1024 * 1024

    async with open_home(table, tmp_path) as home:
        declared = await home.client.post("/agents", content=b"x" * (10 * 1024 * 1024 + 1))
        streamed = await home.client.post("/agents", content=pieces())

    assert [declared.status_code, streamed.status_code] == [413, 413]
    _check_problem(declared, "/agents")
    _check_problem(streamed, "/agents")
    assert "10485760 bytes" in declared.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/agents/", "/agents"),
        ("POST", "/agents/", "/agents"),
        ("GET", "/conversations", "/conversations/"),
        ("POST", "/conversations", "/conversations/"),
        ("GET", "/conversations?limit=2", "/conversations/?limit=2"),
    ],
)
async def test_the_other_form_of_a_path_redirects(
    method: str, path: str, location: str, home: Home
) -> None:
    response = await home.client.request(method, path)

    assert response.status_code == 307
    assert response.headers["Location"].removeprefix(str(home.client.base_url)) in {
        location,
        location.removeprefix("/"),
    }


async def test_a_method_that_a_path_has_not_is_told_which_it_has(home: Home) -> None:
    response = await home.client.delete("/agents")

    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/app/", "/app/docs.html"])
async def test_pages_are_there_for_strangers(path: str, home: Home) -> None:
    async with open_client(home.app) as client:
        response = await client.get(path, follow_redirects=True)

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/app/nothing.js", "/app/../smriti.db", "/app/%2e%2e/router.py"])
async def test_what_is_no_page_is_a_problem(path: str, home: Home) -> None:
    response = await home.client.get(path)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


async def test_a_new_token_is_exposed_to_the_page(home: Home) -> None:
    account = {"username": "bob", "password": PASSWORD}

    response = await _call(home.client, ("POST", "/auth/local/signup", {"json": account}))

    _check_cors(response)
    assert response.headers["Cache-Control"] == "no-store"
