"""Agents and conversations by their names, and the part of a text that is shown of a hit."""

from collections.abc import Iterable
from typing import Final

from smriti.agents.models import Agent
from smriti.conversations.models import Conversation
from smriti.retrieval.documents import Document
from smriti.retrieval.excerpts import excerpt
from smriti.retrieval.index import Index
from smriti.retrieval.text import highlights, stems
from smriti.search.models import SearchHit

SHOWN_CHARACTERS: Final = 300

_READ_CHARACTERS: Final = 500
"""Of a persona or a description: the ranking is made anew for each search."""

_LIT_CHARACTERS: Final = 10_000
"""Of a text, that are looked at for words of the query."""


def named_hits(
    agents: Iterable[Agent], conversations: Iterable[Conversation], query: str, *, limit: int
) -> list[SearchHit]:
    """Those that match, best first. It takes a moment: call it in a thread.

    An agent that is named has the best score there is: all that it ever said has its name, too.
    """
    known = {hit.id: hit for hit in [*map(_agent, agents), *map(_conversation, conversations)]}
    index = Index()
    for hit in known.values():
        text = f"{hit.title}\n{hit.text[:_READ_CHARACTERS]}"
        index.put(Document(sk=hit.id, text=text, created_at=hit.created_at))
    asked = stems(query)
    found = [
        known[hit.sk].model_copy(update={"score": hit.score})
        for hit in index.rank(query).page(0, len(known))
    ]
    for hit in found:
        if hit.kind == "agent" and asked <= stems(hit.title):
            hit.score = 1.0
    return sorted(found, key=lambda hit: -hit.score)[:limit]


def cut(hit: SearchHit, query: str) -> SearchHit:
    """With only the part of its text that matches, and where in it."""
    text = excerpt(hit.text, highlights(hit.text[:_LIT_CHARACTERS], query), SHOWN_CHARACTERS)
    return hit.model_copy(update={"text": text, "highlights": highlights(text, query)})


def _agent(agent: Agent) -> SearchHit:
    return SearchHit(
        kind="agent",
        id=agent.agent_id,
        title=agent.agent_name,
        text=agent.agent_persona,
        agent_id=agent.agent_id,
        created_at=agent.created_at,
        score=0,
    )


def _conversation(conversation: Conversation) -> SearchHit:
    return SearchHit(
        kind="conversation",
        id=conversation.conversation_id,
        title=conversation.title,
        text=conversation.description or "",
        agent_id=conversation.agent_id,
        conversation_id=conversation.conversation_id,
        created_at=conversation.created_at,
        score=0,
    )
