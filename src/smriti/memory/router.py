"""Memory over HTTP: whatever an agent may do to it, its owner may do too."""

from fastapi import APIRouter, Response

from smriti.auth.idempotency.dependencies import NewId
from smriti.auth.idempotency.route import IdempotentRoute
from smriti.core.edge import PROBLEMS, Paging
from smriti.core.paging import Page
from smriti.memory.archive.models import (
    ArchivalMemory,
    ArchivalMemoryBatch,
    ArchivalMemoryCreate,
    ArchivalMemoryUpdate,
    Draft,
    FoundMemory,
    ImportedBatch,
    ImportedMemory,
)
from smriti.memory.blocks.models import (
    BlockContentView,
    BlockCreate,
    BlockRestore,
    BlockUpdate,
    BlockVersion,
    BlockView,
)
from smriti.memory.dependencies import (
    Archive,
    Blocks,
    OwnedMemory,
    SearchQuery,
    ShownMemory,
    Wanted,
)

router = APIRouter(
    prefix="/agents/{agent_id}",
    tags=["memory"],
    responses=PROBLEMS,
    route_class=IdempotentRoute,
)


@router.get("/memory-blocks", summary="List an agent's memory blocks")
async def list_blocks(memory: ShownMemory, blocks: Blocks) -> list[BlockView]:
    core = await blocks.core(memory)
    return [BlockView.of(block) for block in core.blocks.values()]


@router.post("/memory-blocks", status_code=201, summary="Create a memory block")
async def create_block(
    new: BlockCreate, memory: OwnedMemory, blocks: Blocks, creation_id: NewId
) -> BlockView:
    return BlockView.of(await blocks.create(memory, new, creation_id))


@router.delete(
    "/memory-blocks/{name}", status_code=204, summary="Delete a memory block and its history"
)
async def delete_block(name: str, memory: OwnedMemory, blocks: Blocks) -> None:
    await blocks.delete(memory, name)


@router.get("/memory-blocks/{name}/content", summary="Read the lines of a memory block")
async def get_content(name: str, memory: ShownMemory, blocks: Blocks) -> BlockContentView:
    return BlockContentView.of(await blocks.get(memory, name))


@router.put("/memory-blocks/{name}/content", summary="Replace the lines of a memory block")
async def put_content(
    name: str, new: BlockUpdate, memory: OwnedMemory, blocks: Blocks
) -> BlockContentView:
    return BlockContentView.of(await blocks.put(memory, name, new, memory.user_id))


@router.get(
    "/memory-blocks/{name}/history", summary="List earlier versions of a block, newest first"
)
async def list_versions(
    name: str, memory: ShownMemory, blocks: Blocks, page: Paging
) -> Page[BlockVersion]:
    return await blocks.history(memory, name, page)


@router.post("/memory-blocks/{name}/restore", summary="Give a block the lines of an old version")
async def restore_version(
    name: str, wanted: BlockRestore, memory: OwnedMemory, blocks: Blocks
) -> BlockContentView:
    return BlockContentView.of(await blocks.restore(memory, name, wanted.version, memory.user_id))


@router.get("/archival-memory", summary="List archival memory, newest first, or search it")
async def list_archive(
    memory: ShownMemory,
    archive: Archive,
    page: Paging,
    where: Wanted,
    query: SearchQuery = None,
) -> Page[FoundMemory]:
    return await archive.page(memory, page, query=query, where=where)


@router.post(
    "/archival-memory",
    status_code=201,
    summary="Store a passage in archival memory",
    responses={200: {"model": ArchivalMemory, "description": "This text was stored already."}},
)
async def create_archival(
    new: ArchivalMemoryCreate, memory: OwnedMemory, archive: Archive, response: Response
) -> ArchivalMemory:
    inserted = await archive.insert(memory, Draft(new.content, tuple(new.tags)))
    response.status_code = 201 if inserted.created else 200
    return inserted.memory


@router.post(
    "/archival-memory:batch",
    summary="Store many passages in archival memory",
    description="A passage is stored once for each place (`conversation_id` and `sequence`) at "
    "which it was said, and once for all when its place is not known. So a batch may be sent "
    "again after whatever failure.",
)
async def import_archival(
    batch: ArchivalMemoryBatch, memory: OwnedMemory, archive: Archive
) -> ImportedBatch:
    inserted = await archive.insert_all(memory, [item.draft() for item in batch.items])
    return ImportedBatch(
        items=[
            ImportedMemory(memory_id=each.memory.memory_id, created=each.created)
            for each in inserted
        ]
    )


@router.get("/archival-memory/{memory_id}", summary="Get an archival memory")
async def get_archival(memory_id: str, memory: ShownMemory, archive: Archive) -> ArchivalMemory:
    return await archive.get(memory, memory_id)


@router.patch("/archival-memory/{memory_id}", summary="Change an archival memory")
async def update_archival(
    memory_id: str, update: ArchivalMemoryUpdate, memory: OwnedMemory, archive: Archive
) -> ArchivalMemory:
    return await archive.edit(memory, memory_id, update)


@router.delete("/archival-memory/{memory_id}", status_code=204, summary="Delete an archival memory")
async def delete_archival(memory_id: str, memory: OwnedMemory, archive: Archive) -> None:
    await archive.delete(memory, memory_id)
