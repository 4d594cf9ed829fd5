"""Around every request: id, access line, metrics, safe headers, size limit, an answer to bugs.

Pure ASGI, and nothing is held back: a stream's chunks pass through as they come.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from smriti.core.clock import new_id
from smriti.core.edge import internal_error, render_problem
from smriti.core.errors import TooLarge
from smriti.observability.metrics import Metrics

log = structlog.get_logger()

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SAFE_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_CLIENT_WENT_AWAY: Final = 499  # nginx's word for a request that ended without an answer
_MAX_LOGGED_PATH: Final = 512


class RequestLog:
    """The outermost layer: X-Request-Id and safe headers on every answer, one line a request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._metrics)
        clear_contextvars()
        bind_contextvars(request_id=exchange.request_id)
        try:
            await self._app(scope, receive, exchange.send)
        finally:
            exchange.finish()


class _Exchange:
    """One request and what is known of its answer."""

    __slots__ = (
        "_bytes", "_first_byte_s", "_metrics", "_scope", "_send", "_started_s", "_status",
        "_streams", "request_id",
    )  # fmt: skip

    def __init__(self, scope: Scope, send: Send, metrics: Metrics) -> None:
        self._scope = scope
        self._send = send
        self._metrics = metrics
        self._started_s = time.perf_counter()
        self._first_byte_s = 0.0
        self._status = _CLIENT_WENT_AWAY
        self._bytes = 0
        self._streams = False
        self.request_id = _request_id(scope)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self._bytes += len(message.get("body", b""))
        elif message["type"] == "http.response.start":
            self._start(message)
        await self._send(message)

    def _start(self, message: Message) -> None:
        headers = dict(message.get("headers", ()))
        self._status = message["status"]
        self._first_byte_s = time.perf_counter() - self._started_s
        if headers.get(b"content-type", b"").startswith(b"text/event-stream"):
            self._streams = True
            self._metrics.stream_opened()
        message["headers"] = [
            *message.get("headers", ()),
            (b"x-request-id", self.request_id.encode()),
            *(header for header in _SAFE_HEADERS if header[0] not in headers),
        ]

    def finish(self) -> None:
        seconds = time.perf_counter() - self._started_s
        if self._streams:
            self._metrics.stream_closed()
        self._metrics.request_finished(
            method=self._scope["method"],
            route=getattr(self._scope.get("route"), "path", None),
            status=self._status,
            seconds=self._first_byte_s if self._streams else seconds,
        )
        log.info(
            "request.finished",
            method=self._scope["method"],
            path=_path(self._scope),
            status=self._status,
            duration_ms=round(seconds * 1000, 1),
            bytes=self._bytes,
        )


class CrashBarrier:
    """Stands inside the CORS layer, so that a browser can read the answer to a bug."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answering = False

        async def watched(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if answering:
                # Too late for a problem; the server cuts the connection and logs the traceback.
                log.error("request.broken_off", error=type(error).__name__)  # noqa: TRY400 - the server does
                raise
            log.exception("request.crashed", method=scope["method"], path=_path(scope))
            await internal_error(scope["path"])(scope, receive, send)


class BodyLimit:
    """Refuses larger bodies with a problem, whether they declare their length or not.

    The framework's own limit answers in plain text, partly outside the CORS layer. Bodies are read
    and parsed before a route asks who calls, so callers for whom `knows` is false may send less.
    `larger` are paths to which those who are known may send more.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        stranger_bytes: int,
        knows: Callable[[Scope], Awaitable[bool]],
        *,
        larger: Mapping[str, int] | None = None,
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._larger = dict(larger or {})
        self._stranger_bytes = min(stranger_bytes, max_bytes)
        self._knows = knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = await self._limit_for(scope)
        if _declared_length(scope) > limit:
            await self._refuse(limit, scope, receive, send)
            return
        received, refused, answering = 0, False, False

        async def counted() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received <= limit:
                return message
            if not (refused or answering):
                refused = True
                await self._refuse(limit, scope, receive, send)
            return {"type": "http.disconnect"}  # ends the reading; what follows is not sent

        async def unless_refused(message: Message) -> None:
            nonlocal answering
            if not refused:
                answering = True
                await send(message)

        await self._app(scope, counted, unless_refused)

    async def _limit_for(self, scope: Scope) -> int:
        """Who calls is asked only for a body that is large, or does not say how large it is."""
        declares = any(name == b"content-length" for name, _ in scope["headers"])
        chunked = any(name == b"transfer-encoding" for name, _ in scope["headers"])
        if chunked or (declares and _declared_length(scope) > self._stranger_bytes):
            return self._most(scope) if await self._knows(scope) else self._stranger_bytes
        return self._stranger_bytes

    def _most(self, scope: Scope) -> int:
        """For who is known."""
        return self._larger.get(scope["path"], self._max_bytes)

    async def _refuse(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        most = self._most(scope)
        more = "" if limit == most else f" Who is signed in may send {most}."
        error = TooLarge(f"A request body may have {limit} bytes at most.{more}")
        await render_problem(error, scope["path"])(scope, receive, send)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _request_id(scope: Scope) -> str:
    """The caller's own id when it is harmless in a log, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return bytes(value).decode()
    return new_id()


def _path(scope: Scope) -> str:
    """The path as it was sent: without its query, which may hold a secret."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw[:_MAX_LOGGED_PATH].decode("latin-1")
