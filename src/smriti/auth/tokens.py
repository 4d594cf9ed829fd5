"""Tokens: JSON Web Tokens, HS256; those of the dashboard for 7 days. Their payload is ASCII, for
`atob`."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from jose import jwk, jwt
from jose.exceptions import JWTError
from pydantic import SecretStr, ValidationError

from smriti.auth.models import Claims, SignedIn, TokenClaims
from smriti.core.clock import unix_now
from smriti.core.errors import Unauthenticated
from smriti.users.models import User

LIFETIME_S: Final = 7 * 24 * 3600
_RENEWED_BELOW_S: Final = 24 * 3600
_ALGORITHM: Final = "HS256"
# The expiry is compared each time, the audience follows from the type.
_CHECKS: Final = {"verify_exp": False, "verify_aud": False}
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


class Signer[C: TokenClaims]:
    """Signs claims of one kind under a secret, and reads tokens of that kind only."""

    def __init__(
        self, secret: SecretStr, kind: type[C], *, clock: Callable[[], int] = unix_now
    ) -> None:
        """`clock` answers Unix seconds."""
        # A key object: given text, the library would guess whether it is JSON or a certificate.
        self._key = jwk.construct(secret.get_secret_value(), _ALGORITHM)
        self._kind = kind
        self._clock = clock
        # The same tokens come again and again, and their signatures do not change.
        self._verified = lru_cache(_REMEMBERED)(self._verify)

    def sign(self, claims: C) -> str:
        return str(jwt.encode(claims.model_dump(), self._key, algorithm=_ALGORITHM))

    def read(self, token: str, *, grace_s: int = 0) -> C:
        """The claims of a token of ours that has not ended longer ago; else `NotSignedIn`."""
        claims = self._verified(token)
        if claims.exp + grace_s < self._clock():
            raise NotSignedIn("Token expired")
        return claims

    def _verify(self, token: str) -> C:
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM], options=_CHECKS)
        except (JWTError, RecursionError) as error:  # deeply nested JSON, by whoever sends it
            raise NotSignedIn("Invalid token") from error
        if claims.get("type") != self._kind.model_fields["type"].default:
            raise NotSignedIn("Invalid token type")
        try:
            return self._kind.model_validate(claims)
        except ValidationError as error:
            raise NotSignedIn("Invalid token") from error


class Tokens:
    """Signs and reads dashboard tokens under one secret."""

    def __init__(self, secret: SecretStr, *, clock: Callable[[], int] = unix_now) -> None:
        """`clock` answers Unix seconds."""
        self._signer = Signer(secret, Claims, clock=clock)
        self._clock = clock

    def issue(self, user: User) -> str:
        now = self._clock()
        claims = Claims(
            sub=user.email,
            name=user.name,
            picture=user.picture,
            iat=now,
            exp=now + LIFETIME_S,
            token_version=user.token_version,
        )
        return self._signer.sign(claims)

    def sign_in(self, user: User) -> SignedIn:
        return SignedIn(token=self.issue(user), email=user.email, name=user.name)

    def renewed(self, claims: Claims) -> str | None:
        """A token of full life when less than a day is left of this one."""
        now = self._clock()
        if claims.exp - now >= _RENEWED_BELOW_S:
            return None
        return self._signer.sign(claims.model_copy(update={"iat": now, "exp": now + LIFETIME_S}))

    def read(self, token: str) -> Claims:
        """The claims of a token of ours that is not expired, else `NotSignedIn`."""
        return self._signer.read(token)


def admit(claims: Claims | None, user: User | None) -> User:
    """The user whom these claims speak for, if the account is still the one they were made for.

    None: something that ends with the account itself speaks for it, such as a key.
    """
    if user is None or user.deleted_at is not None:
        raise NotSignedIn("User not found") if claims else InvalidKey
    if claims is not None and user.token_version != claims.token_version:
        raise NotSignedIn("Token revoked")
    return user
