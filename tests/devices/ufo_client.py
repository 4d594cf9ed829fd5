"""What UFO's clients have in common: a connection that they register on, and come back after."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import ClassVar, Final, Self

import orjson
from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.devices.wire_messages import Json, ServerMessage
from tests.patience import PATIENCE_S

MAX_FRAME: Final = 100 * 1024 * 1024


class Client(ABC):
    """A client that connects, registers, and comes back, until it has failed too often in a row."""

    tries: int = 5
    ping_interval_s: ClassVar[float]
    heartbeat_s: float

    def __init__(self, url: str, client_id: str, *, pace: float = 1.0) -> None:
        self.client_id = client_id
        self.received: list[ServerMessage] = []
        self.dropped: list[str | bytes] = []
        self.sent: list[Json] = []
        self.attempts: list[float] = []
        self.registered = asyncio.Event()
        self.exhausted = asyncio.Event()
        self.pace = pace
        self._url = url
        self._news = asyncio.Condition()
        self._line: ClientConnection | None = None
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Once it is registered."""
        self.start()
        async with asyncio.timeout(PATIENCE_S):
            await self.registered.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def start(self) -> None:
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """The program is ended, and says goodbye."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def vanish(self) -> None:
        """The machine is gone: no close frame, and it does not come back."""
        self.line.transport.abort()
        await self.stop()

    def drop(self) -> None:
        """The connection breaks; the client lives."""
        self.line.transport.abort()

    def freeze(self) -> None:
        """Keep the connection open and say nothing any more, not even to pings."""
        assert self.line.keepalive_task is not None
        self.line.keepalive_task.cancel()
        self.line.transport.pause_reading()

    @property
    def line(self) -> ClientConnection:
        assert self._line is not None
        return self._line

    def all(self, kind: str) -> list[ServerMessage]:
        return [message for message in self.received if message.type == kind]

    async def heard(self, kind: str, number: int = 1) -> ServerMessage:
        """The first message of this type, or a later one."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: len(self.all(kind)) >= number)
        return self.all(kind)[number - 1]

    async def send(self, message: Json) -> None:
        self.sent.append(message)
        await self.line.send(orjson.dumps(message).decode())

    async def _run(self) -> None:
        failures = 0
        while True:
            self.attempts.append(time.monotonic())
            try:
                await self._connect()
            except (OSError, WebSocketException):
                pass
            finally:
                self._line = None
            failures = 1 if self.registered.is_set() else failures + 1
            self.registered.clear()
            if failures >= self.tries:
                break
            await asyncio.sleep(self._pause_s(failures) * self.pace)
        self.exhausted.set()
        await asyncio.Event().wait()  # the program stays, and does nothing

    async def _connect(self) -> None:
        async with connect(
            self._url,
            max_size=MAX_FRAME,
            ping_interval=self.ping_interval_s,
            ping_timeout=180,
            close_timeout=10,
            proxy=None,
        ) as self._line:
            await self.send(self._register())
            if await self._is_accepted():
                self.registered.set()
                await self._attend()

    async def _attend(self) -> None:
        meanwhile = [asyncio.create_task(self._ready()), asyncio.create_task(self._beat())]
        try:
            async for frame in self.line:
                if (message := await self._read(frame)) is not None:
                    await self._hear(message)
        finally:
            for task in meanwhile:
                task.cancel()
            await asyncio.gather(*meanwhile, return_exceptions=True)

    async def _read(self, frame: str | bytes) -> ServerMessage | None:
        """What a binary frame holds is taken as text."""
        try:
            message = ServerMessage.model_validate_json(frame)
        except ValidationError:
            self.dropped.append(frame)
            return None
        async with self._news:
            self.received.append(message)
            self._news.notify_all()
        return message

    @abstractmethod
    def _register(self) -> Json: ...

    @abstractmethod
    async def _is_accepted(self) -> bool: ...

    @abstractmethod
    async def _ready(self) -> None: ...

    @abstractmethod
    async def _hear(self, message: ServerMessage) -> None: ...

    @abstractmethod
    async def _beat(self) -> None: ...

    @abstractmethod
    def _pause_s(self, failures: int) -> float: ...
