"""A whole server in memory, as a test meets it: over HTTP, with a scripted model."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
from fastapi import FastAPI

from smriti.app import create_app
from smriti.auth.links import LoginLinks
from smriti.auth.passwords import Passwords
from smriti.core.config import Config
from smriti.core.edge import Services
from smriti.db.table import Item, Table, key_of
from smriti.llm.provider import (
    Finished,
    ModelInfo,
    Provider,
    ProviderEvent,
    ProviderFactories,
    TextChunk,
    TokensUsed,
)
from smriti.llm.providers.demo import DemoProvider
from smriti.llm.types import ModelRequest, Usage
from smriti.payments.gateway import Gateway
from tests.fakes.counting_table import CountingTable
from tests.fakes.scripted_provider import ScriptedProvider

BASE_URL = "http://127.0.0.1:8000"
PASSWORD = "a long enough password"
CHEAP: Final = 2  # scrypt's N: tests need no strong hashes

HELLO: Final[Sequence[ProviderEvent]] = (TextChunk("Hello"), Finished("stop"))
COUNTED_HELLO: Final = (*HELLO, TokensUsed(Usage(input_tokens=3, output_tokens=1)))


class Home:
    """The application, its signed-in owner, and short words for what tests do all the time."""

    def __init__(
        self,
        app: FastAPI,
        client: httpx2.AsyncClient,
        table: Table,
        model: Provider | None = None,
    ) -> None:
        self.app = app
        self.table = table
        self.client = client
        self.model: Provider = model or ScriptedProvider([])

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    def script(self, *scripts: Sequence[ProviderEvent | Exception]) -> ScriptedProvider:
        """What the model behind the provider `OpenAI` says, one sequence a request."""
        model = self.model = ScriptedProvider(scripts)
        return model

    @asynccontextmanager
    async def sign_up(self, name: str) -> AsyncIterator[httpx2.AsyncClient]:
        """Another person's client."""
        async with _client(self.app) as client:
            await _sign_up(client, name)
            yield client

    async def become_owner(self) -> None:
        """Sign in by a link, as whoever started the server."""
        token = await self.services.get(LoginLinks).create()
        response = await self.client.post("/auth/link", json={"token": token})
        self.client.headers["Authorization"] = f"Bearer {response.json()['token']}"

    async def agent(self, **values: Any) -> dict[str, Any]:
        body = {
            "agent_name": "Librarian",
            "agent_architecture": "krishna-memgpt",
            "agent_provider": "Demo",
            "agent_persona": "Knows every shelf.",
        }
        return await self.post("/agents", body | values)

    async def scripted_agent(self, **values: Any) -> dict[str, Any]:
        """An agent that thinks with the scripted model."""
        await self.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
        return await self.agent(agent_provider="OpenAI", agent_model="scripted", **values)

    async def conversation(self, agent: dict[str, Any], **values: Any) -> dict[str, Any]:
        return await self.post("/conversations/", {"agent_id": agent["agent_id"]} | values)

    async def say(self, conversation: dict[str, Any], content: str) -> list[dict[str, Any]]:
        """Send a message and answer the events of its turn."""
        response = await self.send(conversation, {"content": content})
        assert response.status_code == 200, response.text
        return events_of(response.text)

    async def send(self, conversation: dict[str, Any], body: dict[str, Any]) -> httpx2.Response:
        path = f"/agents/{conversation['agent_id']}/{conversation['conversation_id']}/send-message"
        return await self.client.post(path, json=body)

    async def messages(self, conversation: dict[str, Any]) -> list[dict[str, Any]]:
        """Oldest first."""
        path = f"/conversations/{conversation['conversation_id']}/messages"
        found = await self.get(f"{path}?limit=100&order=oldest")
        items: list[dict[str, Any]] = found["items"]
        return items

    async def items_with(self, word: str) -> list[Item]:
        """Every stored item whose key holds the word."""
        items, after = [], None
        while True:
            page = await self.table.scan(after=after)
            items += [item for item in page.items if any(word in part for part in key_of(item))]
            after = page.next
            if after is None:
                return items

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self.client.post(path, json=body)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def get(self, path: str) -> Any:
        response = await self.client.get(path)
        assert response.is_success, response.text
        return response.json()


class Switchboard:
    """The provider that is connected once, and always answers by the home's model of the moment."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        return self._home.model.stream(request)

    async def models(self) -> list[ModelInfo]:
        return await self._home.model.models()

    async def close(self) -> None:
        return


def events_of(text: str) -> list[dict[str, Any]]:
    """The events of a stream's text; comments are left out."""
    frames = text.removesuffix("\n\n").split("\n\n")
    return [orjson.loads(frame.removeprefix("data: ")) for frame in frames if frame[:1] != ":"]


def spoken(events: list[dict[str, Any]]) -> str:
    """The text of the answer."""
    return "".join(e["content"] for e in events if e["event_type"] == "AGENT_RESPONSE_TO_USER")


def types_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["event_type"] for event in events]


@asynccontextmanager
async def open_home(
    table: Table,
    data_dir: Path,
    *,
    model: Provider | None = None,
    token: str | None = None,
    payments: Gateway | None = None,
    **settings: Any,
) -> AsyncIterator[Home]:
    """A server on `table`. `settings` are fields of Config; `model` is there from the start.

    With `token`, that of somebody who has signed in at another server of this directory and table.
    """
    values = {"smriti_data_dir": data_dir, "log_level": "ERROR", **settings}
    config = Config(_env_file=None, **values)
    async with AsyncExitStack() as stack:
        homes: list[Home] = []
        factories: ProviderFactories = {
            "Demo": lambda _: DemoProvider(),
            "OpenAI": lambda _: Switchboard(homes[0]),
            "Anthropic": lambda _: Switchboard(homes[0]),
        }
        app = create_app(
            config,
            table=table,
            providers=factories,
            payments=payments,
            passwords=Passwords(cost=CHEAP),
        )
        client = await stack.enter_async_context(_client(app))
        homes.append(Home(app, client, table, model))
        await stack.enter_async_context(app.router.lifespan_context(app))
        if token is not None:
            client.headers["Authorization"] = f"Bearer {token}"
        elif config.accounts_open:
            await _sign_up(client, "alice")
        yield homes[0]


# What a turn of one model call asks of the store, in waves of calls that are begun together.
PLAIN_TURN: Final = [
    # The lease, which reads the conversation; the message is counted; and everything else is read.
    ["update", "update", "read"],
    ["write", "write"],  # turn record and question, while the model request is under way
    ["write", "write"],  # the answer, and the exchange as it is found again
    ["write", "update"],  # the turn record is closed, the conversation given back
    ["write"],  # its tokens are to be counted, once
    ["update"],  # they are
]


async def waves_of_a_plain_turn(table: Table, data_dir: Path) -> list[list[str]]:
    """The waves of the second turn of a conversation: with the first, connections are made."""
    counting = CountingTable(table)
    async with open_home(counting, data_dir) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO, COUNTED_HELLO)
        await home.say(conversation, "Hi")
        counting.waves.clear()
        await home.say(conversation, "Hi again")
    return counting.waves


def _client(app: FastAPI) -> httpx2.AsyncClient:
    # What goes wrong inside is answered by the application, as it would be from outside.
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, timeout=30)


async def _sign_up(client: httpx2.AsyncClient, name: str) -> None:
    account = {"username": name, "password": PASSWORD}
    response = await client.post("/auth/local/signup", json=account)
    if response.status_code == 400:
        response = await client.post("/auth/local/login", json=account)
    client.headers["Authorization"] = f"Bearer {response.json()['token']}"
