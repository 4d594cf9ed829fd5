"""Dashboard tokens: JSON Web Tokens, HS256, 7 days. Their payload is ASCII, for `atob`."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from jose import jwk, jwt
from jose.exceptions import ExpiredSignatureError, JWTError
from pydantic import SecretStr, ValidationError

from smriti.auth.models import Claims, SignedIn
from smriti.core.clock import unix_now
from smriti.core.errors import Unauthenticated
from smriti.users.models import User

LIFETIME_S: Final = 7 * 24 * 3600
_RENEWED_BELOW_S: Final = 24 * 3600
_ALGORITHM: Final = "HS256"
_REMEMBERED: Final = 4096
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}  # RFC 9110 §15.5.2


class NotSignedIn(Unauthenticated):
    """The request does not prove who sends it."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers=_CHALLENGE)


class InvalidKey(NotSignedIn):
    """No key of ours, or revoked, or the account that it acts for is gone."""

    slug = "invalid-api-key"

    def __init__(self) -> None:
        super().__init__("Invalid API key")


class Tokens:
    """Signs and reads dashboard tokens under one secret."""

    def __init__(self, secret: SecretStr, *, clock: Callable[[], int] = unix_now) -> None:
        """`clock` answers Unix seconds."""
        # A key object: given text, the library would guess whether it is JSON or a certificate.
        self._key = jwk.construct(secret.get_secret_value(), _ALGORITHM)
        self._clock = clock
        # The same tokens come again and again, and their signatures do not change.
        self._verified = lru_cache(_REMEMBERED)(self._verify)

    def issue(self, user: User) -> str:
        now = self._clock()
        claims = Claims(
            sub=user.email,
            name=user.name,
            picture=user.picture,
            iat=now,
            exp=now + LIFETIME_S,
            type="user",
            token_version=user.token_version,
        )
        return self._sign(claims)

    def sign_in(self, user: User) -> SignedIn:
        return SignedIn(token=self.issue(user), email=user.email, name=user.name)

    def renewed(self, claims: Claims) -> str | None:
        """A token of full life when less than a day is left of this one."""
        now = self._clock()
        if claims.exp - now >= _RENEWED_BELOW_S:
            return None
        return self._sign(claims.model_copy(update={"iat": now, "exp": now + LIFETIME_S}))

    def read(self, token: str) -> Claims:
        """The claims of a token of ours that is not expired, else `NotSignedIn`."""
        claims = self._verified(token)
        if claims.exp < self._clock():
            raise NotSignedIn("Token expired")
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            claims = jwt.decode(
                token, self._key, algorithms=[_ALGORITHM], options={"require_exp": True}
            )
        except ExpiredSignatureError as error:
            raise NotSignedIn("Token expired") from error
        except (JWTError, RecursionError) as error:  # deeply nested JSON, by whoever sends it
            raise NotSignedIn("Invalid token") from error
        if claims.get("type") != "user":
            raise NotSignedIn("Invalid token type")
        try:
            return Claims.model_validate(claims)
        except ValidationError as error:
            raise NotSignedIn("Invalid token") from error

    def _sign(self, claims: Claims) -> str:
        return str(jwt.encode(claims.model_dump(), self._key, algorithm=_ALGORITHM))


def admit(claims: Claims | None, user: User | None) -> User:
    """The user whom these claims speak for, if the account is still the one they were made for.

    None: something that ends with the account itself speaks for it, such as a key.
    """
    if user is None or user.deleted_at is not None:
        raise NotSignedIn("User not found") if claims else InvalidKey
    if claims is not None and user.token_version != claims.token_version:
        raise NotSignedIn("Token revoked")
    return user
