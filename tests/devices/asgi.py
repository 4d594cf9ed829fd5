"""A client at the door, without a server between: every way in which a server may fail it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from starlette.types import Message
from starlette.websockets import WebSocket

from smriti.auth.keys.models import ApiKey
from smriti.core.errors import Unauthenticated
from smriti.devices.connection import Exchange
from smriti.devices.door import Door
from smriti.devices.hub import Hub, Peer
from smriti.devices.line import ANSWERS
from smriti.devices.protocol import CommandResults, Task
from tests.patience import PATIENCE_S

type Json = dict[str, Any]


class Desk:
    """Keeps what it is told, and fails when it is told to."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.heard: list[CommandResults] = []
        self.failure: Exception | None = None

    async def task(self, peer: Peer, message: Task) -> None:
        if self.failure is not None:
            raise self.failure
        self.tasks.append(message)

    def results(self, peer: Peer, message: CommandResults) -> None:
        self.heard.append(message)


class Book:
    def __init__(self) -> None:
        self.names: list[str] = []
        self.failure: Exception | None = None

    async def seen(self, peer: Peer) -> None:
        if self.failure is not None:
            raise self.failure
        self.names.append(peer.client_id)


class Client:
    """`sent` are the server's ASGI messages; while `stuck`, it reads none of them."""

    def __init__(self, query: str, headers: dict[str, str], *, answers: bool | None) -> None:
        self._arrived: asyncio.Queue[Message] = asyncio.Queue()
        self._arrived.put_nowait({"type": "websocket.connect"})
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.flowing = asyncio.Event()
        self.flowing.set()
        extensions: dict[str, Any] = {"websocket.http.response": {}}
        if answers is not None:
            extensions[ANSWERS] = self._answers
        self._is_there = answers
        scope = {
            "type": "websocket",
            "path": "/ws",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "extensions": extensions,
        }
        self.socket = WebSocket(scope, self._arrived.get, self._send)

    async def _answers(self, _within_s: float) -> bool:
        return self._is_there is not False

    async def _send(self, message: Message) -> None:
        await self.flowing.wait()
        self.sent.put_nowait(message)

    def say(self, kind: str, **members: Any) -> None:
        self.type(orjson.dumps({"type": kind, "status": "ok", **members}).decode())

    def type(self, text: str) -> None:
        self._arrived.put_nowait({"type": "websocket.receive", "text": text})

    def vanish(self) -> None:
        self._arrived.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def next(self) -> Message:
        async with asyncio.timeout(PATIENCE_S):
            return await self.sent.get()

    async def hear(self) -> Json:
        message: Json = orjson.loads((await self.next())["text"])
        return message

    async def register(self, client_id: str = "lab-7", **members: Any) -> Json:
        self.say("register", client_id=client_id, **members)
        return await self.hear()

    async def accepted(self) -> bool:
        return bool((await self.next())["type"] == "websocket.accept")


class Porch:
    """A door whose keys are `device`, `constellation`, `bound` and `program`, all of alice."""

    def __init__(self, *, most: int = 100) -> None:
        self.hub = Hub()
        self.desk = Desk()
        self.book = Book()
        self.keys = {
            "device": ApiKey(name="D", kind="device", hint="", created_by="alice"),
            "constellation": ApiKey(name="C", kind="constellation", hint="", created_by="alice"),
            "program": ApiKey(
                name="P", kind="program", hint="", created_by="alice", scopes=["admin"]
            ),
            "bound": ApiKey(
                name="B", kind="device", hint="", created_by="alice", client_ids=["lab-1"]
            ),
        }
        self.verify: Callable[[str], Awaitable[ApiKey]] = self._verify
        self.door = Door(
            lambda presented: self.verify(presented),
            Exchange(self.hub, self.desk, self.book),
            most=most,
        )

    async def _verify(self, presented: str) -> ApiKey:
        if presented not in self.keys:
            raise Unauthenticated("Invalid API key")
        return self.keys[presented]

    async def is_left_clean(self) -> bool:
        """For a porch of one: whether nobody is there, and the next may come."""
        if self.online:
            return False
        async with self.inside() as next_one:
            return bool((await next_one.register())["status"] == "ok")

    @property
    def online(self) -> list[str]:
        return sorted(peer.client_id for peer in self.hub.everybody())

    @asynccontextmanager
    async def visit(
        self,
        query: str = "token=constellation",
        headers: dict[str, str] | None = None,
        *,
        answers: bool | None = None,
    ) -> AsyncIterator[tuple[Client, asyncio.Task[None]]]:
        """A client, and what serves it."""
        client = Client(query, headers or {}, answers=answers)
        serving = asyncio.create_task(self.door.serve(client.socket))
        try:
            yield client, serving
        finally:
            if not serving.done():
                serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving

    @asynccontextmanager
    async def inside(
        self, query: str = "token=constellation", **options: Any
    ) -> AsyncIterator[Client]:
        """A client that was accepted."""
        async with self.visit(query, **options) as (client, _):
            assert await client.accepted()
            yield client
