"""What was said before, as the prompt shows it: kept from turn to turn, so that it is read once."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from smriti.llm.types import ChatMessage
from smriti.messages.models import Message
from smriti.turns.history import Window, size_of
from smriti.turns.summary import Summary

KEPT_BYTES: Final = 64 * 1024 * 1024
_BYTES_A_MESSAGE: Final = 700
_BYTES_A_TOKEN: Final = 8


@dataclass(frozen=True, slots=True)
class Said:
    """A message as the prompt shows it, when it was said, and the room it takes."""

    message: ChatMessage
    at: datetime
    words: int
    tokens: int

    @classmethod
    def of(cls, message: ChatMessage, at: datetime) -> Self:
        return cls(message, at, *size_of(message))


@dataclass(frozen=True, slots=True)
class Unread:
    """The newest messages as they are stored, newest first, and where older ones begin.

    What the summary covers is not among them.
    """

    messages: Sequence[Message]
    older: str | None
    summary: Summary | None = None

    def before(self, moment: datetime) -> Self:
        earlier = [message for message in self.messages if message.created_at < moment]
        return replace(self, messages=earlier)


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides how much of the past is shown, and in which form."""

    words: int
    newest: int
    session_minutes: int
    with_images: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The part of a conversation that a prompt shows, oldest first, and the room it takes.

    `summary` stands for what was said before.
    """

    said: tuple[Said, ...]
    shape: Shape
    words: int
    tokens: int
    summary: Summary | None = None

    @classmethod
    def of(cls, said: Sequence[Said], shape: Shape, summary: Summary | None = None) -> Self:
        words = sum(each.words for each in said)
        return cls(tuple(said), shape, words, sum(each.tokens for each in said), summary)

    def followed_by(self, said: Said) -> Self:
        words, tokens = self.words + said.words, self.tokens + said.tokens
        return replace(self, said=(*self.said, said), words=words, tokens=tokens)

    def fitting(self, window: Window) -> Self:
        """Without the oldest messages for which there is no room."""
        words, tokens, dropped = self.words, self.tokens, 0
        spare = len(self.said) - self.shape.newest
        while tokens > window.tokens or (words > window.words and dropped < spare):
            words -= self.said[dropped].words
            tokens -= self.said[dropped].tokens
            dropped += 1
        if not dropped:
            return self
        return replace(self, said=self.said[dropped:], words=words, tokens=tokens)

    @property
    def bytes(self) -> int:
        """About what it takes in memory."""
        return len(self.said) * _BYTES_A_MESSAGE + self.tokens * _BYTES_A_TOKEN


@dataclass(frozen=True, slots=True)
class _Kept:
    fence: int
    shown: Shown
    bytes: int


class PastCache:
    """The newest turns' pasts. One is right for a turn whose lease came next after the last one.

    Every turn takes the lease, which counts the fence up: if it has grown by one, nobody else has
    said anything in between, in whatever process.
    """

    def __init__(self, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._limit = kept_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def knows(self, conversation_id: str) -> bool:
        return conversation_id in self._kept

    def find(self, conversation_id: str, *, fence: int) -> Shown | None:
        """The past for the turn that has taken the lease with this fence."""
        kept = self._kept.get(conversation_id)
        return kept.shown if kept is not None and kept.fence == fence - 1 else None

    def keep(self, conversation_id: str, shown: Shown, *, fence: int) -> None:
        self.drop(conversation_id)
        kept = self._kept[conversation_id] = _Kept(fence, shown, shown.bytes)
        self._bytes += kept.bytes
        while self._bytes > self._limit:
            self.drop(next(iter(self._kept)))

    def drop(self, conversation_id: str) -> None:
        kept = self._kept.pop(conversation_id, None)
        if kept is not None:
            self._bytes -= kept.bytes
