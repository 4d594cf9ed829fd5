"""A device that keeps its connection to its server, for ever."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from smriti.core.addresses import is_loopback
from smriti.core.errors import Unauthenticated
from smriti.devices.client.connection import Connection, NotRegistered
from smriti.devices.client.desk import Desk, Tell
from smriti.devices.client.pauses import pauses_s

_MAX_FRAME_BYTES: Final = 100 * 1024 * 1024
_PING_S: Final = 20.0
_FAREWELL_S: Final = 3.0


class KeyRefused(Unauthenticated):
    slug = "device-key-refused"

    def __init__(self) -> None:
        super().__init__(
            "The server refuses this device. Look whether its key is right and not revoked, and "
            "whether the server answers to this address."
        )


class DeviceClient:
    """`address` is the server's WebSocket. The key goes there in a header, since addresses are
    written into logs, and is never shown."""

    def __init__(
        self,
        address: str,
        key: str,
        client_id: str,
        desk: Desk,
        tell: Tell,
        *,
        pauses_s: Callable[[], Iterator[float]] = pauses_s,
    ) -> None:
        self._address = address
        self._key = key
        self._client_id = client_id
        self._desk = desk
        self._tell = tell
        self._pauses_s = pauses_s
        self._known = False

    async def run(self) -> None:
        """Serve, and connect again whenever the connection is lost.

        `KeyRefused` when the server refuses the key before it has ever taken it.
        """
        pauses = self._pauses_s()
        while True:
            try:
                async with self._socket() as socket:
                    connection = Connection(socket, self._client_id, self._desk, self._tell)
                    try:
                        await connection.register()
                        self._known, pauses = True, self._pauses_s()
                        self._tell(f"Connected as {self._client_id!r}.")
                        await connection.serve()
                    finally:
                        await socket.close()  # with 1000: leaving by an exception says 1011
            except (NotRegistered, OSError, WebSocketException) as failure:
                pause_s = next(pauses)
                self._tell(f"{self._reason(failure)} Trying again in {pause_s:.1f} s.")
                await asyncio.sleep(pause_s)

    def _socket(self) -> connect:
        at_home = is_loopback(urlsplit(self._address).hostname or "")
        return connect(
            self._address,
            additional_headers={"Authorization": f"Bearer {self._key}"},
            compression=None,
            proxy=None if at_home else True,
            ping_interval=_PING_S,
            ping_timeout=_PING_S,
            close_timeout=_FAREWELL_S,
            max_size=_MAX_FRAME_BYTES,
        )

    def _reason(self, failure: Exception) -> str:
        """In our words: those of libraries tell what a person at the machine cannot use."""
        match failure:
            case NotRegistered():
                reason = f"The server refuses this device: {str(failure).rstrip('.')}."
            case InvalidStatus():
                status = failure.response.status_code
                if status in {401, 403} and not self._known:
                    raise KeyRefused from failure
                reason = f"The server refuses the connection (HTTP {status})."
            case ConnectionClosed(rcvd=close) if close is not None:
                reason = f"The server closed the connection ({close.code} {close.reason})."
            case ConnectionClosed():
                reason = "The connection was lost."
            case TimeoutError():
                reason = "The server does not answer."
            case OSError():
                why = failure.strerror or type(failure).__name__
                reason = f"The server cannot be reached: {why}."
            case _:
                reason = f"No device server answers there ({type(failure).__name__})."
        return reason
