"""Nothing secret leaves: not in an answer, a header, a log line, nor readable in the table."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from smriti.app import create_app
from smriti.auth.links import LoginLinks
from smriti.core.config import Config
from smriti.db.table import Table
from smriti.llm.provider import Credentials, Provider
from smriti.llm.providers.demo import DemoProvider
from smriti.llm.providers.openai import OpenAIProvider
from tests.api.clients import open_client
from tests.api.crashing_table import CrashingTable
from tests.api.document import OPERATIONS
from tests.api.dump import every_item
from tests.home import Home

_KEY: Final = "sk-recognisable-key-of-alice-0123456789"
_HEADER: Final = "recognisable-header-of-alice"
_OWN_KEY: Final = "sk-recognisable-key-of-the-server-0123"
_JWT: Final = "recognisable-jwt-secret-of-the-server"
_ENCRYPTION: Final = "recognisable-encryption-key-of-the-server"
_GOOGLE: Final = "recognisable-google-secret"
_METRICS: Final = "recognisable-metrics-token"
_PASSWORD: Final = "recognisable password of alice"
_QUESTION: Final = "a recognisable question about tea"

_SECRETS: Final = (
    *(_KEY, _HEADER, _OWN_KEY, _JWT, _ENCRYPTION, _GOOGLE, _METRICS, _PASSWORD),
    _KEY[3:20],
)


class Model:
    """A model server behind the real adapter, which repeats the key that it is sent."""

    def __init__(self) -> None:
        self.status = 200
        self.reachable = True
        self.asked_with: list[str] = []

    def open_http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        sent = f"{request.headers.get('authorization')} {request.headers.get('x-secret')}"
        self.asked_with.append(sent)
        if not self.reachable:
            raise httpx2.ConnectError(f"no way to {request.url} with {sent}")
        if self.status != 200:
            error = {"message": f"Incorrect API key provided: {sent}", "type": sent}
            return httpx2.Response(self.status, json={"error": error}, headers={"x-echo": sent})
        return httpx2.Response(200, text=f"this is no stream, {sent}")


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def crashing(table: Table) -> CrashingTable:
    return CrashingTable(table)


@pytest.fixture
async def home(crashing: CrashingTable, model: Model, tmp_path: Path) -> AsyncIterator[Home]:
    """A talkative server with secrets that can be recognised, and the real adapter."""
    config = Config(
        _env_file=None,
        smriti_data_dir=tmp_path,
        log_level="DEBUG",
        jwt_secret=_JWT,
        encryption_key=_ENCRYPTION,
        google_client_id="client",
        google_client_secret=_GOOGLE,
        metrics_token=_METRICS,
        openai_api_key=_OWN_KEY,
        openai_base_url="http://model.test/v1",
    )

    def openai(credentials: Credentials) -> Provider:
        return OpenAIProvider(credentials, model.open_http)

    factories = {"Demo": lambda _: DemoProvider(), "OpenAI": openai}
    app = create_app(config, table=crashing, providers=factories)
    async with app.router.lifespan_context(app), open_client(app) as client:
        account = {"username": "alice", "password": _PASSWORD}
        signed = await client.post("/auth/local/signup", json=account)
        client.headers["Authorization"] = f"Bearer {signed.json()['token']}"
        yield Home(app, client, crashing)


class Ear:
    """Hears every answer of a client, whole."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._heard: list[str] = []
        client.event_hooks["response"].append(self._listen)

    async def _listen(self, response: httpx2.Response) -> None:
        await response.aread()
        self._heard += [response.text, *map(str, response.headers.multi_items())]

    def leaks(self, *others: str) -> list[str]:
        heard = "\n".join([*self._heard, *others])
        return [secret for secret in _SECRETS if secret in heard]


async def _configure(home: Home) -> dict[str, str]:
    values = {
        "base_url": "http://model.test/v1",
        "api_key": _KEY,
        "model": "some-model",
        "default_headers": f"X-Secret: {_HEADER}",
    }
    await home.post("/settings/providers/OpenAI", values)
    agent = await home.agent(agent_provider="OpenAI", agent_model="some-model")
    conversation = await home.conversation(agent)
    return {
        "agent_id": agent["agent_id"],
        "conversation_id": conversation["conversation_id"],
        "memory_id": "unknown",
        "name": "human",
        "provider_name": "OpenAI",
    }


async def _ask_everything(home: Home, ids: dict[str, str]) -> None:
    """Every operation, as it should be and with nonsense; what deletes comes last.

    But for those that open sockets: the one that asks Google for its addresses, and the one that
    looks for model servers.
    """
    opening = {"/auth/google", "/llm/local-servers"}
    asked = [operation for operation in OPERATIONS if operation.path not in opening]
    for operation in sorted(asked, key=lambda operation: operation.method == "DELETE"):
        for body in (operation.body, {"junk": [_QUESTION]}):
            await home.client.request(operation.method, operation.path_with(ids), json=body)


async def test_no_answer_and_no_log_line_holds_a_secret(
    home: Home, model: Model, capfd: pytest.CaptureFixture[str]
) -> None:
    ear = Ear(home.client)
    ids = await _configure(home)
    await home.client.get("/settings/providers")
    for status in (401, 403, 429, 500, 200):
        model.status = status
        await home.send(ids, {"content": _QUESTION})
        await home.client.get("/agents/supported-models")
    model.reachable = False
    await home.send(ids, {"content": _QUESTION})

    await _ask_everything(home, ids)

    logged = "".join(capfd.readouterr())
    assert any(_KEY in sent for sent in model.asked_with)
    assert any(_HEADER in sent for sent in model.asked_with)
    assert ear.leaks(logged) == []
    assert "request.finished" in logged
    assert _QUESTION not in logged
    assert re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", logged) == []  # tokens


async def test_the_person_is_told_what_went_wrong_without_the_key(home: Home, model: Model) -> None:
    ids = await _configure(home)
    answers = []
    for status, reachable in ((401, True), (200, False)):
        model.status, model.reachable = status, reachable
        answers.append((await home.say(ids, _QUESTION))[-1])

    assert [answer["event_type"] for answer in answers] == ["ERROR", "ERROR"]
    assert "key" in answers[0]["content"]
    assert all(_KEY not in str(answer) for answer in answers)


async def test_a_bug_is_logged_without_secrets(
    home: Home, crashing: CrashingTable, capfd: pytest.CaptureFixture[str]
) -> None:
    ear = Ear(home.client)
    ids = await _configure(home)
    crashing.broken = True

    await _ask_everything(home, ids)

    logged = "".join(capfd.readouterr())
    assert "request.crashed" in logged
    assert ear.leaks(logged) == []
    assert _QUESTION not in logged


async def test_nothing_secret_can_be_read_in_the_table(home: Home, model: Model) -> None:
    link = await home.services.get(LoginLinks).create()
    ids = await _configure(home)
    model.status = 401
    await home.send(ids, {"content": _QUESTION})

    stored = "\n".join([str(item) async for item in every_item(home.table)])

    token = home.client.headers["Authorization"].partition(" ")[2]
    assert _QUESTION in stored  # what a person says is kept
    assert [secret for secret in (*_SECRETS, link, token) if secret in stored] == []


async def test_an_api_key_is_told_once_and_then_nowhere(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    made = await home.post("/devices/keys", {"name": "Planner", "kind": "constellation"})
    told = str([await home.get(path) for path in ("/devices/keys", "/users/me/export")])
    ids = await _configure(home) | {"key_id": made["key"]}

    home.client.headers["X-API-Key"] = made["key"]
    await _ask_everything(home, ids)
    await home.client.get("/agents", params={"token": made["key"]})
    await home.client.get(f"/agents/{made['key']}")

    secret = made["key"].rpartition(f"{made['key_id']}_")[2]
    stored = "\n".join([str(item) async for item in every_item(home.table)])
    logged = "".join(capfd.readouterr())
    assert secret not in logged + stored + told
    assert "/devices/keys/***" in logged


async def test_objects_that_hold_secrets_do_not_show_them(home: Home) -> None:
    shown = [repr(home.services.get(Config)), repr(home.services), repr(vars(home.app.state))]

    assert [secret for secret in _SECRETS if secret in "".join(shown)] == []


async def test_what_a_request_carries_is_not_logged(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    token = home.client.headers["Authorization"].partition(" ")[2]

    await home.client.get("/login", params={"token": "recognisable-link-token"})
    await home.client.get("/agents", params={"token": token})
    await home.client.get("/auth/callback", params={"code": "recognisable-code", "state": "s"})
    await home.client.get("/agents", headers={"Cookie": f"smriti_session={token}"})
    await home.client.post("/auth/local/login", json={"username": "alice", "password": _PASSWORD})

    logged = "".join(capfd.readouterr())
    carried = (token, "recognisable-link-token", "recognisable-code", _PASSWORD)
    assert [secret for secret in carried if secret in logged] == []
