"""Connections that one thread waits on and another can cut."""

import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from smriti.core.outbound import tls_context
from smriti.llm.providers.failures import StreamBroken

CONNECT_S: Final = 10.0
MAX_IDLE: Final = 8
IDLE_S: Final = 30.0
_PIECE: Final = 64 * 1024
MAX_DOCUMENT_BYTES: Final = 8 * 1024 * 1024

type OpenConnection = Callable[[str], HTTPConnection]


def open_https(host: str) -> HTTPConnection:
    return HTTPSConnection(host, timeout=CONNECT_S, ssl_context=tls_context())


class LineCut(Exception):
    """Nobody waits for the answer any more."""


class Line:
    """Carries one request after the other, without a proxy, a redirect or a repetition.

    `send` and the response's body block; they belong into a thread. The SDK's own pool of
    connections cannot be told to let go of a thread that waits for a model's first word.
    """

    def __init__(self, connection: HTTPConnection, *, silence_s: float) -> None:
        self._connection = connection
        self._connection.auto_open = 0  # what was cut stays cut
        self._silence_s = silence_s
        self._socket: socket.socket | None = None  # it goes on for an answer that is the last one
        self._response: HTTPResponse | None = None
        self._cut = False

    @property
    def reusable(self) -> bool:
        """Whether the other side still holds on to it, and has nothing left to say."""
        return self._connection.is_connected

    def send(self, request: Any) -> AWSResponse:
        """botocore's request, and the response to it, whose body is still under way."""
        connection = self._connection
        if connection.is_closed:
            connection.timeout = CONNECT_S
            connection.connect()
        self._socket = connection.sock
        self._check()
        connection.timeout = self._silence_s
        address = urlsplit(request.url)
        connection.request(
            request.method,
            f"{address.path}?{address.query}" if address.query else address.path,
            body=request.body,
            headers=request.headers,
            preload_content=False,
            decode_content=False,
        )
        self._response = response = connection.getresponse()
        self._check()
        streams = request.stream_output and response.status < 300
        body = _Body(response, None if streams else MAX_DOCUMENT_BYTES)
        return AWSResponse(request.url, response.status, response.headers, body)

    def _check(self) -> None:
        """Asked after each step: who cuts says so first, and then looks for what there is."""
        if self._cut:
            self.close()
            raise LineCut

    def cut(self) -> None:
        """End every wait on it, from any thread, without waiting. `close` it afterwards."""
        self._cut = True
        waited_on = self._socket or self._connection.sock
        if waited_on is not None:
            with suppress(OSError):  # it never was connected, or is no more
                waited_on.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
        self._connection.close()


class _Body:
    """A response's body as botocore reads it; bounded where it is kept whole."""

    def __init__(self, response: HTTPResponse, max_bytes: int | None) -> None:
        self._response = response
        self._max_bytes = max_bytes

    def stream(self) -> Iterator[bytes]:
        received = 0
        for piece in self._response.stream(_PIECE):
            received += len(piece)
            if self._max_bytes is not None and received > self._max_bytes:
                raise StreamBroken("sent an answer that is too long.")
            yield piece

    def read(self, size: int | None = None) -> bytes:
        return self._response.read(size)


class Lines:
    """Lines to one host. One that served to the end is kept for a while; all else is cut."""

    def __init__(
        self,
        open_line: Callable[[], Line],
        threads: ThreadPoolExecutor,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_line = open_line
        self._threads = threads
        self._clock = clock
        self._idle: list[tuple[Line, float]] = []
        self._closed = False

    @asynccontextmanager
    async def used(self) -> AsyncIterator[Line]:
        line = self._take()
        served = False
        try:
            yield line
            served = True
        finally:
            if served and len(self._idle) < MAX_IDLE and not self._closed:
                self._idle.append((line, self._clock()))
            else:
                line.cut()
                # In a thread: the one that waited on it may still be on its way out.
                self._threads.submit(line.close)

    def _take(self) -> Line:
        while self._idle:
            line, since = self._idle.pop()
            if line.reusable and self._clock() - since < IDLE_S:
                return line
            line.close()
        return self._open_line()

    def close(self) -> None:
        """Let go of those that are idle; the others are closed after use."""
        self._closed = True
        while self._idle:
            self._idle.pop()[0].close()
