"""How a token travels: in a bearer header, or in a cookie for pages of this server."""

from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi.requests import HTTPConnection
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smriti.auth.models import Claims
from smriti.auth.tokens import LIFETIME_S, NotSignedIn, Tokens

COOKIE: Final = "smriti_session"
REFRESHED: Final = "X-Refreshed-Token"
_NEWS: Final = "caller_news"


class Sessions:
    """Tells who calls, without asking the store."""

    def __init__(self, tokens: Tokens, *, api_base_url: str | None) -> None:
        self._tokens = tokens
        self._base = api_base_url

    def claims(self, connection: HTTPConnection, bearer: str | None) -> Claims:
        """What the bearer token says, else the cookie if one of our own pages sends it."""
        cookie = connection.cookies.get(COOKIE)
        if bearer is not None:
            claims = self._tokens.read(bearer)
        elif cookie is not None and self.is_own_page(connection):
            claims = self._tokens.read(cookie)
        else:
            raise NotSignedIn("Missing or invalid authorization header")
        self._renew(connection, claims, by_cookie=bearer is None)
        return claims

    def base_url(self, connection: HTTPConnection) -> str:
        """Where this server is reached, without a slash at the end."""
        return (self._base or _origin(connection)).rstrip("/")

    def is_secure(self, connection: HTTPConnection) -> bool:
        return self.base_url(connection).startswith("https://")

    def is_own_page(self, connection: HTTPConnection) -> bool:
        """Whether a page of this server sends the request; no other page can say so."""
        site = connection.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        ours = {_origin(connection)}
        if self._base:
            parts = urlsplit(self._base)
            ours.add(f"{parts.scheme}://{parts.netloc}")
        return connection.headers.get("origin") in ours

    def _renew(self, connection: HTTPConnection, claims: Claims, *, by_cookie: bool) -> None:
        token = self._tokens.renewed(claims)
        if token is None:
            return
        if by_cookie:
            response = Response()
            SessionCookie(self, connection, response).set(token)
            tell(connection, "Set-Cookie", response.headers["set-cookie"])
        else:
            tell(connection, REFRESHED, token)


class SessionCookie:
    """The session cookie of one answer. What is said here wins over a renewal."""

    def __init__(self, sessions: Sessions, connection: HTTPConnection, response: Response) -> None:
        self._connection = connection
        self._response = response
        self._sessions = sessions
        self._secure = sessions.is_secure(connection)

    def set(self, token: str) -> None:
        _state(self._connection).pop(_NEWS, None)
        self._response.set_cookie(
            COOKIE,
            token,
            max_age=LIFETIME_S,
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )

    def welcome(self, token: str) -> None:
        """Sign in the page that asks, if it is one of ours; programs keep what they are told."""
        if self._sessions.is_own_page(self._connection):
            self.set(token)

    def replace(self, token: str) -> None:
        """The new token for a browser that has a cookie; nobody gets a renewal of the old one."""
        _state(self._connection).pop(_NEWS, None)
        if COOKIE in self._connection.cookies:
            self.set(token)

    def clear(self) -> None:
        _state(self._connection).pop(_NEWS, None)
        self._response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self._secure)


def tell(connection: HTTPConnection, header: str, value: str) -> None:
    """Let the caller hear something about the caller's token or key."""
    _state(connection)[_NEWS] = header, value


class CallerNews:
    """Adds what `tell` was told to the answer, streamed or not, if the request was not refused."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_with_news(message: Message) -> None:
            news: tuple[str, str] | None = state.get(_NEWS)
            if message["type"] == "http.response.start" and news and message["status"] < 400:
                headers = MutableHeaders(scope=message)
                headers.append(*news)
                headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_with_news)


def _origin(connection: HTTPConnection) -> str:
    scheme = connection.url.scheme.replace("ws", "http", 1)
    return f"{scheme}://{connection.url.netloc}"


def _state(connection: HTTPConnection) -> MutableMapping[str, Any]:
    state: MutableMapping[str, Any] = connection.scope.setdefault("state", {})
    return state
