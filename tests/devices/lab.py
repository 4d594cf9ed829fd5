"""A server on a real socket with a model that obeys, and machines to connect to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx2
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from smriti.cli.serve import Server
from smriti.core.config import Config
from smriti.core.edge import Services
from smriti.db.table import Table
from tests.devices.obedient import Obedient
from tests.devices.tool_server import answering, linux_tools
from tests.devices.ufo import UfoConstellation, UfoDevice
from tests.devices.ufo_client import MAX_FRAME
from tests.devices.wire_messages import Json, client_message
from tests.home import Home, open_home
from tests.patience import PATIENCE_S
from tests.turns.attaching import until

QUIET_S: Final = 0.3
TOOL_KEY: Final = "tool-secret"
_OBEDIENT: Final = {"base_url": "http://model.test/v1", "model": "obedient"}


class Raw:
    """A client that sends what the test says, and nothing by itself."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line

    async def say(self, message: Json | str | bytes) -> None:
        text = orjson.dumps(message).decode() if isinstance(message, dict) else message
        await self.line.send(text)

    async def hear(self) -> Json:
        return await self.hear_within(PATIENCE_S)

    async def hear_within(self, limit_s: float) -> Json:
        async with asyncio.timeout(limit_s):
            message: Json = orjson.loads(await self.line.recv())
        return message

    async def register(self, client_id: str = "lab-7", **members: Any) -> Json:
        """The answer."""
        usual = {"client_id": client_id, "metadata": {"platform": "linux"}}
        await self.say(client_message("register", **usual | members))
        return await self.hear()

    async def quiet(self) -> bool:
        """Whether nothing comes for a while, and the connection stays."""
        try:
            async with asyncio.timeout(QUIET_S):
                await self.line.recv()
        except TimeoutError:
            return True
        return False

    async def closed(self) -> int | None:
        """The code with which the server closes; what else it says is left unread."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self.line.recv()
            except ConnectionClosed:
                return self.line.close_code

    async def is_alive(self) -> bool:
        """Whether a heartbeat is answered: nothing that came before is left to be said, either."""
        await self.say({"type": "heartbeat", "status": "ok"})
        answer = await self.hear()
        return (answer["type"], answer["status"]) == ("heartbeat", "ok")


class Lab:
    """`model` thinks for every session; `http` is alice's client, `key` one of hers."""

    def __init__(self, home: Home, model: Obedient, port: int, key: str) -> None:
        self.home = home
        self.model = model
        self.http = home.client
        self.port = port
        self.key = key

    @property
    def services(self) -> Services:
        return self.home.services

    def url(self, key: str | None = None) -> str:
        return f"ws://127.0.0.1:{self.port}/ws?token={quote(self.key if key is None else key)}"

    def device(self, client_id: str = "lab-7", **values: Any) -> UfoDevice:
        """With the stock tools, and `look`, which needs no key of theirs."""
        agents = values.pop(
            "agents", {"LinuxAgent": linux_tools(TOOL_KEY, answering("look", "hi"))}
        )
        return UfoDevice(self.url(values.pop("key", None)), client_id, agents=agents, **values)

    def constellation(self, device_id: str = "lab-7", **values: Any) -> UfoConstellation:
        return UfoConstellation(self.url(values.pop("key", None)), device_id, **values)

    @asynccontextmanager
    async def raw(self, url: str | None = None) -> AsyncIterator[Raw]:
        async with connect(url or self.url(), max_size=MAX_FRAME, proxy=None) as line:
            yield Raw(line)

    async def new_key(
        self, kind: str = "constellation", *, http: httpx2.AsyncClient | None = None, **values: Any
    ) -> Json:
        return await posted(
            http or self.http, "/devices/keys", {"name": "A key", "kind": kind} | values
        )

    @asynccontextmanager
    async def bob(self) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
        """Another user, who has a model and a key of the same kind."""
        async with self.home.sign_up("bob") as http:
            await posted(http, "/settings/providers/OpenAI", _OBEDIENT)
            yield http, (await self.new_key(http=http))["key"]

    async def dispatch(self, request: str, client_id: str = "lab-7", **values: Any) -> Json:
        body = {"client_id": client_id, "request": request} | values
        return await posted(self.http, "/api/dispatch", body)

    async def session(self, session_id: str) -> Json:
        return dict(await self.home.get(f"/api/sessions/{session_id}"))

    async def sessions(self, **query: str) -> list[Json]:
        """Newest first."""
        response = await self.http.get("/api/sessions", params=query)
        items: list[Json] = response.json()["items"]
        return items

    async def ended(self, number: int = 1) -> list[Json]:
        """The sessions, once that many are over."""

        async def are_over() -> bool:
            return len(await self._over()) >= number

        await until(are_over)
        return await self._over()

    async def _over(self) -> list[Json]:
        return [each for each in await self.sessions() if each["finished_at"]]

    async def online(self) -> list[str]:
        found: list[str] = (await self.home.get("/api/clients"))["online_clients"]
        return sorted(found)

    async def until_online(self, *client_ids: str) -> None:
        """Until these are connected, and nobody else."""

        async def are_online() -> bool:
            return await self.online() == sorted(client_ids)

        await until(are_online)


async def posted(http: httpx2.AsyncClient, path: str, body: Mapping[str, Any]) -> Json:
    response = await http.post(path, json=body)
    assert response.is_success, response.text
    answer: Json = response.json()
    return answer


class _Server(Server):
    """Signals are the test runner's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(home: Home, config: Config) -> AsyncIterator[int]:
    """The port at which it listens, with the settings of `smriti serve`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(home.app, config)
        server.config.lifespan = "off"
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def open_lab(table: Table, data_dir: Path, **settings: Any) -> AsyncIterator[Lab]:
    model = Obedient()
    values = {"smriti_data_dir": data_dir, "log_level": "ERROR", "shutdown_grace_s": 1, **settings}
    config = Config(_env_file=None, **{k: v for k, v in values.items() if k != "token"})
    async with (
        open_home(table, data_dir, model=model, **settings) as home,
        served(home, config) as port,
    ):
        await home.post("/settings/providers/OpenAI", _OBEDIENT)
        new = {"name": "Everything", "kind": "constellation"}
        made = await posted(home.client, "/devices/keys", new)
        yield Lab(home, model, port, made["key"])
