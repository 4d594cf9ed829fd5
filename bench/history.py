"""Writes long conversations straight into a store that no server has open.

Talking them would take hours. They hold messages alone, the way the server stores them.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import batched
from pathlib import Path
from typing import Final

from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.core.clock import utc_now
from smriti.db.sqlite import SqliteTable
from smriti.llm.types import TextPart
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository

QUESTION: Final = "Hello, how are you today?"
_ANSWER: Final = " ".join(["the stub answers with plain words one after another"] * 4)
_APART: Final = timedelta(milliseconds=100)
_AT_ONCE: Final = 500


async def write_conversations(
    database: Path, owner: str, agent_id: str, lengths: list[int]
) -> list[str]:
    """Conversations of so many messages each; their ids."""
    table = SqliteTable.open(database)
    try:
        conversations, messages = ConversationRepository(table), MessageRepository(table)
        made = []
        for length in lengths:
            new = Conversation(title="Bench", agent_id=agent_id, created_by=owner)
            conversation = await conversations.create(new)
            for some in batched(_said(conversation, length), _AT_ONCE, strict=False):
                await asyncio.gather(*map(messages.put, some))
            made.append(conversation.conversation_id)
        return made
    finally:
        await table.close()


def _said(conversation: Conversation, length: int) -> Iterator[Message]:
    """Questions and answers in turn, the newest one just now."""
    now = utc_now()
    for number in range(length):
        asked = number % 2 == 0
        text = QUESTION if asked else _ANSWER
        yield Message(
            conversation_id=conversation.conversation_id,
            role="user" if asked else "assistant",
            content=text,
            parts=[] if asked else [TextPart(text=text)],
            created_at=now - _APART * (length - number),
        )
