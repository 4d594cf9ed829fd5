"""A small AIP server on a real WebSocket, from the protocol's text: for whoever tests a device."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Self

import orjson
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from tests.patience import PATIENCE_S

KEY = "sk_smriti_k1_s3cret"

type Json = dict[str, Any]


class AipServer:
    """Takes devices with `KEY`. `refusal`: what it answers to REGISTER instead."""

    def __init__(self) -> None:
        self.url = ""
        self.refusal: str | None = None
        self.attempts = 0
        self.lines: asyncio.Queue[Line] = asyncio.Queue()
        self._server: Server | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        server = cls()
        async with serve(
            server._talk, "127.0.0.1", 0, process_request=server._admit, max_size=100 * 1024 * 1024
        ) as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            server.url = f"ws://127.0.0.1:{port}/ws"
            yield server

    async def device(self) -> "Line":
        """The next device that has registered."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.lines.get()

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.attempts += 1
        if request.path == "/ws" and request.headers.get("Authorization") == f"Bearer {KEY}":
            return None
        return connection.respond(HTTPStatus.FORBIDDEN, "")

    async def _talk(self, socket: ServerConnection) -> None:
        line = Line(socket, orjson.loads(await socket.recv()))
        if self.refusal is not None:
            await line.send({"type": "error", "status": "error", "error": self.refusal})
            return
        await line.send({"type": "heartbeat", "status": "ok"})
        await self.lines.put(line)
        await socket.wait_closed()


class Line:
    """One registered device, as its server sees it."""

    def __init__(self, socket: ServerConnection, register: Json) -> None:
        self.register = register
        self.socket = socket

    async def send(self, message: Json) -> None:
        stamp = {"response_id": "r0", "timestamp": "2026-01-05T09:30:00.105000+00:00"}
        await self.socket.send(orjson.dumps(stamp | message).decode())

    async def heard(self) -> Json:
        """The next message of the device."""
        async with asyncio.timeout(PATIENCE_S):
            message: Json = orjson.loads(await self.socket.recv())
        return message

    async def command(self, *actions: Json, response_id: str = "r1", session: str = "s1") -> None:
        given = [{"tool_type": "action", "call_id": f"c{n}"} | a for n, a in enumerate(actions)]
        await self.send(
            {
                "type": "command",
                "status": "continue",
                "agent_name": "LinuxAgent",
                "process_name": "",
                "root_name": "",
                "session_id": session,
                "task_name": "t1",
                "response_id": response_id,
                "actions": given,
            }
        )

    async def call(self, tool_name: str, **parameters: Any) -> Json:
        """The result of one command."""
        await self.command({"tool_name": tool_name, "parameters": parameters})
        answer = await self.heard()
        (result,) = answer["action_results"]
        return dict(result)


def task_end(session: str) -> Json:
    return {"type": "task_end", "status": "failed", "session_id": session, "error": "Cancelled."}
