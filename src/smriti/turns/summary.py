"""The running summary of a conversation: what it covers, where it is kept, when it grows.

CONVERSATION#<id>  SUMMARY    the newest; the messages that it covers stay as they are
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from pydantic import BaseModel, Field

from smriti.conversations.models import Stretch
from smriti.core.clock import utc_now
from smriti.db.repository import Repository
from smriti.db.table import NEW, ConditionFailed, Delete, Key, Put, eq
from smriti.messages.repository import conversation_partition

KEPT_MESSAGES: Final = 20
_FULL: Final = 0.75
_KEPT: Final = 0.4


class Summary(BaseModel):
    """What was said from `first_at` to `upto_at`: the last of the `messages` that it covers is
    stored under `upto_key`. Who made it anew raised the version by one, and knew what had been
    `left_behind`."""

    conversation_id: str
    text: str
    words: int
    messages: int
    first_at: datetime
    upto_at: datetime
    upto_key: str
    model: str
    made_at: datetime = Field(default_factory=utc_now)
    version: int = 1
    left_behind: list[Stretch] = Field(default_factory=list)

    def holds(self, left_behind: Sequence[Stretch]) -> bool:
        """Whether it still tells what was said: no retry or edit has left messages since that it
        covers."""
        return all(
            stretch[0] > self.upto_key or stretch in self.left_behind for stretch in left_behind
        )


class SummaryRepository(Repository[Summary]):
    entity = Summary

    def key(self, entity: Summary) -> Key:
        return summary_key(entity.conversation_id)

    async def find(self, conversation_id: str) -> Summary | None:
        return await self._find(summary_key(conversation_id))

    async def forget(self, conversation_id: str) -> None:
        """It does not hold any more; a new one may be made."""
        await self._table.write(Delete(summary_key(conversation_id)))

    async def forget_from(self, conversation_id: str, message_key: str) -> None:
        """The same when a message has come in under this key, where the summary reaches."""
        found = await self.find(conversation_id)
        if found is not None and message_key <= found.upto_key:
            await self.forget(conversation_id)

    async def save(self, summary: Summary) -> bool:
        """Whether it took the place of the version before; not when somebody else was first."""
        before = summary.version - 1
        try:
            await self._table.write(
                Put(self.item(summary), when=eq("version", before) if before else NEW)
            )
        except ConditionFailed:
            return False
        return True


class Told(NamedTuple):
    """The size of a message in the prompt, and whether an exchange begins with it."""

    words: int
    tokens: int
    is_question: bool


def to_summarise(
    oldest_first: Sequence[Told], *, room_words: int, room_tokens: int, kept: int = KEPT_MESSAGES
) -> int:
    """How many of the oldest messages to fold into the summary, in whole exchanges.

    None until three quarters of the window are full; then so many that 40 % stay, but never one of
    the newest `kept` messages.
    """
    words = sum(message.words for message in oldest_first)
    tokens = sum(message.tokens for message in oldest_first)
    if words <= _FULL * room_words and tokens <= _FULL * room_tokens:
        return 0
    folded = 0
    for place in range(len(oldest_first) - kept + 1):
        message = oldest_first[place]
        if message.is_question:
            folded = place
            if words <= _KEPT * room_words and tokens <= _KEPT * room_tokens:
                break
        words -= message.words
        tokens -= message.tokens
    return folded


def summary_key(conversation_id: str) -> Key:
    return conversation_partition(conversation_id), "SUMMARY"
