"""Sending a message and reading the answer as it comes."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from smriti.auth.dependencies import Caller
from smriti.core.edge import PROBLEMS
from smriti.messages.models import MessageCreate
from smriti.realtime.sse import sse_response
from smriti.turns.dependencies import Turns

router = APIRouter(tags=["chat"], responses=PROBLEMS)

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
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
)
async def send_message(
    agent_id: str, conversation_id: str, new: MessageCreate, caller: Caller, turns: Turns
) -> StreamingResponse:
    return sse_response(await turns.send(caller, agent_id, conversation_id, new))
