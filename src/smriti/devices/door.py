"""`/ws`, where clients of AIP come in: only with a key, and not in any number."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from fastapi import APIRouter
from starlette.websockets import WebSocket

from smriti.auth.keys.models import ApiKey
from smriti.core.edge import Services, render_problem
from smriti.core.errors import AppError, Unauthenticated, Unavailable
from smriti.db.table import TableBusy, TableUnavailable
from smriti.devices.connection import Connection, Exchange
from smriti.devices.hub import MOST_OF_OWNER, TooManyClients

router = APIRouter()

_CLOSE_S: Final = 2.0
_REMEMBERED: Final = 1000
"""Keys that were revoked of late."""

type Verify = Callable[[str], Awaitable[ApiKey]]
"""The key that a text is, else `Unauthenticated`."""


async def connect(socket: WebSocket) -> None:
    services: Services = socket.app.state.services
    await services.get(Door).serve(socket)


router.add_websocket_route("/ws", connect)


class Door:
    """All connections of this process, from their keys to their ends."""

    def __init__(self, verify: Verify, exchange: Exchange, *, most: int = MOST_OF_OWNER) -> None:
        self._verify = verify
        self._exchange = exchange
        self._most = most
        self._open: set[Connection] = set()
        self._count: Counter[str] = Counter()
        self._revoked = deque[str](maxlen=_REMEMBERED)
        self._closed = False
        self._empty = asyncio.Event()

    async def serve(self, socket: WebSocket) -> None:
        try:
            key = await self._admit(socket)
        except Unauthenticated:
            await socket.close(1008)
            return
        except AppError as error:
            await socket.send_denial_response(render_problem(error, socket.url.path))
            return
        connection = Connection(socket, key, self._exchange)
        self._open.add(connection)
        self._count[key.created_by] += 1
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
            self._count -= Counter([key.created_by])
            if not self._open:
                self._empty.set()

    def revoke(self, key: ApiKey) -> None:
        """Close what was opened with this key, registered or not."""
        self._revoked.append(key.key_id)  # some may be on their way from the check to here
        for connection in self._open:
            if connection.key.key_id == key.key_id:
                connection.line.hang_up(1008, "The API key was revoked.")

    async def close(self) -> None:
        """Let nobody in any more, and everybody go, when they have heard what was said to them."""
        self._closed = True
        for connection in self._open:
            connection.line.finish(1012, "The server is stopping.")
        if self._open:
            self._empty.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), _CLOSE_S)

    async def _admit(self, socket: WebSocket) -> ApiKey:
        if self._closed:
            raise Unavailable("The server is stopping. Try again in a moment.")
        try:
            key = await self._verify(_presented(socket))
        except (TableBusy, TableUnavailable) as error:
            raise Unavailable("The store does not answer. Try again in a moment.") from error
        if key.key_id in self._revoked or key.kind == "program":
            raise Unauthenticated("Invalid API key")
        if self._count[key.created_by] >= self._most:
            raise TooManyClients
        return key


def _presented(socket: WebSocket) -> str:
    """The key as the clients send it, in the query; or in a header, which no log shows."""
    tokens = socket.query_params.getlist("token")
    if tokens:
        return tokens[-1]
    header = socket.headers.get("x-api-key")
    scheme, _, token = socket.headers.get("authorization", "").partition(" ")
    return header or (token if scheme.lower() == "bearer" else "")
