"""Making a conversation's summary cover more of its messages, in the background."""

import asyncio
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import structlog

from smriti.llm.catalog import estimate_tokens
from smriti.llm.provider import ModelFailed
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository
from smriti.turns.asking import Ask
from smriti.turns.prompt import SUMMARY_TASK, said, summary_request, told
from smriti.turns.summary import Summary

MAX_WORDS: Final = 800
MAX_CHARACTERS: Final = 10_000
_LIMIT_S: Final = 120.0
_LEAST_TOKENS: Final = 500
_SENTENCE_END: Final = re.compile(r"[.!?…][\"”)]*(?=\s|$)|[\u3002\uff01\uff1f]|\n")

log = structlog.get_logger()


class Summariser:
    """Asks a model for summaries; it stores nothing."""

    def __init__(self, messages: MessageRepository) -> None:
        self._messages = messages

    async def extend(
        self,
        previous: Summary | None,
        messages: Sequence[Message],
        ask: Ask,
        *,
        budget_tokens: int | None = None,
    ) -> Summary | None:
        """The summary that covers `messages` too: the ones that follow `previous`, oldest first.

        The model reads `budget_tokens` at once, by default what it can. None when it failed, or
        when there is nothing to say.
        """
        if not messages:
            return None
        before = previous.text if previous else ""
        try:
            text = await _merged(before, messages, ask, budget_tokens or ask.reading_tokens)
        except (ModelFailed, TimeoutError) as error:
            log.warning("summary.not_made", error=repr(error))
            return None
        last = messages[-1]
        return Summary(
            conversation_id=last.conversation_id,
            text=text,
            words=len(text.split()),
            messages=len(messages) + (previous.messages if previous else 0),
            first_at=previous.first_at if previous else messages[0].created_at,
            upto_at=last.created_at,
            upto_key=self._messages.key(last)[1],
            model=ask.model,
            version=previous.version + 1 if previous else 1,
        )


async def _merged(text: str, messages: Sequence[Message], ask: Ask, tokens: int) -> str:
    """The summary `text`, portion by portion made to tell of all messages. `ModelFailed`."""
    waiting = deque(messages)
    while waiting:
        spent = estimate_tokens(text) + estimate_tokens(SUMMARY_TASK)
        portion = list(_portion(waiting, max(tokens - spent, _LEAST_TOKENS)))
        async with asyncio.timeout(_LIMIT_S):
            answer = await ask(SUMMARY_TASK, summary_request(text, portion), ask.answer_tokens)
        text = summary_in(answer)
        if not text:
            raise ModelFailed("The model gave no summary.")
    return text


def _portion(waiting: deque[Message], tokens: int) -> Iterator[str]:
    """Messages as the model reads them, taken from the left while they fit; one at least."""
    used = 0
    while waiting:
        shown = told(waiting[0], cut(said(waiting[0]), tokens))
        size = estimate_tokens(shown)
        if used and used + size > tokens:
            return
        used += size
        waiting.popleft()
        yield shown


def cut(text: str, tokens: int) -> str:
    """The beginning and the end of a text, so much of both that it has about so many tokens."""
    size = estimate_tokens(text)
    if size <= tokens:
        return text
    half = len(text) * tokens // size // 2
    return f"{text[:half]}\n[…]\n{text[len(text) - half :]}"


def summary_in(answer: str) -> str:
    """The summary that a model gave; what is too long, or broke off, ends with a whole sentence."""
    _, opened, rest = answer.rpartition("<summary>")
    text, closed, _ = rest.partition("</summary>")
    words = list(islice(re.finditer(r"\S+", text), MAX_WORDS))
    shorter = text[: words[-1].end()][:MAX_CHARACTERS] if words else ""
    if shorter == text.rstrip() and (closed or not opened):
        return shorter.strip()
    ends = [end.end() for end in _SENTENCE_END.finditer(shorter)]
    return shorter[: ends[-1] if ends else None].strip()
