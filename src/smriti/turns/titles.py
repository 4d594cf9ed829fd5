"""Titles of conversations, made from the first exchange after it is over."""

import asyncio
from typing import Final

import structlog

from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.llm.provider import ModelFailed
from smriti.messages.models import Message
from smriti.turns.asking import Ask
from smriti.turns.prompt import TITLE_TASK, title_request

_LIMIT_S: Final = 30.0
_MAX_TOKENS: Final = 400
_CHARACTERS: Final = 80

log = structlog.get_logger()


async def give_title(
    conversations: ConversationRepository,
    conversation: Conversation,
    ask: Ask,
    exchange: tuple[Message, Message],
) -> None:
    """Name an untitled conversation. Without a model's help, by the question's first words."""
    asked, answered = exchange
    text = title_request(asked.content, answered.content)
    try:
        async with asyncio.timeout(_LIMIT_S):
            title = _tidy(await ask(TITLE_TASK, text, _MAX_TOKENS))
    except (ModelFailed, TimeoutError) as error:
        log.info("title.not_made", error=repr(error))
        title = ""
    title = title or _tidy(asked.content)
    if title:
        await conversations.give_title(conversation.created_by, conversation.conversation_id, title)


def _tidy(text: str) -> str:
    """One short line without quotation marks."""
    line = " ".join(text.split()).strip("\"'“”«»*# ")
    if len(line) <= _CHARACTERS:
        return line
    return line[:_CHARACTERS].rsplit(" ", 1)[0] + "…"
