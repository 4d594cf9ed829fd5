"""Where a local server may listen, and the names it answers to."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, WebSocket
from starlette.types import Message, Scope

from smriti.auth.hosts import LocalHosts, check_listen_address, own_hosts
from smriti.core.config import ConfigurationError
from smriti.db.table import Table
from tests.auth.server import SECRET, Server, settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the question is who may listen there


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.1.2.3",
        "localhost",
        "LocalHost:8000",
        "localhost.",
        "smriti.localhost",
        "[::1]",
        "[::1]:8000",
        "smriti.example",
        "app.example:5173",
    ],
)
async def test_a_local_server_answers_to_its_own_names(table: Table, host: str) -> None:
    config = settings(api_base_url="https://smriti.example", frontend_url="http://app.example")

    async with Server(table, config).browser(Host=host) as browser:
        answer = await browser.get("/auth/me")

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "192.168.1.7:8000",
        EVERYWHERE,
        "[::]",
        "[::1",
        "128.0.0.1",
    ],
)
async def test_a_local_server_refuses_foreign_names(table: Table, host: str) -> None:
    async with Server(table, settings()).browser(Host=host) as browser:
        answer = await browser.get("/auth/me")

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/host-refused",
        "title": "Not allowed",
        "status": 403,
        "detail": "This server is in local mode and answers only to localhost. "
        "To reach it by another name, set API_BASE_URL to the address that you use.",
        "path": "/auth/me",
    }


async def test_two_names_at_once_are_refused(table: Table) -> None:
    headers = [("Host", "127.0.0.1"), ("Host", "evil.example")]

    async with Server(table, settings()).browser() as browser:
        answer = await browser.get("/auth/me", headers=httpx2.Headers(headers))

    assert answer.status_code == 403


async def test_a_foreign_name_opens_no_websocket() -> None:
    app = FastAPI()
    sent: list[Message] = []

    @app.websocket("/socket")
    async def accept(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    for host in (b"evil.example", b"localhost"):
        scope: Scope = {
            "type": "websocket",
            "path": "/socket",
            "headers": [(b"host", host)],
            "query_string": b"",
            "subprotocols": [],
        }
        await LocalHosts(app)(scope, receive, send)

    kinds = [message["type"] for message in sent]
    assert kinds == ["websocket.close", "websocket.accept", "websocket.close"]


async def test_in_production_any_name_will_do(table: Table) -> None:
    config = settings(environment="production", local_accounts="on")

    async with Server(table, config).browser(Host="smriti.example") as browser:
        assert (await browser.get("/auth/me")).status_code == 401


def test_own_names_come_from_the_configured_addresses() -> None:
    config = settings(api_base_url="https://API.example:8443/x", frontend_url=None)

    assert own_hosts(config) == {"api.example"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_at_home_nothing_needs_to_be_set(host: str) -> None:
    check_listen_address(settings(jwt_secret=None), host)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.168.1.7", "", "my-machine"])
@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"jwt_secret": None, "local_accounts": "on"}, "set JWT_SECRET (at least 32 bytes);"),
        ({"jwt_secret": "short", "local_accounts": "on"}, "set JWT_SECRET (at least 32 bytes);"),
        ({}, "set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, or LOCAL_ACCOUNTS=on;"),
        ({"google_client_id": "x"}, "set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, or"),
        ({"jwt_secret": None}, "set JWT_SECRET (at least 32 bytes) and GOOGLE_CLIENT_ID"),
    ],
)
def test_to_be_reached_by_others_a_secret_and_a_sign_in_must_be_set(
    host: str, values: dict[str, Any], missing: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_listen_address(settings(**values), host)

    assert missing in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"local_accounts": "on"},
        {"google_client_id": "x", "google_client_secret": "y"},
        {"environment": "production", "local_accounts": "on"},
    ],
)
def test_a_protected_server_may_listen_anywhere(values: dict[str, Any]) -> None:
    check_listen_address(settings(**values), EVERYWHERE)
