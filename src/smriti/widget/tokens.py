"""Tokens of visitors: for four hours, one agent and one key, and for nothing but `/widget/*`."""

from collections.abc import Callable
from typing import Final

from pydantic import SecretStr

from smriti.auth.tokens import NotSignedIn, Signer
from smriti.core.clock import unix_now
from smriti.widget.keys.models import WidgetKey
from smriti.widget.models import Visitor, VisitorClaims, VisitorProfile, VisitorSignedIn

LIFETIME_S: Final = 4 * 3600
GRACE_S: Final = 7 * 24 * 3600
"""How long a token that has ended may still be exchanged for a new one."""


class VisitorTokens:
    def __init__(self, secret: SecretStr, *, clock: Callable[[], int] = unix_now) -> None:
        """`clock` answers Unix seconds."""
        self._signer = Signer(secret, VisitorClaims, clock=clock)
        self._clock = clock

    def issue(self, key: WidgetKey, profile: VisitorProfile) -> VisitorSignedIn:
        now = self._clock()
        claims = VisitorClaims(
            sub=profile.visitor_id,
            name=profile.name,
            email=profile.email,
            picture=profile.picture,
            iat=now,
            exp=now + LIFETIME_S,
            agent_id=key.agent_id,
            key_id=key.key_id,
        )
        token = self._signer.sign(claims)
        return VisitorSignedIn(access_token=token, expires_in=LIFETIME_S, visitor=profile)

    def read(self, token: str, key: WidgetKey) -> Visitor:
        """The visitor whom a token made with this key speaks for, else `NotSignedIn`."""
        return self._visitor(token, key, grace_s=0)

    def renew(self, token: str, key: WidgetKey) -> VisitorSignedIn:
        """A new token for who had one within the last days, else `NotSignedIn`."""
        claims = self._visitor(token, key, grace_s=GRACE_S).claims
        profile = VisitorProfile(
            visitor_id=claims.sub, email=claims.email, name=claims.name, picture=claims.picture
        )
        return self.issue(key, profile)

    def _visitor(self, token: str, key: WidgetKey, *, grace_s: int) -> Visitor:
        claims = self._signer.read(token, grace_s=grace_s)
        if (claims.agent_id, claims.key_id) != (key.agent_id, key.key_id):
            raise NotSignedIn("Token of another widget")
        if claims.is_anonymous and not key.allow_anonymous:
            raise NotSignedIn("This agent talks only with visitors who sign in with Google.")
        return Visitor(key, claims)
