"""Decisions about recall: what is kept of a turn, and what a search for it answers."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.core.paging import Page, PageRequest
from smriti.memory.models import MemoryOwner
from smriti.memory.owners import MemoryOwnerRepository
from smriti.memory.recall.models import Exchange, ExchangeKey, RecallHit
from smriti.memory.recall.repository import QUESTION, RecallRepository, recall_corpus
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository, Place, message_key
from smriti.retrieval.documents import EVERYTHING, Filter, Hit
from smriti.retrieval.paging import ranked_hits
from smriti.retrieval.port import Found, Retriever
from smriti.retrieval.text import highlights

AUTOMATIC_TERMS: Final = 16
"""Of a query that nobody wrote for searching, only so many of the rarest words count."""

_LIT_CHARACTERS: Final = 10_000
"""Of a message, that are looked at for words of the query."""


class RecallService:
    def __init__(
        self,
        recall: RecallRepository,
        owners: MemoryOwnerRepository,
        retriever: Retriever,
        messages: MessageRepository,
        conversations: ConversationRepository,
    ) -> None:
        self._recall = recall
        self._owners = owners
        self._retriever = retriever
        self._messages = messages
        self._conversations = conversations

    async def remember(self, exchange: Exchange, *, fence: int) -> None:
        """Keep what a turn has said. `fence` is that of the lease under which it said it."""
        if exchange.has_text:
            await self._owners.note_pair(exchange.agent_id, exchange.user_id)
            await self._recall.put(exchange, fence=fence)
            self._retriever.added(recall_corpus(exchange.agent_id, exchange.user_id))

    async def remember_all(self, exchanges: Iterable[Exchange]) -> None:
        """Keep earlier exchanges of one agent and user. May be repeated after a crash."""
        worth_keeping = [exchange for exchange in exchanges if exchange.has_text]
        if worth_keeping:
            first = worth_keeping[0]
            await self._owners.note_pair(first.agent_id, first.user_id)
            await self._recall.put_all(worth_keeping)
            self._retriever.added(recall_corpus(first.agent_id, first.user_id))

    async def forget(self, wanted: Iterable[ExchangeKey]) -> None:
        """Take exchanges out again. May be repeated after a crash."""
        await self._recall.delete(wanted)

    async def search(
        self, owner: MemoryOwner, query: str, *, where: Filter = EVERYTHING, automatic: bool = False
    ) -> Found:
        """What was said that matches, best first. `automatic`: nobody wrote the query to search."""
        return await self._retriever.search(
            recall_corpus(owner.agent_id, owner.user_id),
            query,
            where=where,
            most_terms=AUTOMATIC_TERMS if automatic else None,
        )

    async def page(
        self, owner: MemoryOwner, query: str, page: PageRequest, *, where: Filter = EVERYTHING
    ) -> Page[RecallHit]:
        """Messages that match, best first; one that is gone is left out, and its page is short."""
        found = await self.search(owner, query, where=where)
        hits, more = await ranked_hits(found, page)
        return Page[RecallHit].of(await self.show(owner, hits, query), more)

    async def exchanges(self, owner: MemoryOwner, wanted: Sequence[str]) -> list[Exchange]:
        """The exchanges under these sort keys, in this order, without those that are gone."""
        found = await self._recall.read(owner, wanted)
        return [exchange for exchange in found if exchange is not None]

    async def show(self, owner: MemoryOwner, hits: Sequence[Hit], query: str) -> list[RecallHit]:
        """The messages of these hits, in this order, without those that are gone or left behind."""
        exchanges = {
            self._recall.key(exchange)[1]: exchange
            for exchange in await self.exchanges(owner, list({hit.sk: None for hit in hits}))
        }
        found = [(hit, exchanges[hit.sk]) for hit in hits if hit.sk in exchanges]
        messages, conversations = await asyncio.gather(
            self._messages.find_all([_place_of(hit, exchange) for hit, exchange in found]),
            self._conversations.find_all(
                owner.user_id, [exchange.conversation_id for _, exchange in found]
            ),
        )
        seen = [
            _Seen(hit, exchange, message, conversation)
            for (hit, exchange), message in zip(found, messages, strict=True)
            if message is not None
            and (conversation := conversations.get(exchange.conversation_id)) is not None
            and conversation.is_active(message_key(message))
        ]
        return await asyncio.to_thread(lambda: [_shown(each, query) for each in seen])


@dataclass(frozen=True, slots=True)
class _Seen:
    hit: Hit
    exchange: Exchange
    message: Message
    conversation: Conversation


def _place_of(hit: Hit, exchange: Exchange) -> Place:
    if hit.part == QUESTION:
        return exchange.conversation_id, exchange.created_at, exchange.question_id or ""
    answered_at = exchange.answer_at or exchange.created_at
    return exchange.conversation_id, answered_at, exchange.answer_id or ""


def _shown(seen: _Seen, query: str) -> RecallHit:
    message, exchange = seen.message, seen.exchange
    return RecallHit(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        conversation_title=seen.conversation.title,
        turn_id=exchange.turn_id,
        role=message.role,
        author=exchange.user_name if message.role == "user" else exchange.agent_name,
        content=message.content,
        created_at=message.created_at,
        score=seen.hit.score,
        highlights=highlights(message.content[:_LIT_CHARACTERS], query),
    )
