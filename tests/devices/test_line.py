"""What leaves for one client."""

import asyncio
import time

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from smriti.devices import line
from smriti.devices.line import LineEnded, SocketLine
from smriti.devices.protocol import Ack


async def test_it_may_be_hung_up_at_the_moment_it_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> Message:
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await future

    async def swallow(_: Message) -> None:
        await never()

    monkeypatch.setattr(line, "_WRITE_S", 0.01)
    socket = WebSocket({"type": "websocket"}, never, swallow)
    socket.application_state = WebSocketState.CONNECTED
    leaving = SocketLine(socket)
    leaving.send(Ack())
    loop = asyncio.get_running_loop()
    failures: list[object] = []
    loop.set_exception_handler(lambda _, failure: failures.append(failure))

    running = asyncio.create_task(leaving.run())
    await asyncio.sleep(0)
    loop.call_later(0.011, leaving.hang_up, 1001, "Another took your place.")
    time.sleep(0.05)  # noqa: ASYNC251 - then both are due at once

    with pytest.raises(LineEnded):
        await running
    assert leaving.closing
    assert failures == []
