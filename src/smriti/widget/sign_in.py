"""How people become visitors: without a word, or with Google."""

import re
from typing import Final
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

from pydantic import BaseModel

from smriti.auth.google import Departure, GoogleAnswer, GoogleSignIn, Person, SignInError
from smriti.core.clock import new_id
from smriti.core.errors import BadRequest, Forbidden
from smriti.widget.keys.models import WidgetKey, origin_of
from smriti.widget.keys.service import OriginRefused, WidgetKeyService
from smriti.widget.models import VisitorProfile, VisitorSignedIn, WidgetConfig
from smriti.widget.tokens import VisitorTokens

CALLBACK: Final = "/widget/auth/callback"
CALLBACK_PAGE: Final = "/widget/auth/callback-page"
_SUBJECT: Final = re.compile(r"[A-Za-z0-9._|-]{1,255}")
_ANONYMOUS_NAME: Final = "Visitor"


class AnonymousRefused(Forbidden):
    slug = "anonymous-visitors-refused"

    def __init__(self) -> None:
        super().__init__("This agent talks only with visitors who sign in with Google.")


class AttemptLost(BadRequest):
    slug = "sign-in-attempt-lost"

    def __init__(self) -> None:
        super().__init__("This sign-in was not begun in this browser, or took too long.")


class _Errand(BaseModel):
    """For which key a browser went to Google, and where it shall return to."""

    public_key: str
    redirect_uri: str


class VisitorSignIn:
    def __init__(self, google: GoogleSignIn, keys: WidgetKeyService, tokens: VisitorTokens) -> None:
        self._google = google
        self._keys = keys
        self._tokens = tokens

    def config(self, key: WidgetKey, *, own_page: bool) -> WidgetConfig:
        """Google is a way only for pages that the key names: they are told the token."""
        return WidgetConfig(
            agent_name=key.name,
            agent_id=key.agent_id,
            welcome_message=key.welcome_message or None,
            anonymous=key.allow_anonymous,
            google=self._google.is_configured and (own_page or bool(key.allowed_origins)),
        )

    def anonymous(self, key: WidgetKey) -> VisitorSignedIn:
        if not key.allow_anonymous:
            raise AnonymousRefused
        profile = VisitorProfile(
            visitor_id=new_id(), email=None, name=_ANONYMOUS_NAME, picture=None
        )
        return self._tokens.issue(key, profile)

    async def depart(self, public_key: str, redirect_uri: str, *, base_url: str) -> Departure:
        """To Google. The way back ends at a page of an origin that the key names, or at our own
        page, which tells such pages: `OriginRefused`. `base_url` is where this server is reached.
        """
        key = await self._keys.verify(public_key)
        page = urlsplit(redirect_uri)
        if page.path.endswith(CALLBACK_PAGE):
            query = dict(parse_qsl(page.query)) | {"api_key": public_key}
            redirect_uri = f"{base_url}{CALLBACK_PAGE}?{urlencode(query)}"
        else:
            _check_origin(key, redirect_uri)
        errand = _Errand(public_key=public_key, redirect_uri=redirect_uri)
        return await self._google.depart(base_url + CALLBACK, errand=errand.model_dump_json())

    async def arrive(self, answer: GoogleAnswer, sealed: str | None) -> str:
        """Where the browser goes on, and in the fragment, which no server sees, what it brings."""
        errand = self._google.errand_of(sealed)
        if not errand:
            raise AttemptLost
        went = _Errand.model_validate_json(errand)
        key = await self._keys.verify(went.public_key)
        told = self._told(key, await self._google.identify(answer, sealed))
        return f"{urldefrag(went.redirect_uri).url}#{urlencode(told)}"

    def _told(self, key: WidgetKey, outcome: Person | SignInError) -> dict[str, str]:
        if not isinstance(outcome, Person):
            return {"error": outcome}
        if not _SUBJECT.fullmatch(outcome.subject):
            return {"error": "auth_failed"}
        profile = VisitorProfile(
            visitor_id=outcome.subject,
            email=outcome.email,
            name=outcome.name,
            picture=outcome.picture,
        )
        token = self._tokens.issue(key, profile).access_token
        return {"token": token, **profile.model_dump(exclude_none=True)}


def _check_origin(key: WidgetKey, url: str) -> None:
    try:
        origin = origin_of(url)
    except ValueError:
        raise OriginRefused(url) from None
    if origin not in key.allowed_origins:
        raise OriginRefused(origin)
