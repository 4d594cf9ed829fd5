"""What leaves for one client: kept in order, within bounds, written by one task."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from smriti.devices.protocol import ToDevice

ANSWERS: Final = "smriti.answers"
"""The extension of the ASGI scope by which a server tells whether its client is still there."""

MOST_MESSAGES: Final = 1000
MOST_BYTES: Final = 8 * 1024 * 1024

_WRITE_S: Final = 60.0
_CLOSE_S: Final = 0.5
_PROBE_S: Final = 2.0

type Answers = Callable[[float], Awaitable[bool]]


class LineEnded(Exception):
    """The connection is over, or has been closed by us."""


class SocketLine:
    """A `Line` over a WebSocket that was accepted; `run` writes."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._waiting: deque[str] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._goodbye: Message | None = None
        self._deadline: asyncio.Timeout | None = None

    @property
    def closing(self) -> bool:
        return self._goodbye is not None

    def send(self, message: ToDevice) -> None:
        if self.closing:
            return
        text = message.model_dump_json()
        self._bytes += len(text)
        self._waiting.append(text)
        if len(self._waiting) > MOST_MESSAGES or self._bytes > MOST_BYTES:
            self.hang_up(1008, "You read too slowly.")
        self._wake.set()

    def finish(self, code: int, reason: str) -> None:
        """Close when all that was sent has been written."""
        self._goodbye = self._goodbye or _close(code, reason)
        self._wake.set()

    def hang_up(self, code: int, reason: str) -> None:
        if self.closing:
            return
        self._goodbye = _close(code, reason)
        self._waiting.clear()
        self._wake.set()
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + _CLOSE_S)

    async def answers(self) -> bool:
        ask: Answers | None = self._socket.scope.get("extensions", {}).get(ANSWERS)
        return ask is None or await ask(_PROBE_S)

    async def run(self) -> None:
        """Write until the end: `LineEnded`."""
        while True:
            while self._waiting:
                text = self._waiting.popleft()
                self._bytes -= len(text)
                await self._write({"type": "websocket.send", "text": text}, _WRITE_S)
            if self._goodbye is not None:
                await self._write(self._goodbye, _CLOSE_S)
                raise LineEnded
            self._wake.clear()
            await self._wake.wait()

    async def _write(self, message: Message, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s) as self._deadline:
                await self._socket.send(message)
        except (TimeoutError, WebSocketDisconnect, RuntimeError) as error:
            # RuntimeError: the server has begun to close, and its client is not gone yet.
            raise LineEnded from error
        finally:
            self._deadline = None


def _close(code: int, reason: str) -> Message:
    return {"type": "websocket.close", "code": code, "reason": reason}
