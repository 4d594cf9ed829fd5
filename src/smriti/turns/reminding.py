"""What an agent without memory tools is reminded of: past exchanges that bear on the question."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from smriti.conversations.models import Conversation
from smriti.core.clock import sort_time
from smriti.db.table import TableError
from smriti.memory.models import MemoryOwner
from smriti.memory.recall.models import Exchange
from smriti.memory.recall.service import RecallService
from smriti.messages.models import Message
from smriti.retrieval.documents import Hit
from smriti.retrieval.excerpts import excerpt
from smriti.retrieval.text import highlights

LIMIT_S: Final = 1.5
"""An answer does not wait longer for what it can do without."""

SHOWN_CHARACTERS: Final = 500
"""Of each text of an exchange."""

_READ_CHARACTERS: Final = 20_000
"""Of a question; its rarest words are among the first thousands."""

_LOOKED_AT: Final = 64
_SPARE: Final = 3
"""For each exchange so many are read: some of the best may be gone, or left behind."""

LEXICAL_RELEVANCE: Final = 0.15
"""Lexical score by its upper bound: below that nothing is relevant. Of 20 questions about earlier
subjects 19 were above 0.15 and all above 0.12, of 34 about new ones, small talk among them, all
below; among 20,000 other messages as well. With an embedding model RELEVANCE_THRESHOLD counts."""

_WEAKEST: Final = 0.25
"""Of the threshold, what each exchange must have: scores fall as the square of what matches."""

# fmt: off
SMALL_TALK: Final = frozenset(
    "afternoon again alright awesome bye certainly continue cool could day dear discuss discussed "  # noqa: SIM905
    "everyone evening exactly explain fine friend give glad go going good goodbye great guess haha "
    "hallo hello help helpful hey hi hmm hola how idea just kind know later let like lol look "
    "lovely maybe mean mention mentioned morning much name nice night no nope oh ok okay perfect "
    "please question really recall remember remind right salut say said see show so sorry sounds "
    "still sure talk talked tell thank thanks thing things think thx today told tomorrow tonight "
    "true try understand very want welcome well wonderful wondering work works wow yeah yep yes "
    "abend bitte bonjour bonsoir buenos ciao danke dias gracias grazie guten merci morgen namaste "
    "obrigado ola salaam shalom tag".split()
)
"""Words that say nothing of a subject when somebody talks; a search by hand counts them."""
# fmt: on

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Occasion:
    """A question that is asked, and the times of the messages that the model sees anyway."""

    question: Message
    conversation: Conversation
    seen: Collection[datetime]

    def knows(self, found: Hit) -> bool:
        """Whether it is shown anyway, or part of what is just being asked again."""
        if found.thread != self.conversation.conversation_id:
            return False
        return found.created_at in self.seen or found.created_at >= self.question.created_at

    def fits(self, exchange: Exchange) -> bool:
        """Whether it is no part of what is shown, or of what was left behind."""
        if exchange.conversation_id != self.conversation.conversation_id:
            return True
        asked = f"MESSAGE#{sort_time(exchange.created_at)}#{exchange.question_id}"
        shown = {exchange.created_at, exchange.answer_at} & set(self.seen)
        return not shown and self.conversation.is_active(asked)


class Reminder:
    """`threshold`: below that relevance nothing is remembered; `most`: so many exchanges."""

    def __init__(self, recall: RecallService, *, threshold: float, most: int) -> None:
        self._recall = recall
        self._threshold = threshold
        self._most = most

    async def remind(self, owner: MemoryOwner, occasion: Occasion) -> Sequence[Exchange]:
        """The most relevant past exchanges, the best first; none when nothing is relevant, or when
        the store takes too long."""
        query = telling_words(occasion.question.content)
        if not query:
            return ()
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._found(owner, occasion, query)
        except (TimeoutError, TableError) as error:
            log.warning("recall.not_consulted", error=repr(error))
            return ()

    async def _found(
        self, owner: MemoryOwner, occasion: Occasion, query: str
    ) -> Sequence[Exchange]:
        found = await self._recall.search(owner, query, automatic=True)
        if found.relevance < self._threshold:
            return ()
        weakest = _WEAKEST * self._threshold
        hits = [
            hit
            for hit in found.page(0, _LOOKED_AT)
            if hit.score >= weakest and not occasion.knows(hit)
        ]
        best = list(dict.fromkeys(hit.sk for hit in hits))[: self._most * _SPARE]
        exchanges = await self._recall.exchanges(owner, best)
        kept = [each for each in exchanges if occasion.fits(each)][: self._most]
        return await asyncio.to_thread(lambda: [_shortened(each, query) for each in kept])


def telling_words(text: str) -> str:
    """The words that may say what a message is about."""
    words = re.findall(r"[^\W_]+", text[:_READ_CHARACTERS].casefold())
    return " ".join(word for word in words if word not in SMALL_TALK)


def _shortened(exchange: Exchange, query: str) -> Exchange:
    """With as much of its texts as is shown, from where they match."""
    texts = {
        name: excerpt(text, highlights(text, query), SHOWN_CHARACTERS)
        for name, text in (("question", exchange.question), ("answer", exchange.answer))
    }
    return exchange.model_copy(update=texts)
