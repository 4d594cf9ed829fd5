"""WebSockets of `smriti serve`, with pings every 0.2 s, and clients that nobody would write."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect

from smriti.cli.websocket import LivelySocket
from smriti.devices.line import ANSWERS
from tests.patience import PATIENCE_S

_PING_S: Final = 0.2


class Visits:
    """An application: it counts who is there, and says of whoever asks whether he answers."""

    def __init__(self, *, flood: bool = False) -> None:
        self.open = 0
        self.heard = 0
        self._flood = flood
        self._answers: asyncio.Queue[bool] = asyncio.Queue()

    async def answer(self) -> bool:
        """Whether who spoke next was said to answer."""
        return await asyncio.wait_for(self._answers.get(), PATIENCE_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = WebSocket(scope, receive, send)
        await visitor.accept()
        self.open += 1
        try:
            if self._flood:
                await visitor.send_bytes(bytes(50_000_000))
            while True:
                self.heard += len(await visitor.receive_text())
                self._answers.put_nowait(await scope["extensions"][ANSWERS](_PING_S))
        except WebSocketDisconnect:
            pass
        finally:
            self.open -= 1


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Visits, *, ping_s: float = _PING_S) -> AsyncIterator[int]:
    options = uvicorn.Config(
        app,
        ws=LivelySocket,
        ws_ping_interval=ping_s,
        ws_ping_timeout=ping_s,
        ws_per_message_deflate=False,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(options)
        task = asyncio.create_task(server.serve([listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


@asynccontextmanager
async def mute(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client that shook hands, and answers no ping by itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - a connection that ends tells nobody
            await asyncio.sleep(0.01)


async def test_who_answers_no_ping_is_let_go_of() -> None:
    app = Visits()
    async with serving(app) as port, mute(port):
        await until(lambda: app.open == 1)

        await until(lambda: app.open == 0)


async def test_who_reads_nothing_is_let_go_of_whatever_there_is_to_write() -> None:
    app = Visits(flood=True)
    async with serving(app) as port, mute(port):
        await until(lambda: app.open == 1)

        await until(lambda: app.open == 0)


async def test_who_is_still_sending_a_large_frame_is_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("smriti.cli.websocket.monotonic", lambda: now)
    app = Visits()
    async with serving(app) as port, mute(port) as (_, writer):
        head = struct.pack("!BBQ4s", 0x81, 0xFF, 100_000, bytes(4))
        writer.write(head)
        for _ in range(20):  # ten times as long as a pong may take
            await asyncio.sleep(_PING_S / 2)
            writer.write(b"x" * 5000)
            now += _PING_S / 2

        await until(lambda: app.heard == 100_000)


async def test_a_client_that_answers_pings_stays() -> None:
    app = Visits()
    async with (
        serving(app, ping_s=1) as port,
        connect(f"ws://127.0.0.1:{port}", proxy=None) as client,
    ):
        await asyncio.sleep(3)

        await client.send("hello")
        assert await app.answer()
        assert app.open == 1


async def test_a_client_that_is_asked_and_says_nothing_does_not_answer() -> None:
    app = Visits()
    async with serving(app, ping_s=PATIENCE_S) as port, mute(port) as (_, writer):
        writer.write(struct.pack("!BB4s", 0x81, 0x82, bytes(4)) + b"hi")

        assert not await app.answer()
