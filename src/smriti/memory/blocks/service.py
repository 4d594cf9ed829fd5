"""Decisions about blocks: what may stand in them, who wins, what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smriti.core.errors import BadRequest, Conflict, Invalid, NotFound
from smriti.core.paging import Page, PageRequest
from smriti.memory.blocks.models import (
    DEFAULT_BLOCKS,
    MAX_BLOCK_BYTES,
    MAX_BLOCKS,
    MAX_CORE_BYTES,
    Block,
    BlockCreate,
    BlockUpdate,
    BlockVersion,
    CoreMemory,
    Edit,
    MemoryBlockDef,
    compaction_is_due,
    count_bytes,
    count_words,
    may_be_block_name,
)
from smriti.memory.blocks.repository import BlockRepository, BlocksFull
from smriti.memory.models import MemoryOwner
from smriti.memory.owners import MemoryOwnerRepository
from smriti.usage.service import UsageService

_ATTEMPTS: Final = 32
"""Each failed attempt is somebody else's success, so this many writers at once all get through."""


class BlockNotFound(NotFound):
    slug = "memory-block-not-found"

    def __init__(self, name: str) -> None:
        super().__init__(f"Memory block {name!r} not found")


class BlockExists(BadRequest):
    slug = "memory-block-exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"Memory block '{name}' already exists")


class BlockIsDefault(BadRequest):
    slug = "memory-block-is-default"


class TooManyBlocks(BadRequest):
    slug = "too-many-memory-blocks"

    def __init__(self) -> None:
        super().__init__(f"There are {MAX_BLOCKS} memory blocks already. Delete one first.")


class BlockFull(Invalid):
    slug = "memory-block-full"


class BlockMoved(Conflict):
    """Somebody else changed the block first; `current` is what it holds now."""

    slug = "memory-block-changed"

    def __init__(self, current: Block) -> None:
        version = current.content.version
        super().__init__(
            f"Memory block '{current.name}' was changed meanwhile: it is at version {version}.",
            version=version,
        )
        self.current = current


class VersionNotFound(NotFound):
    slug = "memory-block-version-not-found"


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a line stands after it was asked to be appended, and whether it was there before."""

    block: Block
    line_number: int
    already: bool = False


class BlockService:
    def __init__(
        self, blocks: BlockRepository, owners: MemoryOwnerRepository, usage: UsageService
    ) -> None:
        self._blocks = blocks
        self._owners = owners
        self._usage = usage

    async def core(self, owner: MemoryOwner) -> CoreMemory:
        return await self._blocks.core(owner)

    async def get(self, owner: MemoryOwner, name: str) -> Block:
        return _block(await self.core(owner), name)

    async def create(self, owner: MemoryOwner, new: BlockCreate, creation_id: str) -> Block:
        """A new block, or the one that an earlier attempt of this creation made.

        `BlockExists`, `PlanLimitReached`, `TooManyBlocks`.
        """
        if new.name in DEFAULT_BLOCKS:
            raise BlockExists(new.name)
        definition = MemoryBlockDef(
            block_name=new.name, description=new.description, word_limit=new.word_limit
        )
        await self._owners.note(owner)
        standing = await self._make(owner, definition, creation_id)
        if standing is None:
            raise BlockExists(new.name)
        return Block(standing)

    async def adopt(
        self, owner: MemoryOwner, block: Block, history: Sequence[BlockVersion], creation_id: str
    ) -> None:
        """Write a block that was made elsewhere, with its earlier versions. Again is no error."""
        if block.name not in DEFAULT_BLOCKS:
            await self._make(owner, block.definition, creation_id)
        await self._blocks.adopt(owner, block, history)

    async def check_room(self, user: str, count: int) -> None:
        """Whether a new agent of the user may have so many blocks: `PlanLimitReached`."""
        allowed = await self._usage.allowance(user, "memory_blocks")
        if count > allowed.within(count):
            raise allowed.refusal(len(DEFAULT_BLOCKS))

    async def _make(
        self, owner: MemoryOwner, definition: MemoryBlockDef, creation_id: str
    ) -> MemoryBlockDef | None:
        allowed = await self._usage.allowance(owner.user_id, "memory_blocks")
        most = allowed.within(MAX_BLOCKS)
        try:
            return await self._blocks.create(owner, definition, creation_id, most=most)
        except BlocksFull as full:
            raise allowed.refused(full.count, MAX_BLOCKS, TooManyBlocks()) from full

    async def delete(self, owner: MemoryOwner, name: str) -> None:
        """Remove a block, its lines and its history. One that does not exist is gone already."""
        if name in DEFAULT_BLOCKS:
            raise BlockIsDefault(f"Memory block '{name}' is a default block; it cannot be deleted.")
        if may_be_block_name(name):
            await self._blocks.delete(owner, name)

    async def put(self, owner: MemoryOwner, name: str, new: BlockUpdate, by: str) -> Block:
        """Replace all lines. With `new.version` only if the block is at it, else `BlockMoved`."""
        edit = Edit(by, "edited")
        if new.version is None:
            return await self._overwrite(owner, name, new.lines, edit)
        core = await self.core(owner)
        block = _block(core, name)
        if block.content.version != new.version:
            raise BlockMoved(block)
        return await self.change(core, name, new.lines, edit)

    async def history(self, owner: MemoryOwner, name: str, page: PageRequest) -> Page[BlockVersion]:
        """Earlier versions of the block, newest first."""
        block = await self.get(owner, name)
        return await self._blocks.history(owner, block.name, page)

    async def restore(self, owner: MemoryOwner, name: str, version: int, by: str) -> Block:
        """Give a block the lines of an earlier version; that makes a new version."""
        block = await self.get(owner, name)
        if version == block.content.version:
            return block
        past = await self._blocks.version(owner, name, version)
        if past is None:
            raise VersionNotFound(f"Version {version} of memory block '{name}' is not kept.")
        edit = Edit(by, f"restored version {version}")
        return await self._overwrite(owner, name, past.lines, edit)

    async def append(self, core: CoreMemory, name: str, line: str, edit: Edit) -> Appended:
        """Add a line at a block's end, after what others add meanwhile; once is enough."""
        for _ in range(_ATTEMPTS):
            block = _block(core, name)
            known = [existing.strip() for existing in block.lines]
            if line.strip() in known:
                return Appended(block, known.index(line.strip()) + 1, already=True)
            try:
                changed = await self.change(core, name, [*block.lines, line], edit)
            except BlockMoved as moved:
                core = core.with_block(moved.current)
                continue
            return Appended(changed, len(changed.lines))
        raise BlockMoved(_block(core, name))

    async def change(self, core: CoreMemory, name: str, lines: Sequence[str], edit: Edit) -> Block:
        """Give a block these lines, if it still is as `core` has it: else `BlockMoved`."""
        block = _block(core, name)
        if list(lines) == block.lines:
            return block
        _check_room(core, block, lines)
        await self._owners.note(core.owner)
        content = block.content.followed_by(lines, edit)
        standing = await self._blocks.save(core.owner, block, content)
        if standing is None:
            raise BlockNotFound(name)
        if standing is not content:
            raise BlockMoved(block.with_content(standing))
        return block.with_content(content)

    async def note_capacity(self, core: CoreMemory) -> list[str]:
        """At a turn's end: count the turns in a row that end with a block crowded.

        Answers the names of the blocks that are to be compacted now. Each count is reached by one
        turn only, so of many that end at once one compacts.
        """
        due: list[str] = []
        for block in core.blocks.values():
            if block.crowded:
                turns = await self._blocks.add_warning(core.owner, block.name)
                due += [block.name] if compaction_is_due(turns) else []
            elif block.warning_turns:
                await self._blocks.clear_warning(core.owner, block.name)
        return due

    async def compact(
        self, core: CoreMemory, name: str, lines: Sequence[str], *, turn_id: str | None = None
    ) -> None:
        """Give a block fewer words, as `change` does, and count its crowded turns from nothing.

        When it moved meanwhile, the next crowded turn is one at which to compact it.
        """
        try:
            await self.change(core, name, lines, Edit("agent", "compacted", turn_id))
        except BlockMoved:
            await self._blocks.withdraw_warning(core.owner, name)
            raise
        await self._blocks.clear_warning(core.owner, name)

    async def _overwrite(
        self, owner: MemoryOwner, name: str, lines: Sequence[str], edit: Edit
    ) -> Block:
        core = await self.core(owner)
        for _ in range(_ATTEMPTS):
            try:
                return await self.change(core, name, lines, edit)
            except BlockMoved as moved:
                core = core.with_block(moved.current)
        raise BlockMoved(_block(core, name))


def _block(core: CoreMemory, name: str) -> Block:
    if name not in core.blocks:
        raise BlockNotFound(name)
    return core.blocks[name]


def _check_room(core: CoreMemory, block: Block, lines: Sequence[str]) -> None:
    """Raise `BlockFull` when these lines are too many. Less than there is always fits."""
    words, limit = count_words(lines), block.definition.word_limit
    if limit < words and block.content.word_count < words:
        raise BlockFull(
            f"Memory block '{block.name}' holds {limit} words at most; this would make {words}.",
            word_limit=limit,
            word_count=words,
        )
    before, after = count_bytes(block.lines), count_bytes(lines)
    together = after - before + sum(count_bytes(each.lines) for each in core.blocks.values())
    if before < after and (after > MAX_BLOCK_BYTES or together > MAX_CORE_BYTES):
        raise BlockFull(
            f"A memory block holds {MAX_BLOCK_BYTES // 1024} KB at most, and all blocks together "
            f"{MAX_CORE_BYTES // 1024} KB; this would make {after} and {together} bytes."
        )
