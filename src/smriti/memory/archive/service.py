"""Decisions about the archive: one passage a text, and what a search answers."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from smriti.core.clock import utc_now
from smriti.core.errors import Conflict, NotFound
from smriti.core.paging import Page, PageRequest
from smriti.memory.archive.items import hash_of, new_memory
from smriti.memory.archive.models import (
    ArchivalMemory,
    ArchivalMemoryUpdate,
    Draft,
    FoundMemory,
    Inserted,
)
from smriti.memory.archive.repository import ArchiveRepository
from smriti.memory.models import MemoryOwner
from smriti.memory.owners import MemoryOwnerRepository
from smriti.retrieval.documents import EVERYTHING, Filter, Hit
from smriti.retrieval.paging import ranked_hits
from smriti.retrieval.port import Found, Retriever
from smriti.retrieval.text import highlights

_ATTEMPTS: Final = 8
_LIT_CHARACTERS: Final = 10_000
"""Of a passage, that are looked at for words of the query."""


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

    async def insert(self, owner: MemoryOwner, draft: Draft) -> Inserted:
        """Store a passage, or find the one that has this text already. Its time is now."""
        await self._owners.note(owner)
        memory = new_memory(replace(draft, created_at=None))
        standing = await self._archive.insert(owner, memory)
        self._retriever.added(self._archive.corpus(owner))
        return _inserted(memory, standing)

    async def insert_all(self, owner: MemoryOwner, drafts: Sequence[Draft]) -> list[Inserted]:
        """The same for many, each of its own time. May be repeated after whatever failure: what is
        stored already stays as it is."""
        if not drafts:
            return []
        await self._owners.note(owner)
        memories = [new_memory(draft, place) for place, draft in enumerate(drafts)]
        standing = await self._archive.insert_all(owner, memories)
        self._retriever.added(self._archive.corpus(owner))
        return list(map(_inserted, memories, standing))

    async def get(self, owner: MemoryOwner, memory_id: str) -> ArchivalMemory:
        memory = await self._archive.find(owner, memory_id)
        if memory is None:
            raise ArchivalMemoryNotFound
        return memory

    async def page(
        self,
        owner: MemoryOwner,
        page: PageRequest,
        *,
        query: str | None = None,
        where: Filter = EVERYTHING,
    ) -> Page[FoundMemory]:
        """The passages that are wanted, newest first; with a query those that match, best first."""
        if query is None or not query.strip():
            listed = await self._archive.page(owner, page, where)
            items = [FoundMemory(**memory.model_dump()) for memory in listed.items]
            return Page[FoundMemory].of(items, listed.next_cursor)
        hits, more = await ranked_hits(await self.search(owner, query, where=where), page)
        memories = await self.read(owner, hits)
        return Page[FoundMemory].of(await asyncio.to_thread(_lit, query, hits, memories), more)

    async def search(self, owner: MemoryOwner, query: str, *, where: Filter = EVERYTHING) -> Found:
        """Every passage that matches and is wanted, best first."""
        return await self._retriever.search(self._archive.corpus(owner), query, where=where)

    async def read(self, owner: MemoryOwner, hits: Sequence[Hit]) -> list[ArchivalMemory | None]:
        """The passages of these hits, in this order; None for those that are gone."""
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


def _inserted(memory: ArchivalMemory, standing: ArchivalMemory | None) -> Inserted:
    if standing is None:
        raise ArchiveBusy
    return Inserted(standing, created=standing is memory)


def _lit(
    query: str, hits: Sequence[Hit], memories: Sequence[ArchivalMemory | None]
) -> list[FoundMemory]:
    return [
        FoundMemory(
            **memory.model_dump(),
            score=hit.score,
            highlights=highlights(memory.content[:_LIT_CHARACTERS], query),
        )
        for hit, memory in zip(hits, memories, strict=True)
        if memory is not None
    ]
