"""What a search over everything answers."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

type Kind = Literal["agent", "conversation", "memory", "message"]


class SearchHit(BaseModel):
    """Something that was found. `title`: the name of the agent, or the title of the conversation.
    `text` is the part that matches; `highlights` are places in it: from, and up to before."""

    kind: Kind
    id: str
    title: str
    text: str
    agent_id: str
    conversation_id: str | None = None
    created_at: datetime
    score: float = Field(description="Above 0, at most 1.")
    highlights: list[tuple[int, int]] = Field(default_factory=list)


class SearchResults(BaseModel):
    """The best hits, the best first."""

    items: list[SearchHit]
    partial: bool = Field(
        description="True: there was no time for all agents, or there are too many; what was found "
        "is among the most recently used."
    )
