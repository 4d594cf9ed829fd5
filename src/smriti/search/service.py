"""Searching everything a user has: each agent's memory on its own, one list in the end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from smriti.agents.models import Agent
from smriti.agents.service import AgentService
from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.db.table import TableError
from smriti.memory.archive.service import ArchiveService
from smriti.memory.models import MemoryOwner
from smriti.memory.recall.service import RecallService
from smriti.retrieval.documents import Hit
from smriti.retrieval.port import Found
from smriti.search.models import SearchHit, SearchResults
from smriti.search.names import cut, named_hits

MOST_AGENTS: Final = 50
"""Whose memories are searched: those used last."""

MOST_CONVERSATIONS: Final = 500
"""The newest, whose titles are searched."""

LIMIT_S: Final = 3.0
"""What is not found by then is left out."""

_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class _Source:
    """What one agent knows of one kind: how it is searched, and how hits of it are shown."""

    search: Callable[[], Awaitable[Found]]
    show: Callable[[Sequence[Hit]], Awaitable[list[SearchHit]]]


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: _Source
    hit: Hit


class SearchService:
    def __init__(
        self,
        agents: AgentService,
        conversations: ConversationRepository,
        archive: ArchiveService,
        recall: RecallService,
    ) -> None:
        self._agents = agents
        self._conversations = conversations
        self._archive = archive
        self._recall = recall

    async def search(self, owner: str, query: str, *, limit: int) -> SearchResults:
        """The best `limit` of all there is. `partial` when something was left out."""
        agents, conversations = await asyncio.gather(
            self._agents.all_of(owner), self._conversations.newest(owner, limit=MOST_CONVERSATIONS)
        )
        chosen = used_last(agents, conversations)[:MOST_AGENTS]
        sources = [source for agent in chosen for source in self._sources(agent, query)]
        candidates, missed = await _searched(sources, limit)
        named, remembered = await asyncio.gather(
            asyncio.to_thread(named_hits, agents, conversations, query, limit=limit),
            _shown(candidates),
        )
        best = sorted([*named, *remembered], key=_rank)[:limit]
        missed = missed or len(chosen) < len(agents) or len(conversations) == MOST_CONVERSATIONS
        items = await asyncio.to_thread(lambda: [cut(hit, query) for hit in best])
        return SearchResults(items=items, partial=missed)

    def _sources(self, agent: Agent, query: str) -> list[_Source]:
        owner = MemoryOwner(agent.agent_id, agent.created_by, agent.created_at)
        return [
            _Source(
                partial(self._archive.search, owner, query),
                partial(self._memories, agent, owner),
            ),
            _Source(
                partial(self._recall.search, owner, query), partial(self._messages, owner, query)
            ),
        ]

    async def _memories(
        self, agent: Agent, owner: MemoryOwner, hits: Sequence[Hit]
    ) -> list[SearchHit]:
        memories = await self._archive.read(owner, hits)
        return [
            SearchHit(
                kind="memory",
                id=memory.memory_id,
                title=agent.agent_name,
                text=memory.content,
                agent_id=agent.agent_id,
                conversation_id=memory.conversation_id,
                created_at=memory.created_at,
                score=hit.score,
            )
            for hit, memory in zip(hits, memories, strict=True)
            if memory is not None
        ]

    async def _messages(
        self, owner: MemoryOwner, query: str, hits: Sequence[Hit]
    ) -> list[SearchHit]:
        return [
            SearchHit(
                kind="message",
                id=found.message_id,
                title=found.conversation_title,
                text=found.content,
                agent_id=owner.agent_id,
                conversation_id=found.conversation_id,
                created_at=found.created_at,
                score=found.score,
            )
            for found in await self._recall.show(owner, hits, query)
        ]


def used_last(agents: Iterable[Agent], conversations: Iterable[Conversation]) -> list[Agent]:
    """The agents, those first with whom somebody has talked last."""
    spoken: dict[str, datetime] = {}
    for each in conversations:
        moment = each.last_message_at or each.created_at
        spoken[each.agent_id] = max(moment, spoken.get(each.agent_id, moment))
    return sorted(
        agents, key=lambda agent: spoken.get(agent.agent_id, agent.created_at), reverse=True
    )


async def _searched(sources: Sequence[_Source], limit: int) -> tuple[list[_Candidate], bool]:
    """The best hits of all sources, and whether one had no time, or could not be searched."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def candidates_of(source: _Source) -> list[_Candidate] | None:
        async with places:
            try:
                found = await source.search()
            except TableError:
                return None
            return [_Candidate(source, hit) for hit in found.page(0, limit)]

    tasks = [asyncio.ensure_future(candidates_of(source)) for source in sources]
    if not tasks:
        return [], False
    try:
        done, late = await asyncio.wait(tasks, timeout=LIMIT_S)
    finally:
        for task in tasks:
            task.cancel()
    answers = [task.result() for task in done]
    found = [each for answer in answers for each in answer or ()]
    best = sorted(found, key=lambda each: (-each.hit.score, -each.hit.created_at.timestamp()))
    return best[:limit], bool(late) or None in answers


async def _shown(candidates: Sequence[_Candidate]) -> list[SearchHit]:
    by_source: dict[int, list[_Candidate]] = {}
    for each in candidates:
        by_source.setdefault(id(each.source), []).append(each)
    lists = await asyncio.gather(
        *(same[0].source.show([each.hit for each in same]) for same in by_source.values())
    )
    return [hit for hits in lists for hit in hits]


def _rank(hit: SearchHit) -> tuple[float, float, str]:
    return -hit.score, -hit.created_at.timestamp(), hit.id
