"""Memory wired over a table, as the application does it: two of these are two processes."""

from datetime import UTC, datetime

from smriti.core.clock import new_id
from smriti.db.table import Table
from smriti.memory.archive.models import Origin
from smriti.memory.archive.repository import ArchiveRepository
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.models import BlockCreate, BlockUpdate, Edit
from smriti.memory.blocks.repository import BlockRepository
from smriti.memory.blocks.service import BlockService
from smriti.memory.models import MemoryOwner
from smriti.memory.owners import MemoryOwnerRepository
from smriti.observability.metrics import Metrics
from smriti.retrieval.indexes import Indexes
from smriti.tools.native.memory import MemoryTools
from tests.usage.counting import usage_over

SINCE = datetime(2026, 3, 1, 9, 15, tzinfo=UTC)
ADA = MemoryOwner("agent", "ada@example.com", SINCE)
BOB = MemoryOwner("agent", "bob@example.com", SINCE)
EDIT = Edit("agent", "core_memory_append")


class House:
    def __init__(self, table: Table) -> None:
        self.owners = MemoryOwnerRepository(table)
        self.blocks = BlockService(BlockRepository(table), self.owners, usage_over(table))
        indexes = Indexes(table, budget_bytes=2**26, metrics=Metrics())
        self.archive = ArchiveService(ArchiveRepository(table), self.owners, indexes)

    async def lines(self, name: str = "human", owner: MemoryOwner = ADA) -> list[str]:
        return (await self.blocks.get(owner, name)).lines

    async def fill(self, name: str, *lines: str) -> None:
        """Give a block of Ada's these lines."""
        await self.blocks.put(ADA, name, BlockUpdate(lines=list(lines)), ADA.user_id)

    async def make(self, name: str, *, word_limit: int = 5000) -> None:
        new = BlockCreate(name=name, description=f"About {name}", word_limit=word_limit)
        await self.blocks.create(ADA, new, new_id())

    async def tools(self) -> MemoryTools:
        """Ada's tools, as a turn gets them."""
        origin = Origin(conversation_id="conversation", turn_id="turn")
        return MemoryTools(self.blocks, self.archive, await self.blocks.core(ADA), origin=origin)
