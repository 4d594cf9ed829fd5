"""What routes about memory ask for: the services, and the memory of an agent of the caller."""

from typing import Annotated

from fastapi import Depends

from smriti.agents.dependencies import OwnedAgent
from smriti.core.edge import provide
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.service import BlockService
from smriti.memory.models import MemoryOwner

Blocks = Annotated[BlockService, Depends(provide(BlockService))]
Archive = Annotated[ArchiveService, Depends(provide(ArchiveService))]


async def owned_memory(agent: OwnedAgent) -> MemoryOwner:
    return MemoryOwner(agent.agent_id, agent.created_by, agent.created_at)


OwnedMemory = Annotated[MemoryOwner, Depends(owned_memory)]
