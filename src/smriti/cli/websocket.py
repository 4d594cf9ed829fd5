"""WebSockets as uvicorn speaks them, for clients that stay connected for weeks.

A client is alive while anything comes from it: a pong may stand behind a large frame. One that is
not is let go of, whatever is still to be written to it.
"""

import asyncio
import secrets
from time import monotonic
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.http11 import Request

from smriti.devices.line import ANSWERS

MAX_FRAME_BYTES: Final = 100 * 1024 * 1024
PING_EVERY_S: Final = 10.0
PONG_WITHIN_S: Final = 10.0
_CLOSE_S: Final = 1.0
_LOOKS: Final = 40


class LivelySocket(WebSocketsSansIOProtocol):
    """Gives applications the extension `ANSWERS`: whether the client answers within some time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn.debug = False  # it would log what clients say
        self._heard_at = 0.0

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][ANSWERS] = self._answers  # type: ignore[assignment]  # ours

    def data_received(self, data: bytes) -> None:
        self._heard_at = monotonic()
        super().data_received(data)

    def keepalive_timeout(self) -> None:
        limit_s = self.ping_timeout or PONG_WITHIN_S
        quiet_s = 0.0 if self.read_paused else monotonic() - self._heard_at
        if quiet_s < limit_s:
            self.pong_timer = self.loop.call_later(limit_s - quiet_s, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self.loop.call_later(_CLOSE_S, self.transport.abort)

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(self.close_timeout + _CLOSE_S, self.transport.abort)

    async def _answers(self, within_s: float) -> bool:
        """Any word counts; while reading is paused, one waits for us."""
        asked_at = monotonic()
        try:
            self.conn.send_ping(secrets.token_bytes(4))
        except InvalidState:
            return False
        self.transport.write(b"".join(self.conn.data_to_send()))
        for _ in range(_LOOKS):
            if self.read_paused or self._heard_at > asked_at:
                return True
            await asyncio.sleep(within_s / _LOOKS)
        return False
