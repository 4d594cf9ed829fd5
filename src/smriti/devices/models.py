"""Devices as their owner sees them, and what they did for whom."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from smriti.core.clock import new_id, utc_now
from smriti.llm.types import Part, Usage
from smriti.tools.approvals import Decision

type SessionStatus = Literal["queued", "running", "waiting", "completed", "failed", "cancelled"]
"""`waiting`: for its owner to approve a command."""
type Requester = Literal["device", "constellation", "api", "agent"]
"""Who asked: the device itself, a constellation, a program over HTTP, an agent in a chat."""


class Device(BaseModel):
    """A machine that has connected at least once. `client_id` is its own name for itself.

    `agent_id`: who works on it; null: a default agent with the provider saved last.
    `sealed_api_key`: for tools whose schema asks for one; encrypted.
    """

    created_by: str
    client_id: str
    label: str | None = None
    platform: str = "windows"
    system_info: dict[str, Any] = Field(default_factory=dict)
    agent_id: str | None = None
    ask_before_commands: bool = False
    sealed_api_key: str | None = None
    first_seen_at: datetime = Field(default_factory=utc_now)
    last_seen_at: datetime = Field(default_factory=utc_now)


class DeviceView(BaseModel):
    """A device over HTTP. `session_id`: what it works on now."""

    client_id: str
    label: str | None
    online: bool
    platform: str
    system_info: dict[str, Any]
    agent_id: str | None
    ask_before_commands: bool
    has_tool_api_key: bool
    session_id: str | None
    first_seen_at: datetime
    last_seen_at: datetime


class DeviceUpdate(BaseModel):
    """A partial change; null clears, but for `ask_before_commands`, where it is ignored."""

    model_config = ConfigDict(json_schema_extra={"example": {"label": "The laptop in the kitchen"}})

    label: Annotated[str, Field(max_length=100)] | None = None
    agent_id: Annotated[str, Field(max_length=200)] | None = None
    ask_before_commands: StrictBool | None = None
    tool_api_key: Annotated[str, Field(max_length=4096)] | None = None


class Approval(BaseModel):
    """A command that waits for the device's owner to approve it."""

    approval_id: str = Field(default_factory=new_id)
    tool_name: str
    arguments: dict[str, Any]
    asked_at: datetime = Field(default_factory=utc_now)


class SessionSummary(BaseModel):
    """One task on one device. Times are UTC; `error` says why it failed."""

    session_id: str = Field(default_factory=new_id)
    client_id: str
    task_name: str
    request: str
    requester: Requester
    requester_id: str | None = None
    status: SessionStatus = "queued"
    result: str | None = None
    error: str | None = None
    model: str | None = None
    steps: int = 0
    approval: Approval | None = None
    usage: Usage = Field(default_factory=Usage)
    created_at: datetime = Field(default_factory=utc_now)
    finished_at: datetime | None = None

    @property
    def ended(self) -> bool:
        return self.status in {"completed", "failed", "cancelled"}

    @property
    def outcome(self) -> list[dict[str, Any]]:
        """The result as AIP tells it: one entry a round; there is one round."""
        if self.status != "completed":
            return []
        return [{"request": self.request, "result": self.result}]


class DeviceSession(SessionSummary):
    """As it is stored. `alive_until`: when the process that runs it has died unless it says more.

    `decision`: what was said to `approval`, until it is carried out. `attempt` counts the processes
    that have worked on it before, `last_seq` is the number of its last event.
    """

    created_by: str
    alive_until: datetime
    decision: Decision | None = None
    attempt: int = 0
    last_seq: int | None = None

    @property
    def log_name(self) -> str:
        return log_name(self.created_by, self.session_id)


def log_name(owner: str, session_id: str) -> str:
    """The name of a session's event log: nobody but its owner finds it."""
    return f"device-session/{owner}/{session_id}"


class SessionView(SessionSummary):
    """A session with all that was thought, called and answered."""

    parts: Sequence[Part] = ()
