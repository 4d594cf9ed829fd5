"""Decisions about the archive: one passage a text, and what a search answers."""

from collections.abc import Sequence
from typing import Final

from smriti.core.clock import utc_now
from smriti.core.errors import Conflict, NotFound
from smriti.core.paging import Page, PageRequest
from smriti.memory.archive.models import (
    NO_ORIGIN,
    ArchivalMemory,
    ArchivalMemoryUpdate,
    Inserted,
    Origin,
)
from smriti.memory.archive.repository import ArchiveRepository, hash_of, new_memory
from smriti.memory.models import MemoryOwner
from smriti.memory.owners import MemoryOwnerRepository
from smriti.retrieval.documents import Hit
from smriti.retrieval.paging import ranked_hits
from smriti.retrieval.port import Found, Retriever

_ATTEMPTS: Final = 8


class ArchivalMemoryNotFound(NotFound):
    slug = "archival-memory-not-found"

    def __init__(self) -> None:
        super().__init__("Archival memory not found")


class ArchivalMemoryExists(Conflict):
    slug = "archival-memory-exists"


class ArchiveBusy(Conflict):
    slug = "archive-busy"

    def __init__(self) -> None:
        super().__init__("Somebody else is changing this passage. Try again in a moment.")


class ArchiveService:
    def __init__(
        self, archive: ArchiveRepository, owners: MemoryOwnerRepository, retriever: Retriever
    ) -> None:
        self._archive = archive
        self._owners = owners
        self._retriever = retriever

    async def insert(
        self,
        owner: MemoryOwner,
        content: str,
        *,
        tags: Sequence[str] = (),
        origin: Origin = NO_ORIGIN,
    ) -> Inserted:
        """Store a passage, or find the one that has this text already."""
        await self._owners.note(owner)
        memory = new_memory(content, tags, origin)
        standing = await self._archive.insert(owner, memory)
        if standing is None:
            raise ArchiveBusy
        return Inserted(standing, created=standing is memory)

    async def get(self, owner: MemoryOwner, memory_id: str) -> ArchivalMemory:
        memory = await self._archive.find(owner, memory_id)
        if memory is None:
            raise ArchivalMemoryNotFound
        return memory

    async def page(
        self, owner: MemoryOwner, page: PageRequest, *, query: str | None = None
    ) -> Page[ArchivalMemory]:
        """All passages, newest first; with a query those that match, best first."""
        if query is None or not query.strip():
            return await self._archive.page(owner, page)
        found = await self.search(owner, query)
        hits, more = ranked_hits(found, page)
        return Page[ArchivalMemory].of(await self.read(owner, hits), more)

    async def search(self, owner: MemoryOwner, query: str) -> Found:
        """Every passage that matches, best first."""
        return await self._retriever.search(self._archive.corpus(owner), query)

    async def read(self, owner: MemoryOwner, hits: Sequence[Hit]) -> list[ArchivalMemory]:
        """The passages of these hits, in this order, without those that are gone."""
        return await self._archive.read(owner, [hit.sk for hit in hits])

    async def edit(
        self, owner: MemoryOwner, memory_id: str, update: ArchivalMemoryUpdate
    ) -> ArchivalMemory:
        changes = update.model_dump(exclude_none=True)
        if update.content is not None:
            changes["content_hash"] = hash_of(update.content)
        for _ in range(_ATTEMPTS):
            before = await self.get(owner, memory_id)
            after = before.model_copy(update=changes)
            if after == before:
                return before
            after.updated_at = utc_now()
            standing = await self._archive.replace(owner, before, after)
            if standing is after:
                return after
            if standing is not None:
                raise ArchivalMemoryExists(
                    "Another archival memory has this text already.", memory_id=standing.memory_id
                )
        raise ArchiveBusy

    async def delete(self, owner: MemoryOwner, memory_id: str) -> None:
        """Remove a passage. One that does not exist is gone already."""
        for _ in range(_ATTEMPTS):
            memory = await self._archive.find(owner, memory_id)
            if memory is None or await self._archive.delete(owner, memory):
                return
        raise ArchiveBusy
