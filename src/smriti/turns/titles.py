"""Titles of conversations, made from the first exchange after it is over."""

import asyncio
from contextlib import aclosing
from typing import Final

import structlog

from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.llm.provider import ModelFailed, Provider, TextChunk
from smriti.llm.types import ChatMessage, ModelRequest, Sampling, TextPart
from smriti.messages.models import Message
from smriti.turns.prompt import TITLE_TASK, title_request

_LIMIT_S: Final = 30.0
_CHARACTERS: Final = 80

log = structlog.get_logger()


async def give_title(
    conversations: ConversationRepository,
    conversation: Conversation,
    provider: Provider,
    model: str,
    exchange: tuple[Message, Message],
) -> None:
    """Name an untitled conversation. Without a model's help, by the question's first words."""
    asked, answered = exchange
    request = ModelRequest(
        model=model,
        system=TITLE_TASK,
        messages=(
            ChatMessage(
                role="user",
                parts=(TextPart(text=title_request(asked.content, answered.content)),),
            ),
        ),
        sampling=Sampling(max_output_tokens=400),
    )
    try:
        async with asyncio.timeout(_LIMIT_S):
            title = _tidy(await _said(provider, request))
    except (ModelFailed, TimeoutError) as error:
        log.info("title.not_made", error=repr(error))
        title = ""
    title = title or _tidy(asked.content)
    if title:
        await conversations.give_title(conversation.created_by, conversation.conversation_id, title)


async def _said(provider: Provider, request: ModelRequest) -> str:
    async with aclosing(provider.stream(request)) as events:
        return "".join([event.text async for event in events if isinstance(event, TextChunk)])


def _tidy(text: str) -> str:
    """One short line without quotation marks."""
    line = " ".join(text.split()).strip("\"'“”«»*# ")
    if len(line) <= _CHARACTERS:
        return line
    return line[:_CHARACTERS].rsplit(" ", 1)[0] + "…"
