"""AIP's messages as UFO's clients write and read them: all members sent, most of them null."""

from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

type Json = dict[str, Any]

_MEMBERS: Final = (
    "type",
    "status",
    "client_type",
    "client_id",
    "session_id",
    "task_name",
    "target_id",
    "request",
    "action_results",
    "timestamp",
    "request_id",
    "prev_response_id",
    "error",
    "metadata",
)


def client_message(kind: str, status: str = "ok", **members: Any) -> Json:
    """What a client sends: what is not given is null, `client_type` is a device's."""
    given = {"type": kind, "status": status, "client_type": "device", "timestamp": now()}
    return dict.fromkeys(_MEMBERS) | given | members


def now() -> str:
    return datetime.now(UTC).isoformat()


def new_id() -> str:
    return str(uuid4())


class _Read(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Command(_Read):
    tool_name: str
    tool_type: Literal["action", "data_collection"]
    parameters: Json | None = None
    call_id: str | None = None


class ServerMessage(_Read):
    """What a client understands; everything else it drops."""

    type: Literal[
        "task",
        "command",
        "task_end",
        "heartbeat",
        "device_info_request",
        "device_info_response",
        "error",
    ]
    status: Literal["continue", "completed", "failed", "ok", "error"]
    session_id: str | None = None
    response_id: str | None = None
    user_request: str | None = None
    task_name: str | None = None
    actions: list[Command] | None = None
    agent_name: str | None = None
    process_name: str | None = None
    root_name: str | None = None
    messages: list[str] | None = None
    result: Any = None
    error: str | None = None
    timestamp: str | None = None
