"""A small application of the sign-in routes, wired as the real one is."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from jose import jwt

from smriti.auth.dependencies import Caller, CurrentUser
from smriti.auth.google import GoogleSignIn
from smriti.auth.hosts import LocalHosts, own_hosts
from smriti.auth.keys.repository import KeyRepository
from smriti.auth.keys.service import KeyService
from smriti.auth.landing import Landing
from smriti.auth.links import LoginLinks
from smriti.auth.oidc import Client, OpenIdIssuer
from smriti.auth.passwords import Passwords
from smriti.auth.repository import OneTimeRepository
from smriti.auth.router import router
from smriti.auth.secrets import load_secrets
from smriti.auth.service import LocalAccounts
from smriti.auth.sessions import CallerNews, Sessions
from smriti.auth.throttle import FailureThrottle
from smriti.auth.tokens import Tokens
from smriti.core.clock import unix_now
from smriti.core.config import Config
from smriti.core.crypto import SecretBox
from smriti.core.edge import Services, install_error_handlers
from smriti.db.table import Table
from smriti.users.repository import DeletionRepository, UserRepository
from smriti.users.service import DeleteHook, UserService
from tests.auth.fake_google import FakeGoogle
from tests.home import CHEAP

SECRET = "a-secret-of-the-tests-with-32-bytes"
BASE = "http://127.0.0.1"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def settings(**values: Any) -> Config:
    return Config(_env_file=None, **{"jwt_secret": SECRET, "encryption_key": "k" * 32, **values})


class Server:
    """One process; two on one table are two `Server`s."""

    def __init__(
        self,
        table: Table,
        config: Config,
        google: FakeGoogle | None = None,
        on_delete: Sequence[DeleteHook] = (),
    ) -> None:
        secrets = load_secrets(config)
        self.users = UserService(UserRepository(table), DeletionRepository(table), on_delete)
        self.tokens = Tokens(secrets.jwt_secret)
        self.throttle = FailureThrottle()
        once = OneTimeRepository(table)
        self.links = LoginLinks(once, self.users, is_open=config.local)
        sessions = Sessions(self.tokens, api_base_url=config.api_base_url)
        box = SecretBox(secrets.encryption_key.get_secret_value())
        self.app = FastAPI()
        self.app.state.services = Services(
            self.users,
            self.tokens,
            self.links,
            sessions,
            KeyService(KeyRepository(table)),
            LocalAccounts(
                self.users,
                self.tokens,
                Passwords(cost=CHEAP),
                self.throttle,
                is_open=config.accounts_open,
            ),
            GoogleSignIn(_issuer(config, google), self.users, once, box),
            Landing(self.tokens, sessions, self.links, frontend_url=config.frontend_url),
        )
        install_error_handlers(self.app)
        self.app.include_router(router)
        self.app.get("/claims")(_claims)
        self.app.get("/whoami")(_whoami)
        self.app.get("/stream")(_stream)
        self.app.add_middleware(CallerNews)
        if config.local:
            self.app.add_middleware(LocalHosts, allowed=own_hosts(config))

    def browser(self, base_url: str = BASE, **headers: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app), base_url=base_url, headers=headers
        )

    async def sign_up(self, username: str = "ada") -> str:
        """A new local account's token."""
        account = {"username": username, "password": "correct horse"}
        async with self.browser() as browser:
            answer = await browser.post("/auth/local/signup", json=account)
        return str(answer.json()["token"])

    async def signed_in(self, username: str = "ada") -> httpx2.AsyncClient:
        return self.browser(Authorization=f"Bearer {await self.sign_up(username)}")


def _issuer(config: Config, google: FakeGoogle | None) -> OpenIdIssuer | None:
    if google is None or config.google_client_id is None or config.google_client_secret is None:
        return None
    client = Client(client_id=config.google_client_id, client_secret=config.google_client_secret)
    return OpenIdIssuer(google.http(), config.google_issuer, client)


async def _claims(claims: Caller) -> str:
    return claims.sub


async def _whoami(user: CurrentUser) -> str:
    return user.email


async def _stream(claims: Caller) -> StreamingResponse:
    async def chunks() -> AsyncIterator[str]:
        yield claims.sub

    return StreamingResponse(chunks())


def forged(token: str, *, secret: str = SECRET, **claims: Any) -> str:
    """The token with other claims, signed anew."""
    changed = jwt.get_unverified_claims(token) | claims
    return str(jwt.encode(changed, secret, algorithm="HS256"))


def old(token: str, *, left_s: int) -> str:
    """The token as it is when so many seconds are left of it."""
    return forged(token, exp=unix_now() + left_s)
