"""What of the past fits into the prompt: newest first, whole exchanges, the question always."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from smriti.llm.catalog import estimate_tokens
from smriti.llm.types import (
    ChatMessage,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
)
from smriti.messages.models import Message
from smriti.turns import prompt

IMAGE_TOKENS: Final = 1000
"""A middling estimate: providers count 85 to 1,700 for one."""

_CUT = "\n[… {} characters in the middle are left out …]\n"


@dataclass(slots=True)
class Window:
    """Room in the prompt, used up from the newest message to the oldest."""

    words: int
    tokens: int

    def takes(self, words: int, tokens: int) -> bool:
        """Whether there is room; if so it is used. A message fits whole or not at all."""
        if words > self.words or tokens > self.tokens:
            return False
        self.words -= words
        self.tokens -= tokens
        return True


def size_of(message: ChatMessage) -> tuple[int, int]:
    """Words and estimated tokens of a message."""
    words = tokens = 0
    for part in message.parts:
        if isinstance(part, ImagePart):
            tokens += IMAGE_TOKENS
        text = _text_of(part)
        words += len(text.split())
        tokens += estimate_tokens(text)
    return words, tokens


def _text_of(part: Part) -> str:
    """What of a part costs words: reasoning is never sent back."""
    match part:
        case TextPart() | ToolResult():
            return part.text
        case ToolCall():
            return str(part.arguments)
        case ImagePart() | ReasoningPart():
            return ""


def fitted(question: ChatMessage, window: Window) -> ChatMessage:
    """The question, cut in its middle when it is longer than the window; its room is used."""
    words, tokens = size_of(question)
    if window.takes(words, tokens):
        return question
    text = question.text
    share = min(window.words / max(words, 1), window.tokens / max(tokens, 1), 1.0)
    # A tenth less than the share: words and tokens are not spread evenly over the text.
    kept = int(len(text) * share * 0.9) // 2
    shorter = text[:kept] + _CUT.format(len(text) - 2 * kept) + text[len(text) - kept :]
    others = [part for part in question.parts if not isinstance(part, TextPart)]
    window.words = window.tokens = 0
    return ChatMessage(role="user", parts=(TextPart(text=shorter), *others))


def shown_form(message: Message, *, with_images: bool) -> ChatMessage:
    """A stored message as the model sees it."""
    if message.role == "user":
        return prompt.question(message, with_images=with_images)
    return prompt.answer(message)


def session_of(newest_first: Sequence[Message], later: Message, minutes: int) -> list[Message]:
    """The messages before `later` that belong to its session, which a long silence begins.

    0 minutes: a session never ends.
    """
    if minutes == 0:
        return list(newest_first)
    session: list[Message] = []
    for message in newest_first:
        silence = later.created_at - message.created_at
        if later.role == "user" and silence > timedelta(minutes=minutes):
            break
        session.append(message)
        later = message
    return session
