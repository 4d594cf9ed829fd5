"""What was said in a turn, as it is found again, and how a message that was found is shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from pydantic import BaseModel, Field

from smriti.messages.models import Message, Role

INDEXED_BYTES: Final = 32 * 1024
"""Of each text; with both, an item stays far below what the table takes."""

NAMELESS: Final = "User"
"""Who has told no name."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Who talks with whom, and by which names: a person is found by theirs, too."""

    agent_id: str
    user_id: str
    agent_name: str
    user_name: str


@dataclass(frozen=True, slots=True)
class ExchangeKey:
    """Where an exchange is kept. `asked_at` and `turn_id` are the same in every attempt."""

    agent_id: str
    user_id: str
    asked_at: datetime
    turn_id: str


class Exchange(BaseModel):
    """A question and its answer, or one of them; of long texts the beginning.

    The messages themselves stay in their conversation. `created_at` is the time of the first.
    """

    turn_id: str
    conversation_id: str
    agent_id: str
    user_id: str
    agent_name: str
    user_name: str
    created_at: datetime
    question_id: str | None = None
    question: str = ""
    answer_id: str | None = None
    answer_at: datetime | None = None
    answer: str = ""

    @classmethod
    def of(cls, turn_id: str, question: Message | None, answer: Message | None, talk: Talk) -> Self:
        """What a turn has said: one of the messages there must be."""
        first = question or answer
        if first is None:
            raise ValueError("An exchange needs a message.")
        return cls(
            turn_id=turn_id,
            conversation_id=first.conversation_id,
            agent_id=talk.agent_id,
            user_id=talk.user_id,
            agent_name=talk.agent_name,
            user_name=talk.user_name or NAMELESS,
            created_at=first.created_at,
            question_id=question.message_id if question else None,
            question=_beginning(question.content) if question else "",
            answer_id=answer.message_id if answer else None,
            answer_at=answer.created_at if answer else None,
            answer=_beginning(answer.content) if answer else "",
        )

    @property
    def has_text(self) -> bool:
        return bool(self.question.strip() or self.answer.strip())


class RecallHit(BaseModel):
    """A message that was found. `highlights` are places in `content`: from, and up to before."""

    message_id: str
    conversation_id: str
    conversation_title: str
    turn_id: str
    role: Role
    author: str
    content: str
    created_at: datetime
    score: float = Field(description="Above 0, at most 1; comparable between searches.")
    highlights: list[tuple[int, int]]


def _beginning(text: str) -> str:
    return text.encode("utf-8", "ignore")[:INDEXED_BYTES].decode("utf-8", "ignore")
