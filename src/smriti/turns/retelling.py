"""A turn told again from what is stored, when its event log is gone or a new attempt begins."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, assert_never

from smriti.llm.types import ImagePart, Part, ReasoningPart, TextPart, ToolCall, ToolResult
from smriti.messages.models import Message
from smriti.realtime.sse import data_frame
from smriti.turns.envelope import envelope
from smriti.turns.events import (
    Notice,
    QuestionSaved,
    ReasoningDelta,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnEvent,
    TurnFailed,
    TurnFinished,
    TurnResumed,
)
from smriti.turns.models import ATTEMPT, TurnRecord

STOPPED: Final = Notice(text="Stopped.")
RESTARTING: Final = Notice(text="The server restarts. The answer goes on after that.")


type Told = Mapping[str, Sequence[TurnEvent]]
"""What calls have told while they ran, by their ids."""

_NOTHING: Final[Told] = {}
_NO_TIMES: Final[Mapping[str, int]] = {}


def retold(
    parts: Sequence[Part], told: Told = _NOTHING, ms: Mapping[str, int] = _NO_TIMES
) -> Iterator[TurnEvent]:
    """The events that these parts of an answer were told by; `ms`: of calls, by their ids."""
    for part in parts:
        match part:
            case TextPart():
                yield TextDelta(text=part.text)
            case ReasoningPart():
                yield ReasoningDelta(text=part.text)
            case ToolCall():
                yield ToolStarted(call=part)
                yield from told.get(part.call_id, ())
            case ToolResult():
                yield ToolFinished(result=part, ms=ms.get(part.call_id))
            case ImagePart():
                pass
            case _:
                assert_never(part)


def retold_frames(
    record: TurnRecord, answer: Message | None, told: Told, *, after: int
) -> list[tuple[int, bytes]]:
    """A short stream about a turn that has ended: numbered frames after this number.

    Its numbers are those of one attempt more, so that a reader of the real stream takes them as
    new; it is told first that what it knows is void. There is nothing to tell to who has heard
    the end.
    """
    base = record.base_seq + ATTEMPT
    if record.last_seq is not None and record.last_seq <= after < base:
        return []
    withdrawn = record.status == "cancelled" and record.last_seq is None  # while it waited
    events: list[TurnEvent] = [
        *([] if withdrawn else [QuestionSaved(message_id=record.question_id)]),
        *retold(answer.parts if answer else (), told, record.call_ms),
        *_ending(record, answer),
    ]
    return frames_of(events, turn_id=record.turn_id, base=base, after=after)


def frames_of(
    events: Iterable[TurnEvent], *, turn_id: str, base: int, after: int
) -> list[tuple[int, bytes]]:
    """These events numbered from `base` on; who knows an earlier attempt hears that it is void."""
    numbered = [*enumerate(events, start=base + 1)]
    if 0 < after < base:
        numbered.insert(0, (base, TurnResumed()))
    return [
        (seq, data_frame(envelope(event, turn_id=turn_id, seq=seq)))
        for seq, event in numbered
        if seq > after
    ]


def _ending(record: TurnRecord, answer: Message | None) -> list[TurnEvent]:
    if record.problem is not None:
        return [TurnFailed(problem=record.problem)]
    said = answer.message_id if answer and answer.content else None
    end = TurnFinished(message_id=said, finish_reason=record.finish_reason)
    return [STOPPED, end] if record.status == "cancelled" else [end]
