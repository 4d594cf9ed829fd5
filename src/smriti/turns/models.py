"""The record of a turn."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from smriti.conversations.models import Stretch
from smriti.core.clock import utc_now
from smriti.llm.types import Usage
from smriti.usage.models import Reservation

type TurnStatus = Literal["queued", "running", "complete", "failed", "cancelled"]
type Ending = Literal["complete", "failed", "cancelled"]

ATTEMPT: Final = 1_000_000
"""Numbers of events that an attempt may use: those of attempt n begin after n times as many."""


class ToolUse(BaseModel):
    """A tool that was called; `success` is null while it runs, or when a crash cut it off.

    `ms`: how long it took, its wait for others of the step included; null when it was not run.
    """

    call_id: str
    name: str
    success: bool | None = None
    ms: int | None = None


class StepRecord(BaseModel):
    """One model call and the tools that it asked for. Times in milliseconds."""

    model: str
    usage: Usage = Field(default_factory=Usage)
    model_ms: int = 0
    tools_ms: int = 0
    calls: list[ToolUse] = Field(default_factory=list)


class TurnSummary(BaseModel):
    """What became of one question. `cost` is an estimate in US dollars, null without a price."""

    turn_id: str
    conversation_id: str
    agent_id: str
    question_id: str
    answer_id: str | None = None
    status: TurnStatus = "running"
    attempt: int = 0
    error: str | None = None
    model: str | None = None
    steps: int = 0
    usage: Usage = Field(default_factory=Usage)
    cost: float | None = None
    first_token_ms: int | None = None
    tools_ms: int = 0
    started_at: datetime = Field(default_factory=utc_now)
    finished_at: datetime | None = None
    last_seq: int | None = Field(default=None, description="The number of the last event.")

    @property
    def ended(self) -> bool:
        return self.status not in {"queued", "running"}

    @property
    def log_name(self) -> str:
        return log_name(self.conversation_id, self.turn_id)

    @property
    def base_seq(self) -> int:
        """The number before the first event of the attempt."""
        return self.attempt * ATTEMPT


def log_name(conversation_id: str, turn_id: str) -> str:
    """The name of a turn's event log: who may read the one need not be who may read the other."""
    return f"{conversation_id}/{turn_id}"


class TurnView(TurnSummary):
    """A turn with its steps."""

    step_log: list[StepRecord] = Field(default_factory=list)


class TurnRecord(TurnView):
    """A turn as it is stored: written with its question, or when that begins to wait; closed once.

    `created_by` asked; `agent_owner` has the agent when it is somebody else.
    `leaves_behind`: the messages that its retry or edit makes inactive. `reserved`: the month in
    which its message was counted.
    """

    created_by: str
    agent_owner: str | None = None
    question_at: datetime
    leaves_behind: Stretch | None = None
    reserved: str | None = None
    finish_reason: str = "stop"
    problem: dict[str, Any] | None = None

    @property
    def owner(self) -> str:
        """Whose the agent is, and whose plan pays."""
        return self.agent_owner or self.created_by

    @property
    def call_ms(self) -> dict[str, int]:
        """How long each call took, by its id."""
        calls = (call for step in self.step_log for call in step.calls)
        return {call.call_id: call.ms for call in calls if call.ms is not None}

    @property
    def reservation(self) -> Reservation | None:
        return Reservation(self.owner, self.reserved, "messages", 1) if self.reserved else None

    @property
    def view(self) -> TurnView:
        return TurnView.model_validate(self, from_attributes=True)
