"""The answer as it grows: stored after each step, kept when a turn breaks off."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from smriti.conversations.models import Conversation
from smriti.llm.types import Part, TextPart, ToolCall, ToolResult
from smriti.messages.models import Message, Status
from smriti.turns.events import ReplyEnded, StepCompleted

_TICK: Final = timedelta(microseconds=1)


class Answer:
    """The parts of replies that have ended, and the text of the one under way.

    `stored` is what an earlier attempt has left. Every attempt writes under the same key, so that a
    process which has lost the turn and does not know it cannot leave a second answer.
    """

    def __init__(
        self,
        question: Message,
        turn_id: str,
        conversation: Conversation,
        *,
        stored: Message | None = None,
    ) -> None:
        self._conversation_id = conversation.conversation_id
        self._turn_id = turn_id
        newest = max(conversation.last_message_at or question.created_at, question.created_at)
        self._message_id = stored.message_id if stored else turn_id
        self._created_at = stored.created_at if stored else newest + _TICK
        self._unfinished: list[str] = []
        self.parts: list[Part] = list(stored.parts) if stored else []
        self.finish_reason = "stop"

    def add_text(self, text: str) -> None:
        self._unfinished.append(text)

    def end_reply(self, reply: ReplyEnded) -> None:
        self._unfinished.clear()
        self.parts += reply.parts
        self.finish_reason = reply.finish_reason

    def end_step(self, step: StepCompleted) -> None:
        self.parts += step.results

    @property
    def open_calls(self) -> tuple[ToolCall, ...]:
        return open_calls(self.parts)

    @property
    def message_id(self) -> str | None:
        """The id of the stored answer; None when there was only tool work."""
        said = self._unfinished or any(isinstance(part, TextPart) for part in self.parts)
        return self._message_id if said else None

    def message(self, status: Status) -> Message | None:
        """The answer so far, always under the same key; None while there is nothing."""
        parts = list(self.parts)
        if self._unfinished:
            parts.append(TextPart(text="".join(self._unfinished)))
        if not parts:
            return None
        return Message(
            message_id=self._message_id,
            conversation_id=self._conversation_id,
            role="assistant",
            content=_text_of(parts),
            parts=parts,
            status=status,
            turn_id=self._turn_id,
            created_at=self._created_at,
        )


def open_calls(parts: Sequence[Part]) -> tuple[ToolCall, ...]:
    """The calls that have no result."""
    answered = {part.call_id for part in parts if isinstance(part, ToolResult)}
    return tuple(
        part for part in parts if isinstance(part, ToolCall) and part.call_id not in answered
    )


def _text_of(parts: Sequence[Part]) -> str:
    """All that was said, the texts of different steps apart from each other."""
    return "\n\n".join(part.text for part in parts if isinstance(part, TextPart))
