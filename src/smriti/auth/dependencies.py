"""Who calls, as a parameter of the route, and the services of signing in."""

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from smriti.auth.google import GoogleSignIn
from smriti.auth.keys.models import PREFIX
from smriti.auth.landing import Landing
from smriti.auth.links import LoginLinks
from smriti.auth.models import Claims
from smriti.auth.service import LocalAccounts
from smriti.auth.sessions import SessionCookie, Sessions
from smriti.auth.tokens import NotSignedIn, Tokens, admit
from smriti.core.edge import provide
from smriti.users.models import User
from smriti.users.service import UserService

bearer_scheme = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="bearer",
    description="A token from one of the sign-in routes; or, where scopes are named, an API key "
    "of kind `program` that has all of them, or `admin`.",
)
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)]
Accounts = Annotated[LocalAccounts, Depends(provide(LocalAccounts))]
Google = Annotated[GoogleSignIn, Depends(provide(GoogleSignIn))]
Landings = Annotated[Landing, Depends(provide(Landing))]
Links = Annotated[LoginLinks, Depends(provide(LoginLinks))]
SessionsService = Annotated[Sessions, Depends(provide(Sessions))]
TokensService = Annotated[Tokens, Depends(provide(Tokens))]
Users = Annotated[UserService, Depends(provide(UserService))]


async def caller(connection: HTTPConnection, bearer: Bearer, sessions: SessionsService) -> Claims:
    token = bearer.credentials if bearer else None
    if token is not None and token.startswith(PREFIX):
        raise NotSignedIn("No API key may do this: sign in.")
    return sessions.claims(connection, token)


# What the token says, the account not read: for routes that read it in one round trip with other
# things, and then ask `admit`.
Caller = Annotated[Claims, Depends(caller)]


async def current_user(claims: Caller, users: Users) -> User:
    return admit(claims, await users.find(claims.sub))


# The signed-in user: the account exists, and has not signed this token out.
CurrentUser = Annotated[User, Depends(current_user)]


async def session_cookie(
    request: Request, response: Response, sessions: SessionsService
) -> SessionCookie:
    return SessionCookie(sessions, request, response)


Cookie = Annotated[SessionCookie, Depends(session_cookie)]


async def client_address(request: Request) -> str:
    """The peer's address; behind a trusted proxy the server has put the client's in its place."""
    return request.client.host if request.client else ""


ClientAddress = Annotated[str, Depends(client_address)]


async def no_store(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
