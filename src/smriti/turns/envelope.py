"""The contract's envelope around a turn's events."""

from typing import Any, Final, assert_never

from smriti.llm.types import ToolCall, ToolResult
from smriti.turns.events import (
    ApprovalRequired,
    DeviceTold,
    Notice,
    QuestionSaved,
    ReasoningDelta,
    Snapshot,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnEvent,
    TurnFailed,
    TurnFinished,
    TurnResumed,
)

_SHOWN_RESULT_CHARACTERS: Final = 200
_WORDS: Final = {
    Notice: "LIFECYCLE_NOTIFICATION",
    TextDelta: "AGENT_RESPONSE_TO_USER",
    ReasoningDelta: "AGENT_THOUGHTS",
    Snapshot: "SNAPSHOT",
}

LAST: Final = frozenset({"STREAM_COMPLETE", "ERROR"})
"""What every stream ends with."""


def envelope(event: TurnEvent, *, turn_id: str, seq: int) -> dict[str, Any]:
    """The event as clients know it: the contract's six members first, then ours."""
    return {
        "event_type": "",
        "content": None,
        "message_id": None,
        "tool_name": None,
        "tool_args": None,
        "success": None,
        "turn_id": turn_id,
        "seq": seq,
        **_members(event),
    }


def _members(event: TurnEvent) -> dict[str, Any]:
    members: dict[str, Any]
    match event:
        case TextDelta() | ReasoningDelta() | Notice() | Snapshot():
            members = {"event_type": _WORDS[type(event)], "content": event.text}
        case QuestionSaved():
            members = {
                "event_type": "MESSAGE_SAVED",
                "content": "User message saved",
                "message_id": event.message_id,
            }
        case ToolStarted() | ToolFinished() | ApprovalRequired() | DeviceTold():
            members = _of_tool(event)
        case TurnResumed():
            members = {"event_type": "TURN_RESUMED", "content": "The answer goes on."}
        case TurnFinished():
            members = {
                "event_type": "STREAM_COMPLETE",
                "content": "Response complete",
                "message_id": event.message_id,
                "finish_reason": event.finish_reason,
            }
        case TurnFailed(problem=problem):
            members = {"event_type": "ERROR", "content": problem["detail"], "problem": problem}
        case _:
            assert_never(event)
    return members


def _of_tool(
    event: ToolStarted | ToolFinished | ApprovalRequired | DeviceTold,
) -> dict[str, Any]:
    match event:
        case ToolStarted(call=call):
            return _call(call)
        case ToolFinished(result=result, ms=ms):
            return _result(result) | {"ms": ms}
        case ApprovalRequired():
            return _approval(event)
        case DeviceTold():
            return _told(event)


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "event_type": "TOOL_CALL_START",
        "content": f"Calling {call.name}...",
        "tool_name": call.name,
        "tool_args": call.arguments or {},
        "tool_call_id": call.call_id,
    }


def _result(result: ToolResult) -> dict[str, Any]:
    return {
        "event_type": "TOOL_CALL_RESULT",
        "content": _shortened(result.text),
        "tool_name": result.name,
        "success": result.success,
        "tool_call_id": result.call_id,
    }


def _approval(event: ApprovalRequired) -> dict[str, Any]:
    return {
        "event_type": "APPROVAL_REQUIRED",
        "content": f"{event.tool_name} on {event.client_id} waits for your approval.",
        "tool_name": event.tool_name,
        "tool_args": event.arguments,
        "approval_id": event.approval_id,
        "session_id": event.session_id,
        "client_id": event.client_id,
    }


def _told(told: DeviceTold) -> dict[str, Any]:
    members = _members(told.event)
    return {
        **members,
        "event_type": "DEVICE_EVENT",
        "device_event": members["event_type"],
        "session_id": told.session_id,
        "client_id": told.client_id,
    }


def _shortened(text: str) -> str:
    if len(text) <= _SHOWN_RESULT_CHARACTERS:
        return text
    return text[:_SHOWN_RESULT_CHARACTERS] + "..."
