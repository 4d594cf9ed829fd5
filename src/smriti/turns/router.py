"""Sending a message and reading the answer as it comes."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from smriti.agents.dependencies import ShownAgent
from smriti.auth.idempotency.route import IdempotentRoute
from smriti.auth.keys.dependencies import ChatUser
from smriti.conversations.dependencies import OwnedConversation
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS, Paging
from smriti.core.paging import Page
from smriti.messages.models import MessageCreate
from smriti.realtime.sse import numbered, sse_response
from smriti.tools.approvals import Decision
from smriti.turns.context import Context
from smriti.turns.dependencies import (
    AskAgain,
    AskHere,
    Contexts,
    Control,
    DecidedConversation,
    Imports,
    LastEvent,
    Streams,
    Supposed,
    ToolOffers,
    Turns,
)
from smriti.turns.importing import MessagesImport, MessagesImported
from smriti.turns.models import TurnSummary, TurnView
from smriti.turns.offered import OfferedTool
from smriti.turns.streams import Chunks

asking = APIRouter(tags=["chat"], responses=PROBLEMS)
router = APIRouter(tags=["chat"], responses=PROBLEMS)
imports = APIRouter(tags=["chat"], responses=PROBLEMS, route_class=IdempotentRoute)

_EVENT = {
    "type": "object",
    "description": "More members follow, by the type of the event.",
    "properties": {
        "event_type": {
            "enum": [
                "LIFECYCLE_NOTIFICATION",
                "MESSAGE_SAVED",
                "AGENT_THOUGHTS",
                "AGENT_RESPONSE_TO_USER",
                "TOOL_CALL_START",
                "TOOL_CALL_RESULT",
                "DEVICE_EVENT",
                "APPROVAL_REQUIRED",
                "TURN_RESUMED",
                "SNAPSHOT",
                "STREAM_COMPLETE",
                "ERROR",
            ]
        },
        "content": {"type": ["string", "null"]},
        "message_id": {"type": ["string", "null"]},
        "tool_name": {"type": ["string", "null"]},
        "tool_args": {"type": ["object", "null"]},
        "success": {"type": ["boolean", "null"]},
        "ms": {"type": ["integer", "null"], "description": "Of a TOOL_CALL_RESULT: its time."},
        "turn_id": {"type": "string"},
        "seq": {"type": "integer", "minimum": 1},
    },
    "required": [
        *("event_type", "content", "message_id", "tool_name", "tool_args", "success"),
        *("turn_id", "seq"),
    ],
}
_FRAME = {
    "type": "object",
    "properties": {
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": _EVENT,
        }
    },
    "required": ["data"],
}
_EXAMPLE = (
    'data: {"event_type":"AGENT_RESPONSE_TO_USER","content":"Nice to meet you, Alice!",'
    '"message_id":null,"tool_name":null,"tool_args":null,"success":null,"turn_id":"0199…",'
    '"seq":9}\n\n'
)


STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-Sent Events. The last one is STREAM_COMPLETE or ERROR.",
        "content": {"text/event-stream": {"itemSchema": _FRAME, "example": _EXAMPLE}},
    }
}
HEARD: dict[int | str, dict[str, Any]] = {
    204: {"description": "There is nothing after this event: the turn has ended."}
}


@asking.post(
    "/agents/{agent_id}/{conversation_id}/send-message",
    summary="Send a message and stream the answer",
    response_class=StreamingResponse,
    responses=STREAM,
)
async def send_message(
    new: MessageCreate, ask: AskHere, turns: Turns, streams: Streams
) -> Response:
    turn_id = await turns.send(ask, new)
    return as_stream(await streams.attach(ask.conversation_id, turn_id))


@asking.post(
    "/conversations/{conversation_id}/messages/{message_id}/retry",
    summary="Ask a question again and stream the new answer",
    response_class=StreamingResponse,
    responses=STREAM,
)
async def retry_message(message_id: Id, ask: AskAgain, turns: Turns, streams: Streams) -> Response:
    turn_id = await turns.retry(ask, message_id)
    return as_stream(await streams.attach(ask.conversation_id, turn_id))


@asking.post(
    "/conversations/{conversation_id}/messages/{message_id}/edit",
    summary="Ask something else in the place of a question and stream the answer",
    response_class=StreamingResponse,
    responses=STREAM,
)
async def edit_message(
    message_id: Id, new: MessageCreate, ask: AskAgain, turns: Turns, streams: Streams
) -> Response:
    turn_id = await turns.edit(ask, message_id, new)
    return as_stream(await streams.attach(ask.conversation_id, turn_id))


@imports.post(
    "/conversations/{conversation_id}/messages:import",
    summary="Add earlier messages to a conversation; again adds nothing",
)
async def import_messages(
    new: MessagesImport, conversation: OwnedConversation, user: ChatUser, importer: Imports
) -> MessagesImported:
    return await importer.add(user, conversation, new)


@router.get("/agents/{agent_id}/tools", summary="List what an agent could call in a turn now")
async def list_tools(agent: ShownAgent, tools: ToolOffers) -> list[OfferedTool]:
    return await tools.to(agent)


@router.get(
    "/conversations/{conversation_id}/context",
    summary="See what the model would see, and how its window is spent",
)
async def show_context(
    conversation: OwnedConversation, contexts: Contexts, question: Supposed = ""
) -> Context:
    return await contexts.show(conversation, question)


@router.get("/conversations/{conversation_id}/turns", summary="List turns, newest first")
async def list_turns(
    conversation: OwnedConversation, control: Control, page: Paging
) -> Page[TurnSummary]:
    return await control.page(conversation, page)


@router.get("/conversations/{conversation_id}/turns/{turn_id}", summary="Get a turn, its steps too")
async def get_turn(turn_id: Id, conversation: OwnedConversation, control: Control) -> TurnView:
    return await control.get(conversation, turn_id)


@router.post(
    "/conversations/{conversation_id}/turns/{turn_id}/cancel",
    summary="Stop a turn; what was said so far is kept",
)
async def cancel_turn(turn_id: Id, conversation: OwnedConversation, control: Control) -> TurnView:
    return await control.cancel(conversation, turn_id)


@router.post(
    "/conversations/{conversation_id}/turns/{turn_id}/approvals",
    summary="Approve or deny a command that a turn waits with; it goes on",
)
async def decide(
    turn_id: Id, decision: Decision, conversation: DecidedConversation, control: Control
) -> TurnView:
    return await control.decide(conversation, turn_id, decision)


@router.get(
    "/conversations/{conversation_id}/turns/{turn_id}/events",
    summary="Read a turn's events again, from any of them, and those that come",
    response_class=StreamingResponse,
    responses=STREAM | HEARD,
)
async def turn_events(
    turn_id: Id, conversation: OwnedConversation, streams: Streams, after: LastEvent
) -> Response:
    conversation_id = conversation.conversation_id
    return as_stream(await streams.attach(conversation_id, turn_id, after, form=numbered))


def as_stream(chunks: Chunks | None) -> Response:
    return Response(status_code=204) if chunks is None else sse_response(chunks)
