"""The answer as it grows: stored after each step, kept when a turn breaks off."""

from datetime import datetime, timedelta
from typing import Final

from smriti.core.clock import new_id, utc_now
from smriti.llm.types import Part, TextPart, Usage
from smriti.messages.models import Message, Status
from smriti.turns.events import StepCompleted

_TICK: Final = timedelta(microseconds=1)


class Answer:
    """The parts of finished steps, and the text of the one under way."""

    def __init__(self, question: Message) -> None:
        self._question = question
        self._message_id = new_id()
        self._created_at: datetime | None = None
        self._parts: list[Part] = []
        self._unfinished: list[str] = []
        self.steps = 0
        self.usage = Usage()
        self.finish_reason = "stop"

    def add_text(self, text: str) -> None:
        self._unfinished.append(text)

    def add_step(self, step: StepCompleted) -> None:
        self._unfinished.clear()
        self._parts += step.parts
        self.steps += 1
        self.usage += step.usage
        self.finish_reason = step.finish_reason

    @property
    def message_id(self) -> str | None:
        """The id of the stored answer; None when there was only tool work."""
        said = self._unfinished or any(isinstance(part, TextPart) for part in self._parts)
        return self._message_id if said else None

    def message(self, status: Status) -> Message | None:
        """The answer so far, always under the same key; None while there is nothing."""
        parts = list(self._parts)
        if self._unfinished:
            parts.append(TextPart(text="".join(self._unfinished)))
        if not parts:
            return None
        if self._created_at is None:
            self._created_at = max(utc_now(), self._question.created_at + _TICK)
        return Message(
            message_id=self._message_id,
            conversation_id=self._question.conversation_id,
            role="assistant",
            content=_text_of(parts),
            parts=parts,
            status=status,
            turn_id=self._question.turn_id,
            created_at=self._created_at,
        )


def _text_of(parts: list[Part]) -> str:
    """All that was said, the texts of different steps apart from each other."""
    return "\n\n".join(part.text for part in parts if isinstance(part, TextPart))
