"""Blocks in the table; `keys.py` lists the keys.

The blocks that everybody has need no item. Items of an older table have no version: that is 0.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from smriti.core.paging import Page, PageRequest
from smriti.db.repository import collect, everything, stored
from smriti.db.table import (
    EXISTS,
    NEW,
    Absent,
    Action,
    Add,
    Check,
    Compare,
    ConditionFailed,
    Default,
    Delete,
    Item,
    ItemPage,
    Key,
    Put,
    Remove,
    Set,
    Table,
    TransactionFailed,
    Update,
    eq,
    key_of,
)
from smriti.memory import keys
from smriti.memory.blocks.models import (
    DEFAULT_BLOCKS,
    Block,
    BlockVersion,
    CoreMemory,
    MemoryBlockDef,
)
from smriti.memory.models import MemoryOwner

VERSIONS_KEPT: Final = 100


class BlocksFull(Exception):
    """There are as many blocks as there may be: `count`."""

    def __init__(self, count: int) -> None:
        super().__init__("There are as many blocks as there may be.")
        self.count = count


class BlockRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    async def core(self, owner: MemoryOwner) -> CoreMemory:
        query = keys.core_query(owner.agent_id, owner.user_id)
        return await self.core_from(owner, await self._table.query(query))

    async def core_from(self, owner: MemoryOwner, first: ItemPage) -> CoreMemory:
        """Core memory out of a page of `core_query` that was read already, and what follows it."""
        items = first.items
        if first.next is not None:
            query = keys.core_query(owner.agent_id, owner.user_id)
            items = items + await everything(self._table, replace(query, after=first.next))
        return _core(owner, items)

    async def create(
        self, owner: MemoryOwner, block: MemoryBlockDef, creation_id: str, *, most: int
    ) -> MemoryBlockDef | None:
        """The block that this creation has made; None when another one has the name already.

        `BlocksFull` when there are `most` of them, the default ones included.
        """
        room = EXISTS & Compare("blocks", "<", most)
        made = _definition_item(owner, block) | {"creation_id": creation_id}
        try:
            await self._table.write(
                Put(made, when=NEW),
                Update(keys.block_count_key(owner), (Add("blocks", 1),), when=room),
            )
        except TransactionFailed as failure:
            if (standing := failure.failed.get(0)) is not None:
                same = standing.get("creation_id") == creation_id
                return MemoryBlockDef.model_validate(standing) if same else None
            if (counter := failure.failed.get(1)) is not None:
                raise BlocksFull(_number(counter, "blocks")) from failure
            await self._count_again(owner)
            return await self.create(owner, block, creation_id, most=most)
        return block

    async def delete(self, owner: MemoryOwner, name: str) -> None:
        """Remove a block with its lines and its history; again is no error."""
        definition, *rest = (keys.block_key(owner, kind, name) for kind in keys.BLOCK_KINDS)
        try:
            await self._table.write(
                Delete(definition, when=EXISTS),
                Update(keys.block_count_key(owner), (Add("blocks", -1),), when=EXISTS),
                *map(Delete, rest),
            )
        except TransactionFailed as failure:
            if 0 not in failure.failed:
                await self._count_again(owner)
                await self.delete(owner, name)
        history = await everything(self._table, keys.history_query(owner, name))
        await self._table.bulk(deletes=[key_of(item) for item in history])

    async def _count_again(self, owner: MemoryOwner) -> None:
        """Without a counter, nobody has made a block, or an older version of the server has."""
        counter: Item = {
            "entity_type": "BlockCount",
            "blocks": len((await self.core(owner)).blocks),
        }
        with suppress(ConditionFailed):
            await self._table.write(Put(_at(keys.block_count_key(owner), counter), when=NEW))

    async def save(
        self, owner: MemoryOwner, block: Block, content: BlockVersion
    ) -> BlockVersion | None:
        """Put `content` in the place of what `block` holds, which becomes history.

        Answers what the block holds now: `content`, or what somebody else wrote meanwhile, and
        then nothing was changed. None when there is no such block any more.
        """
        seen = block.content
        unmoved = eq("version", seen.version) if seen.version else Absent("version")
        past = _named(owner, block.name, "BlockVersion") | stored(seen)
        values = stored(content)
        actions: list[Action] = [
            Put(_at(keys.version_key(owner, block.name, seen.version), past)),
            Update(
                keys.block_key(owner, "CoreMemory", block.name),
                (
                    *(Set(name, value) for name, value in values.items()),
                    *(Remove(name) for name in BlockVersion.model_fields.keys() - values.keys()),
                    *_defaults(_named(owner, block.name, "CoreMemory")),
                ),
                when=unmoved,
            ),
        ]
        if block.name not in DEFAULT_BLOCKS:
            definition = keys.block_key(owner, "MemoryBlockDef", block.name)
            actions.append(Check(definition, EXISTS))
        if (outdated := seen.version - VERSIONS_KEPT) >= 0:
            actions.append(Delete(keys.version_key(owner, block.name, outdated)))
        try:
            await self._table.write(*actions)
        except TransactionFailed as failure:
            if 2 in failure.failed:
                return None
            return BlockVersion.model_validate(failure.failed[1] or {})
        return content

    async def adopt(
        self, owner: MemoryOwner, block: Block, history: Sequence[BlockVersion]
    ) -> None:
        """Write what a block holds that comes from elsewhere, with its earlier versions; of one
        that everybody has, also what it is for. What was written meanwhile stays."""
        name = block.name
        if name in DEFAULT_BLOCKS and block.definition != _definition(owner, name, {}):
            with suppress(ConditionFailed):
                await self._table.write(Put(_definition_item(owner, block.definition), when=NEW))
        past = _named(owner, name, "BlockVersion")
        await self._table.bulk(
            puts=[
                _at(keys.version_key(owner, name, version.version), past | stored(version))
                for version in history
            ]
        )
        present = _named(owner, name, "CoreMemory") | stored(block.content)
        if block.content.version:
            with suppress(ConditionFailed):
                key = keys.block_key(owner, "CoreMemory", name)
                await self._table.write(Put(_at(key, present), when=NEW))

    async def history(self, owner: MemoryOwner, name: str, page: PageRequest) -> Page[BlockVersion]:
        """Earlier versions of a block, newest first."""
        items, cursor = await collect(self._table, keys.history_query(owner, name), page)
        return Page[BlockVersion].of([BlockVersion.model_validate(i) for i in items], cursor)

    async def version(self, owner: MemoryOwner, name: str, version: int) -> BlockVersion | None:
        item = await self._table.get(keys.version_key(owner, name, version))
        return None if item is None else BlockVersion.model_validate(item)

    async def add_warning(self, owner: MemoryOwner, name: str) -> int:
        """One more turn in a row has ended with this block crowded: answers how many have."""
        key = keys.block_key(owner, "CapacityWarning", name)
        named = _defaults(_named(owner, name, "CapacityWarning"))
        return _number(
            await self._table.update(key, *named, Add("warning_turns", 1)), "warning_turns"
        )

    async def withdraw_warning(self, owner: MemoryOwner, name: str) -> None:
        """Count one turn less, unless they are not counted any more."""
        key = keys.block_key(owner, "CapacityWarning", name)
        with suppress(ConditionFailed):
            await self._table.update(key, Add("warning_turns", -1), when=EXISTS)

    async def clear_warning(self, owner: MemoryOwner, name: str) -> None:
        await self._table.write(Delete(keys.block_key(owner, "CapacityWarning", name)))


def _at(key: Key, item: Item) -> Item:
    return {**item, "pk": key[0], "sk": key[1]}


def _definition_item(owner: MemoryOwner, block: MemoryBlockDef) -> Item:
    key = keys.block_key(owner, "MemoryBlockDef", block.block_name)
    return _at(key, _named(owner, block.block_name, "MemoryBlockDef") | stored(block))


def _named(owner: MemoryOwner, name: str, kind: str) -> Item:
    return {
        "entity_type": kind,
        "agent_id": owner.agent_id,
        "user_id": owner.user_id,
        "block_id": keys.block_id(owner, name),
        "block_name": name,
    }


def _defaults(item: Item) -> list[Default]:
    return [Default(name, value) for name, value in item.items()]


def _core(owner: MemoryOwner, items: Sequence[Item]) -> CoreMemory:
    found: dict[str, dict[str, Item]] = {kind: {} for kind in keys.BLOCK_KINDS}
    for item in items:
        kind, _, block_id = str(item["sk"]).partition("#")
        found.setdefault(kind, {})[block_id.rpartition(":")[2]] = item
    definitions = found["MemoryBlockDef"]
    names = [*DEFAULT_BLOCKS, *sorted(definitions.keys() - DEFAULT_BLOCKS.keys())]
    blocks = {
        name: Block(
            _definition(owner, name, definitions.get(name, {})),
            BlockVersion.model_validate(found["CoreMemory"].get(name, {})),
            _number(found["CapacityWarning"].get(name, {}), "warning_turns"),
        )
        for name in names
    }
    return CoreMemory(owner, blocks)


def _definition(owner: MemoryOwner, name: str, item: Item) -> MemoryBlockDef:
    if name not in DEFAULT_BLOCKS:
        return MemoryBlockDef.model_validate({**item, "block_name": name, "is_default": False})
    known: Item = {"description": DEFAULT_BLOCKS[name], "created_at": owner.since.isoformat()}
    return MemoryBlockDef.model_validate(known | item | {"block_name": name, "is_default": True})


def _number(item: Item, name: str) -> int:
    number = item.get(name)
    return number if isinstance(number, int) else 0
