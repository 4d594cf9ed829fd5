"""Who calls from a page that embeds an agent: a key, and mostly a visitor."""

from collections.abc import AsyncIterator, Awaitable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from smriti.auth.dependencies import ClientAddress, SessionsService
from smriti.auth.throttle import network_of
from smriti.auth.tokens import NotSignedIn
from smriti.conversations.models import Conversation
from smriti.core.clock import Id
from smriti.core.edge import provide
from smriti.turns.dependencies import IdempotencyKey
from smriti.turns.service import Ask
from smriti.usage.dependencies import Rates, counted_chat
from smriti.widget.keys.models import WidgetKey
from smriti.widget.keys.service import WidgetKeyService
from smriti.widget.models import Visitor
from smriti.widget.service import WidgetService
from smriti.widget.sign_in import VisitorSignIn
from smriti.widget.tokens import VisitorTokens

_header = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    scheme_name="widget_key",
    description="The public key of the agent. It counts on pages of the origins that it names.",
)
_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="visitor",
    description="A visitor's token, from one of the routes below `/widget/auth`.",
)

Widgets = Annotated[WidgetService, Depends(provide(WidgetService))]
SignIn = Annotated[VisitorSignIn, Depends(provide(VisitorSignIn))]
VisitorTokensService = Annotated[VisitorTokens, Depends(provide(VisitorTokens))]
_Keys = Annotated[WidgetKeyService, Depends(provide(WidgetKeyService))]
_Presented = Annotated[str | None, Depends(_header)]
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class WidgetKeyMissing(NotSignedIn):
    slug = "widget-key-missing"

    def __init__(self) -> None:
        super().__init__("Missing X-API-Key header")


async def own_page(request: Request, sessions: SessionsService) -> bool:
    return sessions.is_own_page(request)


OwnPage = Annotated[bool, Depends(own_page)]


async def widget_key(
    request: Request, presented: _Presented, keys: _Keys, own_page: OwnPage
) -> WidgetKey:
    if presented is None:
        raise WidgetKeyMissing
    return await keys.admit(presented, request.headers.get("origin"), own_page=own_page)


# The key that a page shows, on a page that may show it.
KeyHere = Annotated[WidgetKey, Depends(widget_key)]


async def visitor_token(_: KeyHere, bearer: _Bearer) -> str:
    if bearer is None:
        raise NotSignedIn("Missing or invalid authorization header")
    return bearer.credentials


VisitorToken = Annotated[str, Depends(visitor_token)]


async def visitor(key: KeyHere, token: VisitorToken, tokens: VisitorTokensService) -> Visitor:
    return tokens.read(token, key)


VisitorHere = Annotated[Visitor, Depends(visitor)]


async def visitor_rate(
    who: VisitorHere, address: ClientAddress, rates: Rates
) -> AsyncIterator[Awaitable[None] | None]:
    """The nameless of an address count as one: whoever likes becomes as many as they like."""
    subject = f"visitors:{network_of(address)}" if who.claims.is_anonymous else who.user
    async with counted_chat(subject if rates.counted else None, rates) as counting:
        yield counting


async def ask(
    admission: Annotated[Awaitable[None] | None, Depends(visitor_rate, scope="function")],
    conversation_id: Id,
    who: VisitorHere,
    key: IdempotencyKey = None,
) -> Ask:
    return Ask(who.asker, who.key.agent_id, conversation_id, key, admission)


VisitorAsk = Annotated[Ask, Depends(ask)]


async def visited(conversation_id: Id, who: VisitorHere, widgets: Widgets) -> Conversation:
    return await widgets.get(who, conversation_id)


VisitedConversation = Annotated[Conversation, Depends(visited)]
