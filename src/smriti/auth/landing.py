"""Where a browser ends up after signing in, or after failing to."""

from typing import Final
from urllib.parse import urlencode

from fastapi.requests import HTTPConnection
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from smriti.auth.google import ATTEMPT_LIFETIME_S, Departure, SignInError
from smriti.auth.links import LinkSpent, LoginLinks
from smriti.auth.sessions import SessionCookie, Sessions
from smriti.auth.tokens import Tokens
from smriti.core.errors import AppError, Forbidden
from smriti.users.models import User
from smriti.users.service import AccountBeingDeleted

APP_PATH: Final = "/app/"
_CALLBACK_PATH: Final = "/auth/callback"
_ATTEMPT_COOKIE: Final = "smriti_oauth"
_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Sign in to Smriti</title>
<style>body {{ font: 1.1rem/1.5 system-ui; max-width: 34rem; margin: 4rem auto; padding: 0 1rem }}
</style>
<h1>Not signed in</h1>
<p>{sentence}</p>
<p>For a new link, run <code>smriti login-link</code> where the server runs.</p>
</html>
"""


class LinkPrefetched(Forbidden):
    """A browser that only prepares for a click must not use the link up."""

    def __init__(self) -> None:
        super().__init__("This link was opened in advance and has not been used.")


class Landing:
    def __init__(
        self, tokens: Tokens, sessions: Sessions, links: LoginLinks, *, frontend_url: str | None
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._links = links
        self._frontend = (frontend_url or "").rstrip("/")

    async def by_link(self, connection: HTTPConnection, token: str) -> Response:
        """Signs the browser in, or shows a page that says why not."""
        if "prefetch" in connection.headers.get("sec-purpose", ""):
            return _page(LinkPrefetched())
        try:
            return self._welcome(connection, await self._links.redeem(token))
        except (LinkSpent, AccountBeingDeleted) as error:
            return _page(error)

    def callback_url(self, connection: HTTPConnection) -> str:
        return self._sessions.base_url(connection) + _CALLBACK_PATH

    def to_google(
        self, connection: HTTPConnection, departure: Departure, *, path: str = _CALLBACK_PATH
    ) -> Response:
        """The cookie is `Lax`: it must come along when Google sends the browser back, to `path`."""
        response = RedirectResponse(departure.url, status_code=307, headers=_HEADERS)
        response.set_cookie(
            _ATTEMPT_COOKIE,
            departure.attempt,
            max_age=ATTEMPT_LIFETIME_S,
            path=path,
            httponly=True,
            samesite="lax",
            secure=self._sessions.is_secure(connection),
        )
        return response

    def attempt(self, connection: HTTPConnection) -> str | None:
        return connection.cookies.get(_ATTEMPT_COOKIE)

    def from_google(self, connection: HTTPConnection, outcome: User | SignInError) -> Response:
        """With a FRONTEND_URL the token goes there, else into the cookie of our own page."""
        return _without_attempt(self._arrived(connection, outcome), _CALLBACK_PATH)

    def to_page(self, url: str, *, path: str) -> Response:
        """Where a browser goes on that came back from Google to `path`, if not to our own app."""
        response = RedirectResponse(url, status_code=307, headers=_HEADERS)
        return _without_attempt(response, path)

    def _arrived(self, connection: HTTPConnection, outcome: User | SignInError) -> Response:
        if not isinstance(outcome, User):
            start = f"{self._frontend}/login" if self._frontend else APP_PATH
            return self._redirect(start, error=outcome)
        if not self._frontend:
            return self._welcome(connection, outcome)
        return self._redirect(f"{self._frontend}/login-success", token=self._tokens.issue(outcome))

    def _welcome(self, connection: HTTPConnection, user: User) -> Response:
        response = RedirectResponse(APP_PATH, status_code=303, headers=_HEADERS)
        SessionCookie(self._sessions, connection, response).set(self._tokens.issue(user))
        return response

    def _redirect(self, url: str, **query: str) -> Response:
        status = 307 if self._frontend else 303
        return RedirectResponse(f"{url}?{urlencode(query)}", status_code=status, headers=_HEADERS)


def _without_attempt(response: Response, path: str) -> Response:
    response.delete_cookie(_ATTEMPT_COOKIE, path=path, httponly=True)
    return response


def _page(error: AppError) -> Response:
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return HTMLResponse(
        _PAGE.format(sentence=error.detail),
        status_code=error.status,
        headers=_HEADERS | {"Content-Security-Policy": policy},
    )
