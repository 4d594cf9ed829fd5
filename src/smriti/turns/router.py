"""Sending a message and reading the answer as it comes."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from smriti.auth.dependencies import Caller
from smriti.core.clock import Id
from smriti.core.config import Config
from smriti.core.edge import PROBLEMS, provide
from smriti.messages.models import MessageCreate
from smriti.realtime.sse import sse_response
from smriti.turns.dependencies import Turns

router = APIRouter(tags=["chat"], responses=PROBLEMS)

ProcessConfig = Annotated[Config, Depends(provide(Config))]

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
                "STREAM_COMPLETE",
                "ERROR",
            ]
        },
        "content": {"type": ["string", "null"]},
        "message_id": {"type": ["string", "null"]},
        "tool_name": {"type": ["string", "null"]},
        "tool_args": {"type": ["object", "null"]},
        "success": {"type": ["boolean", "null"]},
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


@router.post(
    "/agents/{agent_id}/{conversation_id}/send-message",
    summary="Send a message and stream the answer",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-Sent Events. The last one is STREAM_COMPLETE or ERROR.",
            "content": {"text/event-stream": {"itemSchema": _FRAME, "example": _EXAMPLE}},
        }
    },
)
async def send_message(
    agent_id: Id,
    conversation_id: Id,
    new: MessageCreate,
    caller: Caller,
    turns: Turns,
    config: ProcessConfig,
) -> StreamingResponse:
    events = await turns.send(caller, agent_id, conversation_id, new)
    return sse_response(events, keep_alive_s=config.stream_keep_alive_s)
