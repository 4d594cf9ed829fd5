"""Signing in with Google: the code flow of OpenID Connect with state, nonce and PKCE."""

import base64
import hashlib
import hmac
import secrets
from typing import Final, Literal

import structlog
from pydantic import BaseModel, Field, ValidationError

from smriti.auth.oidc import Grant, Identity, IdentityRefused, OpenIdIssuer
from smriti.auth.repository import OneTimeRepository
from smriti.core.clock import unix_now
from smriti.core.crypto import SecretBox, SecretUnreadable
from smriti.core.errors import BadRequest, Unavailable
from smriti.users.models import LOCAL_DOMAIN, User, normal_email
from smriti.users.service import AccountBeingDeleted, UserService

type SignInError = Literal["access_denied", "auth_failed", "account_being_deleted"]

ATTEMPT_LIFETIME_S: Final = 600
_PLACE: Final = "oauth-attempt"
_RANDOM_BYTES: Final = 32
_MAX_EMAIL: Final = 254  # RFC 5321 §4.5.3.1.3
_MAX_NAME: Final = 200
_MAX_PICTURE: Final = 2000
log = structlog.get_logger()


class GoogleNotConfigured(Unavailable):
    slug = "google-not-configured"

    def __init__(self) -> None:
        super().__init__("Google OAuth is not configured")


class CodeMissing(BadRequest):
    slug = "code-missing"


class GoogleAnswer(BaseModel):
    """What the browser brings back from Google."""

    code: str | None = Field(default=None, max_length=4096)
    state: str | None = Field(default=None, max_length=4096)
    error: str | None = Field(default=None, max_length=4096)


class Departure(BaseModel):
    """Where the browser goes, and what it keeps for the way back."""

    url: str
    attempt: str


class Person(BaseModel):
    """Whom Google vouches for. `subject` is their id there."""

    subject: str
    email: str
    name: str
    picture: str | None


class _Attempt(BaseModel):
    state: str = Field(default_factory=lambda: secrets.token_urlsafe(_RANDOM_BYTES))
    nonce: str = Field(default_factory=lambda: secrets.token_urlsafe(_RANDOM_BYTES))
    verifier: str = Field(default_factory=lambda: secrets.token_urlsafe(_RANDOM_BYTES))
    expires_at: int = Field(default_factory=lambda: unix_now() + ATTEMPT_LIFETIME_S)
    redirect_uri: str
    errand: str


class GoogleSignIn:
    """Sends browsers to Google and takes them back. Without an issuer it is not configured."""

    def __init__(
        self,
        issuer: OpenIdIssuer | None,
        users: UserService,
        once: OneTimeRepository,
        box: SecretBox,
    ) -> None:
        self._issuer = issuer
        self._users = users
        self._once = once
        self._box = box

    @property
    def is_configured(self) -> bool:
        return self._issuer is not None

    async def depart(self, redirect_uri: str, *, errand: str = "") -> Departure:
        """`errand`: what the browser goes for, see `errand_of`."""
        attempt = _Attempt(redirect_uri=redirect_uri, errand=errand)
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        url = await self._configured().authorize_url(
            {
                "response_type": "code",
                "scope": "openid email profile",
                "redirect_uri": redirect_uri,
                "state": attempt.state,
                "nonce": attempt.nonce,
                "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
                "code_challenge_method": "S256",
                "prompt": "select_account",
            }
        )
        return Departure(url=url, attempt=self._box.seal(attempt.model_dump_json(), place=_PLACE))

    def errand_of(self, sealed: str | None) -> str | None:
        """What the browser that kept this attempt had left for; None when that is too long ago."""
        attempt = self._opened(sealed)
        return attempt.errand if attempt else None

    async def arrive(self, answer: GoogleAnswer, sealed: str | None) -> User | SignInError:
        """The user who signed in, or why not. `sealed` is the attempt that the browser kept."""
        person = await self.identify(answer, sealed)
        if not isinstance(person, Person):
            return person
        if person.email.endswith(LOCAL_DOMAIN) or self.errand_of(sealed):
            return "auth_failed"
        try:
            return await self._users.sign_in(person.email, name=person.name, picture=person.picture)
        except AccountBeingDeleted:
            return "account_being_deleted"

    async def identify(self, answer: GoogleAnswer, sealed: str | None) -> Person | SignInError:
        """Who came back, whether they have an account here or not."""
        issuer = self._configured()
        if answer.error is not None:
            return "access_denied"
        if not answer.code:
            raise CodeMissing("Google sent no authorization code.")
        attempt = self._opened(sealed)
        if attempt is None or not await self._is_ours(attempt, answer.state or ""):
            return "auth_failed"
        try:
            identity = await issuer.identify(
                Grant(
                    code=answer.code,
                    verifier=attempt.verifier,
                    nonce=attempt.nonce,
                    redirect_uri=attempt.redirect_uri,
                )
            )
            return _person(identity)
        except IdentityRefused as error:
            log.warning("google_sign_in.refused", reason=error.detail)
            return "auth_failed"

    def _configured(self) -> OpenIdIssuer:
        if self._issuer is None:
            raise GoogleNotConfigured
        return self._issuer

    def _opened(self, sealed: str | None) -> _Attempt | None:
        try:
            attempt = _Attempt.model_validate_json(self._box.open(sealed or "", place=_PLACE))
        except (SecretUnreadable, ValidationError):
            return None
        return attempt if attempt.expires_at > unix_now() else None

    async def _is_ours(self, attempt: _Attempt, state: str) -> bool:
        """Whether this browser asked for this, and it comes back for the first time."""
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            return False
        return await self._once.take_state(state, lifetime_s=ATTEMPT_LIFETIME_S)


def _person(identity: Identity) -> Person:
    email = normal_email(identity.email)
    if not identity.email_verified:
        raise IdentityRefused("The address is not verified.")
    if "@" not in email or len(email) > _MAX_EMAIL:
        raise IdentityRefused("The address is not one that we take.")
    name = (identity.name or email.partition("@")[0])[:_MAX_NAME]
    picture = identity.picture or ""
    shown = picture.startswith("https://") and len(picture) <= _MAX_PICTURE
    return Person(subject=identity.sub, email=email, name=name, picture=picture if shown else None)
