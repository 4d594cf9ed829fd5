"""What routes about recall ask for: the service, and which messages are wanted."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Security

from smriti.core.clock import Moment
from smriti.core.edge import provide
from smriti.memory.dependencies import owned_memory
from smriti.memory.models import MemoryOwner
from smriti.memory.recall.service import RecallService
from smriti.retrieval.documents import Filter

Recall = Annotated[RecallService, Depends(provide(RecallService))]


async def wanted_messages(
    after: Annotated[
        Moment | None,
        Query(
            description="Only messages of this time or later: a date like 2026-03-01, or a time."
        ),
    ] = None,
    before: Annotated[
        Moment | None, Query(description="Only messages from before this date or time.")
    ] = None,
    role: Annotated[
        Literal["user", "assistant"] | None, Query(description="Only what this one has said.")
    ] = None,
) -> Filter:
    return Filter(since=after, until=before, any_of=frozenset({role} if role else ()))


Wanted = Annotated[Filter, Depends(wanted_messages)]

# What was said is for who may chat.
RecalledMemory = Annotated[MemoryOwner, Security(owned_memory, scopes=["agents:read", "chat"])]
