"""What a turn tells the outside while it runs, and what the loop tells the turn."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from smriti.llm.provider import FinishReason
from smriti.llm.types import Frozen, Part, ToolCall, ToolResult, Usage


class Notice(Frozen):
    """A status line for people."""

    type: Literal["notice"] = "notice"
    text: str


class QuestionSaved(Frozen):
    type: Literal["question_saved"] = "question_saved"
    message_id: str


class TextDelta(Frozen):
    type: Literal["text_delta"] = "text_delta"
    text: str


class ReasoningDelta(Frozen):
    type: Literal["reasoning_delta"] = "reasoning_delta"
    text: str


class ToolStarted(Frozen):
    type: Literal["tool_started"] = "tool_started"
    call: ToolCall


class ToolFinished(Frozen):
    """`ms`: how long it took; None when it was not run, or is told again without its times."""

    type: Literal["tool_finished"] = "tool_finished"
    result: ToolResult
    ms: int | None = None


class ReplyEnded(Frozen):
    """The model has replied, which is `model`; tools that it called run next. Not shown.

    `repeatable`: all of the calls could run again if a crash hides whether they ran.
    """

    type: Literal["reply_ended"] = "reply_ended"
    model: str
    parts: Sequence[Part]
    usage: Usage
    finish_reason: FinishReason
    repeatable: bool = True


class StepCompleted(Frozen):
    """One model call and its tools are done. Stored, not shown. `ms`: of calls, by their ids."""

    type: Literal["step_completed"] = "step_completed"
    results: Sequence[ToolResult] = ()
    ms: Mapping[str, int] = Field(default_factory=dict)
    final: bool = False


class ApprovalRequired(Frozen):
    """A command waits for the device's owner to approve it; nothing happens until then."""

    type: Literal["approval_required"] = "approval_required"
    approval_id: str
    session_id: str
    client_id: str
    tool_name: str
    arguments: dict[str, Any]


class DeviceTold(Frozen):
    """What a device does for a call of a tool, as the session tells it that works on it."""

    type: Literal["device_told"] = "device_told"
    session_id: str
    client_id: str
    event: Notice | ToolStarted | ToolFinished


class TurnResumed(Frozen):
    """A process has died and the turn goes on: what was told before is void, all is told anew."""

    type: Literal["turn_resumed"] = "turn_resumed"


class Snapshot(Frozen):
    """In place of events that are not kept any more: the text that they told."""

    type: Literal["snapshot"] = "snapshot"
    text: str


class TurnFinished(Frozen):
    """The answer is stored; `message_id` is None when there was only tool work."""

    type: Literal["turn_finished"] = "turn_finished"
    message_id: str | None
    finish_reason: str


class TurnFailed(Frozen):
    """The turn broke off; what was said so far is stored, marked as failed."""

    type: Literal["turn_failed"] = "turn_failed"
    problem: dict[str, Any]


type LoopEvent = Annotated[
    Notice | TextDelta | ReasoningDelta | ReplyEnded | ToolStarted | ToolFinished | StepCompleted,
    Field(discriminator="type"),
]
type TurnEvent = Annotated[
    Notice
    | QuestionSaved
    | TextDelta
    | ReasoningDelta
    | ToolStarted
    | ToolFinished
    | ApprovalRequired
    | DeviceTold
    | TurnResumed
    | Snapshot
    | TurnFinished
    | TurnFailed,
    Field(discriminator="type"),
]
