"""Trying a provider's settings before they are saved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from smriti.app import create_app
from smriti.core.config import Config
from smriti.db.table import Table
from smriti.llm.provider import Credentials, ModelInfo, Provider, ProviderFactories
from smriti.llm.providers.openai import OpenAIProvider
from tests.api.clients import open_client
from tests.fakes.scripted_provider import ScriptedProvider
from tests.home import PASSWORD, Home

PATH: Final = "/settings/providers/OpenAI"
CHECK: Final = f"{PATH}/check"
KEY: Final = "sk-recognisable-key-0123456789"
VALUES: Final = {"base_url": "http://model.test/v1", "api_key": KEY}


class Upstream:
    """A model server behind the real adapter; what it says repeats the key."""

    def __init__(self) -> None:
        self.status = 200
        self.failure: Exception | None = None
        self.asked: list[tuple[str, str | None]] = []

    def open_http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((str(request.url), request.headers.get("authorization")))
        if self.failure is not None:
            raise self.failure
        if self.status != 200:
            error = {"message": f"wrong: {KEY}, says an inner server"}
            return httpx2.Response(self.status, json={"error": error})
        return httpx2.Response(200, json={"data": [{"id": "small"}, {"id": "big"}]})


@asynccontextmanager
async def _server(
    table: Table, data_dir: Path, providers: ProviderFactories | None, **settings: Any
) -> AsyncIterator[Home]:
    config = Config(_env_file=None, smriti_data_dir=data_dir, log_level="ERROR", **settings)
    app = create_app(config, table=table, providers=providers)
    async with app.router.lifespan_context(app), open_client(app) as client:
        account = {"username": "alice", "password": PASSWORD}
        signed = await client.post("/auth/local/signup", json=account)
        client.headers["Authorization"] = f"Bearer {signed.json()['token']}"
        yield Home(app, client, table)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def home(table: Table, upstream: Upstream, tmp_path: Path) -> AsyncIterator[Home]:
    """A server with the real adapter."""

    def openai(credentials: Credentials) -> Provider:
        return OpenAIProvider(credentials, upstream.open_http)

    async with _server(table, tmp_path, {"OpenAI": openai}) as home:
        yield home


async def test_good_settings_tell_the_models_and_are_not_saved(
    home: Home, upstream: Upstream
) -> None:
    answer = await home.client.post(CHECK, json=VALUES)

    about = [("big", "big"), ("small", "small")]
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "models": [
            {"model_id": name, "model_name": name, "display_name": shown, "provider": "OpenAI"}
            for name, shown in about
        ],
        "problem": None,
    }
    assert upstream.asked == [("http://model.test/v1/models", f"Bearer {KEY}")]
    assert (await home.get(PATH))["is_configured"] is False


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (401, "refused the API key (401). Check it in the settings."),
        (403, "refused the API key (403). Check it in the settings."),
        (404, "knows no models (404). Check the base URL: most end in /v1."),
        (400, "refused the request (400)."),
        (500, "failed (500). Try again in a while."),
    ],
)
async def test_what_the_server_refuses_is_told_in_our_own_words(
    status: int, problem: str, home: Home, upstream: Upstream
) -> None:
    upstream.status = status

    answer = await home.post(CHECK, VALUES)

    assert answer == {"ok": False, "models": [], "problem": f"http://model.test/v1 {problem}"}


@pytest.mark.parametrize(
    ("failure", "problem"),
    [
        (httpx2.ConnectError(KEY), "Could not connect to http://model.test/v1."),
        (httpx2.ReadTimeout(KEY), "http://model.test/v1 did not answer in time."),
    ],
)
async def test_a_server_that_does_not_answer_is_named(
    failure: Exception, problem: str, home: Home, upstream: Upstream
) -> None:
    upstream.failure = failure

    answer = await home.post(CHECK, VALUES)

    assert not answer["ok"]
    assert answer["problem"].startswith(problem)
    assert KEY not in str(answer)


async def test_the_saved_key_is_tried_at_its_own_address_alone(
    home: Home, upstream: Upstream
) -> None:
    await home.post(PATH, VALUES)

    for address in ("http://model.test/v1", "http://evil.test/v1"):
        await home.post(CHECK, {"base_url": address, "api_key": ""})

    assert upstream.asked == [
        ("http://model.test/v1/models", f"Bearer {KEY}"),
        ("http://evil.test/v1/models", None),
    ]


@pytest.mark.parametrize(
    ("path", "values", "status"),
    [
        (CHECK, {}, 400),
        (CHECK, {"base_url": "ftp://model.test"}, 422),
        ("/settings/providers/Nobody/check", VALUES, 400),
    ],
)
async def test_values_that_could_not_be_saved_are_refused_alike(
    path: str, values: dict[str, Any], status: int, home: Home, upstream: Upstream
) -> None:
    answer = await home.client.post(path, json=values)

    assert answer.status_code == status
    assert upstream.asked == []


async def test_private_networks_stay_closed(table: Table, tmp_path: Path) -> None:
    async with _server(table, tmp_path, None, allow_private_networks="off") as home:
        answer = await home.post(CHECK, VALUES | {"base_url": "http://127.0.0.1:9/v1"})

    assert not answer["ok"]
    assert "private network" in answer["problem"]


async def test_the_connection_that_was_tried_is_closed(table: Table, tmp_path: Path) -> None:
    small = ModelInfo(model_id="s", model_name="s", display_name="s", provider="OpenAI")
    model = ScriptedProvider([], models=[small])
    async with _server(table, tmp_path, {"OpenAI": lambda _: model}) as home:
        answer = await home.post(CHECK, VALUES)
        closed = model.closed

    assert answer["models"] == [small.model_dump()]
    assert closed
