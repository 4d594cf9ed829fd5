"""Builds what tells who calls: tokens, links, passwords, Google, API keys."""

from collections.abc import Sequence

import httpx2

from smriti.auth.google import GoogleSignIn
from smriti.auth.idempotency.repository import IdempotencyRepository
from smriti.auth.idempotency.service import Idempotency
from smriti.auth.keys.repository import KeyRepository
from smriti.auth.keys.service import KeyService, RevokeHook
from smriti.auth.landing import Landing
from smriti.auth.links import LoginLinks
from smriti.auth.oidc import Client, OpenIdIssuer
from smriti.auth.passwords import Passwords
from smriti.auth.repository import OneTimeRepository
from smriti.auth.secrets import ServerSecrets
from smriti.auth.service import LocalAccounts
from smriti.auth.sessions import Sessions
from smriti.auth.throttle import FailureThrottle
from smriti.auth.tokens import Tokens
from smriti.core.config import Config
from smriti.core.crypto import SecretBox
from smriti.core.edge import Services
from smriti.db.table import Table
from smriti.users.service import UserService


def add_sign_in(
    services: Services,
    secrets: ServerSecrets,
    table: Table,
    http: httpx2.AsyncClient,
    *,
    on_key_revoked: Sequence[RevokeHook] = (),
) -> None:
    config, users = services.get(Config), services.get(UserService)
    once = OneTimeRepository(table)
    tokens = Tokens(secrets.jwt_secret)
    sessions = Sessions(tokens, api_base_url=config.api_base_url)
    links = LoginLinks(once, users, is_open=config.local)
    issuer = _google_issuer(config, http)
    services.add(
        tokens,
        sessions,
        links,
        GoogleSignIn(issuer, users, once, services.get(SecretBox)),
        LocalAccounts(
            users,
            tokens,
            services.get(Passwords),
            FailureThrottle(),
            is_open=config.accounts_open,
        ),
        Landing(tokens, sessions, links, frontend_url=config.frontend_url),
        Idempotency(IdempotencyRepository(table)),
        KeyService(KeyRepository(table), on_revoke=on_key_revoked),
    )


def _google_issuer(config: Config, http: httpx2.AsyncClient) -> OpenIdIssuer | None:
    if config.google_client_id is None or config.google_client_secret is None:
        return None
    client = Client(client_id=config.google_client_id, client_secret=config.google_client_secret)
    return OpenIdIssuer(http, config.google_issuer, client)
