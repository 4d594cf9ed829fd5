"""What routes about memory ask for: the services, and the memory of an agent of the caller."""

from typing import Annotated

from fastapi import Depends, Query, Security

from smriti.agents.dependencies import owned_agent
from smriti.agents.models import Agent
from smriti.core.clock import Moment
from smriti.core.edge import provide
from smriti.memory.archive.items import tag_label
from smriti.memory.archive.models import MAX_TAGS, Tag
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.service import BlockService
from smriti.memory.models import MemoryOwner
from smriti.retrieval.documents import Filter

Blocks = Annotated[BlockService, Depends(provide(BlockService))]
Archive = Annotated[ArchiveService, Depends(provide(ArchiveService))]


async def owned_memory(agent: Annotated[Agent, Depends(owned_agent)]) -> MemoryOwner:
    return MemoryOwner(agent.agent_id, agent.created_by, agent.created_at)


OwnedMemory = Annotated[MemoryOwner, Security(owned_memory, scopes=["agents:write"])]
ShownMemory = Annotated[MemoryOwner, Security(owned_memory, scopes=["agents:read"])]
SearchQuery = Annotated[
    str | None, Query(max_length=1000, description="Words to look for; best matches first.")
]


async def wanted_passages(
    tags: Annotated[
        tuple[Tag, ...],
        Query(max_length=MAX_TAGS, description="Only passages with all of these tags."),
    ] = (),
    any_tags: Annotated[
        tuple[Tag, ...],
        Query(max_length=MAX_TAGS, description="Only passages with at least one of these tags."),
    ] = (),
    after: Annotated[
        Moment | None,
        Query(
            description="Only passages of this time or later: a date like 2026-03-01, or a time."
        ),
    ] = None,
    before: Annotated[
        Moment | None, Query(description="Only passages from before this date or time.")
    ] = None,
) -> Filter:
    return Filter(
        since=after,
        until=before,
        all_of=frozenset(map(tag_label, tags)),
        any_of=frozenset(map(tag_label, any_tags)),
    )


Wanted = Annotated[Filter, Depends(wanted_passages)]
