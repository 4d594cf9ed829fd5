"""Makes JSON answers smaller on the wire: a conversation's messages are a quarter of their size."""

import asyncio
import gzip
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WORTH_IT_BYTES: Final = 1024
_TOO_LARGE_BYTES: Final = 1024 * 1024
_LONG_BYTES: Final = 64 * 1024  # from here on it would keep other requests waiting
_LEVEL: Final = 5


class CompressedJSON:
    """Compresses what a GET answers as one body of JSON; streams and downloads pass as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not accepts(scope, b"gzip"):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(send).send)


class _Answer:
    """Holds the start of an answer back until its first body says whether there are more."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_plain_json(message):
            self._start = message
            return
        if (start := self._start) is not None:
            self._start = None
            if message["type"] == "http.response.body" and not message.get("more_body"):
                message = await _compressed(start, message)
            await self._send(start)
        await self._send(message)


async def _compressed(start: Message, message: Message) -> Message:
    """The last body, smaller where that is worth it; the head says so."""
    body: bytes = message.get("body", b"")
    headers = MutableHeaders(scope=start)
    headers.add_vary_header("Accept-Encoding")
    if not _WORTH_IT_BYTES <= len(body) <= _TOO_LARGE_BYTES:
        return message
    small = await asyncio.to_thread(_gzip, body) if len(body) >= _LONG_BYTES else _gzip(body)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(small))
    return {**message, "body": small}


def accepts(scope: Scope, coding: bytes) -> bool:
    """Whether the caller can read what is so encoded."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    given = b",".join(value for name, value in headers if name == b"accept-encoding")
    codings = [coding.replace(b" ", b"").partition(b";") for coding in given.lower().split(b",")]
    return any(name == coding and rest not in {b"q=0", b"q=0.0"} for name, _, rest in codings)


def _is_plain_json(start: Message) -> bool:
    headers = dict(start.get("headers", ()))
    kind = headers.get(b"content-type", b"").partition(b";")[0]
    return kind == b"application/json" and not (
        b"content-encoding" in headers or b"content-disposition" in headers
    )


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)
