"""The other side of an OpenID Connect sign-in: its addresses, its keys, its identity tokens."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
from jose import jwt
from jose.exceptions import JOSEError
from pydantic import BaseModel, SecretStr, ValidationError

from smriti.core.errors import UpstreamFailed

_ALGORITHM: Final = "RS256"
_LEEWAY_S: Final = 60
_CACHED_S: Final = 3600.0
_KEYS_AGAIN_S: Final = 60.0  # how soon an unknown key id may make us ask for the keys again
_TIMEOUT_S: Final = 15.0
_MAX_BYTES: Final = 1024 * 1024


class IdentityRefused(UpstreamFailed):
    """The issuer does not answer, or what it answers does not hold."""

    slug = "identity-refused"


class Client(BaseModel):
    """What this server is to the issuer."""

    client_id: str
    client_secret: SecretStr


class Grant(BaseModel):
    """What comes back from the issuer, with what this server kept to check it."""

    code: str
    verifier: str
    nonce: str
    redirect_uri: str


class Identity(BaseModel):
    """The claims of a verified identity token that we use."""

    sub: str
    email: str
    email_verified: bool = False
    name: str | None = None
    picture: str | None = None
    nonce: str
    azp: str | None = None


class _Addresses(BaseModel):
    """The parts of the discovery document (OpenID Connect Discovery §3) that we use."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Granted(BaseModel):
    id_token: str
    access_token: str


class _KeySet(BaseModel):
    keys: list[dict[str, Any]]


class OpenIdIssuer:
    """One issuer. Its addresses and keys are read at the first use and kept for an hour."""

    def __init__(self, http: httpx2.AsyncClient, issuer: str, client: Client) -> None:
        self._http = http
        self._issuer = issuer.rstrip("/")
        self._client = client
        self._lock = asyncio.Lock()
        self._addresses: tuple[float, _Addresses] | None = None  # (read at, document)
        self._keys: tuple[float, _KeySet] | None = None

    async def authorize_url(self, parameters: Mapping[str, str]) -> str:
        """Where to send the browser; the client's id is added."""
        addresses = await self._discover()
        query = urlencode({"client_id": self._client.client_id, **parameters})
        return f"{addresses.authorization_endpoint}?{query}"

    async def identify(self, grant: Grant) -> Identity:
        """Whom the issuer vouches for; `IdentityRefused` unless everything about it holds."""
        addresses = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": grant.code,
            "code_verifier": grant.verifier,
            "redirect_uri": grant.redirect_uri,
            "client_id": self._client.client_id,
            "client_secret": self._client.client_secret.get_secret_value(),
        }
        granted = await self._ask(_Granted, "POST", addresses.token_endpoint, form)
        identity = await self._verify(granted)
        client_id = self._client.client_id
        if identity.nonce != grant.nonce or identity.azp not in {None, client_id}:
            raise IdentityRefused("The identity token was made for another sign-in.")
        return identity

    async def _verify(self, granted: _Granted) -> Identity:
        try:
            key = await self._key(jwt.get_unverified_header(granted.id_token).get("kid"))
            claims = jwt.decode(
                granted.id_token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._client.client_id,
                issuer=[self._issuer, self._issuer.removeprefix("https://")],  # Google uses both
                access_token=granted.access_token,
                options={
                    "leeway": _LEEWAY_S,
                    "require_aud": True,
                    "require_iss": True,
                    "require_exp": True,
                    "require_sub": True,
                },
            )
            return Identity.model_validate(claims)
        except (JOSEError, RecursionError, TypeError, ValidationError) as error:
            raise IdentityRefused("The identity token does not hold.") from error

    async def _discover(self) -> _Addresses:
        async with self._lock:
            if self._addresses and time.monotonic() - self._addresses[0] < _CACHED_S:
                return self._addresses[1]
            url = f"{self._issuer}/.well-known/openid-configuration"
            found = await self._ask(_Addresses, "GET", url)
            if found.issuer.rstrip("/") != self._issuer:
                raise IdentityRefused("The discovery document is another issuer's.")
            self._addresses = (time.monotonic(), found)
            return found

    async def _key(self, kid: object) -> dict[str, Any]:
        addresses = await self._discover()
        async with self._lock:
            age = time.monotonic() - self._keys[0] if self._keys else _CACHED_S
            key = _find(self._keys[1], kid) if self._keys else None
            if age >= _CACHED_S or (key is None and age >= _KEYS_AGAIN_S):
                self._keys = (
                    time.monotonic(),
                    await self._ask(_KeySet, "GET", addresses.jwks_uri),
                )
                key = _find(self._keys[1], kid)
        if key is None:
            raise IdentityRefused("The identity token is signed with a key that is not published.")
        return key

    async def _ask[Answer: BaseModel](
        self, kind: type[Answer], method: str, url: str, form: Mapping[str, str] | None = None
    ) -> Answer:
        body = bytearray()
        try:
            async with (
                asyncio.timeout(_TIMEOUT_S),
                self._http.stream(method, url, data=form) as response,
            ):
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        break
            if response.status_code == 200 and len(body) <= _MAX_BYTES:
                return kind.model_validate_json(bytes(body))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValidationError) as error:
            raise IdentityRefused("The sign-in service did not answer as it should.") from error
        raise IdentityRefused(f"The sign-in service answered {response.status_code}.")


def _find(found: _KeySet, kid: object) -> dict[str, Any] | None:
    return next(
        (key for key in found.keys if key.get("kid") == kid and key.get("kty") == "RSA"), None
    )
