"""Who calls over HTTP where programs may: a user, or a key of hers that has the scopes for it.

The scopes stand where a route, or what it asks for, says who calls: `Security(…, scopes=[…])`. They
add up, and the document shows them. Where none is named, only `admin` opens.
"""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyHeader, SecurityScopes

from smriti.auth.dependencies import Bearer, SessionsService, Users, bearer_scheme, caller
from smriti.auth.keys.models import PREFIX, ApiKey, Principal
from smriti.auth.keys.service import KeyService, require
from smriti.auth.models import Asker
from smriti.auth.sessions import COOKIE, Sessions, tell
from smriti.auth.tokens import admit
from smriti.core.clock import utc_now
from smriti.core.edge import Services, provide
from smriti.core.errors import Forbidden, Invalid
from smriti.users.models import User
from smriti.users.service import UserService

EXPIRES: Final = "X-API-Key-Expires"
_TOLD_BEFORE: Final = timedelta(days=3)

_header = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    scheme_name="api_key",
    description="An API key that has all of the scopes, or `admin`; under `/api/`, one of kind "
    f"`constellation`, too. In its last three days answers carry `{EXPIRES}`. It may come as the "
    "bearer token, too.",
)
KeyHeader = Annotated[str | None, Depends(_header)]
Keys = Annotated[KeyService, Depends(provide(KeyService))]


class DeviceKeyRefused(Forbidden):
    slug = "device-key-refused"

    def __init__(self) -> None:
        super().__init__(
            "This is a device key: it connects devices, and nothing else. Use a key of kind "
            "constellation, or sign in."
        )


class KeyMissing(Invalid):
    slug = "api-key-missing"

    def __init__(self) -> None:
        message = "Field required"
        error = {"type": "missing", "loc": ["header", "x-api-key"], "msg": message}
        super().__init__("Send an API key in the header X-API-Key.", errors=[error])


async def presented_key(header: KeyHeader, bearer: Bearer) -> str | None:
    """What comes as an API key, whether it is one or not."""
    if header is not None:
        return header
    token = bearer.credentials if bearer else ""
    return token if token.startswith(PREFIX) else None


PresentedKey = Annotated[str | None, Depends(presented_key)]


async def key_of(connection: HTTPConnection, presented: PresentedKey, keys: Keys) -> ApiKey | None:
    """The key that comes with the request, read once; None when none does."""
    if presented is None:
        return None
    key: ApiKey | None = getattr(connection.state, "api_key", None)
    if key is None:
        key = connection.state.api_key = await keys.read(presented)
        if key.expires_at is not None and key.expires_at - utc_now() < _TOLD_BEFORE:
            tell(connection, EXPIRES, f"{key.expires_at:%Y-%m-%dT%H:%M:%SZ}")
    return key


KeyOf = Annotated[ApiKey | None, Depends(key_of)]


async def known_asker(
    connection: HTTPConnection, key: KeyOf, bearer: Bearer, sessions: SessionsService
) -> Asker:
    if key is not None:
        return Asker(key.created_by, key.created_by)
    claims = await caller(connection, bearer, sessions)
    return Asker(claims.sub, claims.sub, claims)


KnownAsker = Annotated[Asker, Depends(known_asker)]


async def scoped_asker(wanted: SecurityScopes, key: KeyOf, asker: KnownAsker) -> Asker:
    if key is not None:
        require(key, wanted.scopes or ["admin"])
    return asker


async def scoped_user(asker: Annotated[Asker, Depends(scoped_asker)], users: Users) -> User:
    return admit(asker.claims, await users.find(asker.owner))


# A signed-in user, or the owner of a key with the scope. The first is for what is used under
# several scopes: whoever asks for it names them.
ScopedUser = Annotated[User, Depends(scoped_user)]
ChatUser = Annotated[User, Security(scoped_user, scopes=["chat"])]
AgentsReader = Annotated[User, Security(scoped_user, scopes=["agents:read"])]
AgentsWriter = Annotated[User, Security(scoped_user, scopes=["agents:write"])]
DevicesUser = Annotated[User, Security(scoped_user, scopes=["devices"])]
AdminUser = Annotated[User, Security(scoped_user, scopes=["admin"])]

# The same, the account not read: for turns, which read it in one round trip with other things.
ChatCaller = Annotated[Asker, Security(scoped_asker, scopes=["chat"])]


async def asker_of(request: Request) -> tuple[Asker, ApiKey | None]:
    """Who calls, whatever the scopes: for who stands in front of a route and has no parameters."""
    services: Services = request.app.state.services
    token = await bearer_scheme(request)
    presented = await presented_key(await _header(request), token)
    key = await key_of(request, presented, services.get(KeyService))
    return await known_asker(request, key, token, services.get(Sessions)), key


async def caller_of(request: Request) -> tuple[User, ApiKey | None]:
    """The same, with the account."""
    services: Services = request.app.state.services
    asker, key = await asker_of(request)
    return admit(asker.claims, await services.get(UserService).find(asker.owner)), key


async def key_or_user(key: KeyOf, asker: KnownAsker, users: Users) -> Principal:
    if key is not None and key.kind == "device":
        raise DeviceKeyRefused
    if key is not None and key.kind == "program":
        require(key, ["devices"])
    user = admit(asker.claims, await users.find(asker.owner))
    return Principal(user.email, key.kind if key else "user", key)


# The user, or a program that may command her devices.
KeyOrUser = Annotated[Principal, Security(key_or_user, scopes=["devices"])]


async def key_is_there(connection: HTTPConnection, presented: PresentedKey, bearer: Bearer) -> None:
    """For routes whose clients know 422, not 401, as the answer to a request without a key."""
    if presented is None and bearer is None and COOKIE not in connection.cookies:
        raise KeyMissing


KeyIsThere = Depends(key_is_there)
