"""Who calls over HTTP where programs may: a user, or a key of hers."""

from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyHeader

from smriti.auth.dependencies import Bearer, SessionsService, Users, caller, current_user
from smriti.auth.keys.models import PREFIX, Principal
from smriti.auth.keys.service import KeyService
from smriti.auth.sessions import COOKIE
from smriti.core.edge import provide
from smriti.core.errors import Forbidden, Invalid

_header = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    scheme_name="api_key",
    description="An API key of kind `constellation`. It may come as the bearer token, too.",
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


async def key_or_user(
    connection: HTTPConnection,
    presented: PresentedKey,
    bearer: Bearer,
    keys: Keys,
    sessions: SessionsService,
    users: Users,
) -> Principal:
    if presented is None:
        user = await current_user(await caller(connection, bearer, sessions), users)
        return Principal(user.email, "user")
    key = await keys.verify(presented)
    if key.kind == "device":
        raise DeviceKeyRefused
    return Principal(key.created_by, key.kind, key)


# The user, or a program that may command her devices.
KeyOrUser = Annotated[Principal, Depends(key_or_user)]


async def key_is_there(connection: HTTPConnection, presented: PresentedKey, bearer: Bearer) -> None:
    """For routes whose clients know 422, not 401, as the answer to a request without a key."""
    if presented is None and bearer is None and COOKIE not in connection.cookies:
        raise KeyMissing


KeyIsThere = Depends(key_is_there)
