"""What pages that embed an agent call: becoming a visitor, and talking."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from smriti.auth.dependencies import Landings, SessionsService, no_store
from smriti.auth.google import GoogleAnswer
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS
from smriti.realtime.sse import data_frame, numbered
from smriti.turns.dependencies import LastEvent, Streams
from smriti.turns.envelope import envelope
from smriti.turns.events import Notice
from smriti.turns.router import HEARD, STREAM, as_stream
from smriti.turns.streams import Chunks
from smriti.widget.dependencies import (
    KeyHere,
    OwnPage,
    SignIn,
    VisitedConversation,
    VisitorAsk,
    VisitorHere,
    VisitorToken,
    VisitorTokensService,
    Widgets,
)
from smriti.widget.models import (
    VisitorSignedIn,
    WidgetConfig,
    WidgetConversation,
    WidgetConversationCreate,
    WidgetMessage,
    WidgetMessageCreate,
)
from smriti.widget.sign_in import CALLBACK

router = APIRouter(prefix="/widget", tags=["widget"], responses=PROBLEMS)


@router.get("/config", summary="Learn what a page must know to show the widget")
async def get_config(key: KeyHere, sign_in: SignIn, own_page: OwnPage) -> WidgetConfig:
    return sign_in.config(key, own_page=own_page)


@router.post(
    "/auth/anonymous",
    summary="Become a visitor without a name",
    dependencies=[Depends(no_store)],
)
async def visit(key: KeyHere, sign_in: SignIn) -> VisitorSignedIn:
    return sign_in.anonymous(key)


@router.post(
    "/auth/refresh",
    summary="Get a new visitor's token for one that ends or has ended within the last week",
    dependencies=[Depends(no_store)],
)
async def renew_visit(
    key: KeyHere, token: VisitorToken, tokens: VisitorTokensService
) -> VisitorSignedIn:
    return tokens.renew(token, key)


@router.get(
    "/auth/google",
    summary="Become a visitor with Google",
    status_code=307,
    response_class=RedirectResponse,
)
async def visit_google(
    request: Request,
    sign_in: SignIn,
    sessions: SessionsService,
    landing: Landings,
    api_key: Annotated[str, Query(max_length=200)],
    redirect_uri: Annotated[str, Query(max_length=2000)],
) -> Response:
    base_url = sessions.base_url(request)
    departure = await sign_in.depart(api_key, redirect_uri, base_url=base_url)
    return landing.to_google(request, departure, path=CALLBACK)


@router.get(
    "/auth/callback",
    summary="Come back from Google as a visitor",
    status_code=307,
    response_class=RedirectResponse,
)
async def come_from_google(
    request: Request,
    answer: Annotated[GoogleAnswer, Query()],
    sign_in: SignIn,
    landing: Landings,
) -> Response:
    return landing.to_page(await sign_in.arrive(answer, landing.attempt(request)), path=CALLBACK)


@router.post("/conversations", status_code=201, summary="Begin a conversation as a visitor")
async def begin_conversation(
    new: WidgetConversationCreate, visitor: VisitorHere, widgets: Widgets
) -> WidgetConversation:
    return await widgets.begin(visitor, new)


@router.get("/conversations", summary="List the visitor's conversations, newest first")
async def list_conversations(visitor: VisitorHere, widgets: Widgets) -> list[WidgetConversation]:
    return await widgets.all_of(visitor)


@router.get("/conversations/{conversation_id}", summary="Get a conversation of the visitor")
async def get_conversation(
    visitor: VisitorHere, conversation: VisitedConversation
) -> WidgetConversation:
    return WidgetConversation.of(conversation, visitor)


@router.post(
    "/conversations/{conversation_id}/messages",
    summary="Send a message as a visitor and stream the answer",
    response_class=StreamingResponse,
    responses=STREAM,
)
async def send_message(
    new: WidgetMessageCreate,
    visitor: VisitorHere,
    ask: VisitorAsk,
    widgets: Widgets,
    streams: Streams,
) -> Response:
    turn_id = await widgets.send(visitor, ask, new)
    chunks = await streams.attach(ask.conversation_id, turn_id)
    return as_stream(_greeted(turn_id, chunks) if chunks else None)


@router.get(
    "/conversations/{conversation_id}/messages",
    summary="List the newest messages of a visitor's conversation, oldest first",
)
async def list_messages(conversation: VisitedConversation, widgets: Widgets) -> list[WidgetMessage]:
    return await widgets.messages(conversation)


@router.get(
    "/conversations/{conversation_id}/turns/{turn_id}/events",
    summary="Read the events of a visitor's turn again, and those that come",
    response_class=StreamingResponse,
    responses=STREAM | HEARD,
)
async def turn_events(
    turn_id: Id, conversation: VisitedConversation, streams: Streams, after: LastEvent
) -> Response:
    conversation_id = conversation.conversation_id
    return as_stream(await streams.attach(conversation_id, turn_id, after, form=numbered))


async def _greeted(turn_id: str, chunks: Chunks) -> AsyncIterator[bytes]:
    """The stream behind the contract's first word of a widget, which has the number before 1."""
    word = Notice(text="Connecting to agent...")
    yield data_frame(envelope(word, turn_id=turn_id, seq=0))
    async for chunk in chunks:
        yield chunk
