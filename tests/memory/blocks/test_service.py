"""Blocks: who may change them, who wins, what is kept."""

import asyncio
from dataclasses import replace

import pytest

from smriti.core.clock import new_id
from smriti.core.paging import PageRequest
from smriti.db.table import Item, Put, Query, Table
from smriti.memory.archive.models import Draft
from smriti.memory.blocks.models import (
    MAX_BLOCKS,
    BlockCreate,
    BlockUpdate,
    BlockVersion,
)
from smriti.memory.blocks.repository import BlockRepository
from smriti.memory.blocks.service import (
    BlockExists,
    BlockFull,
    BlockIsDefault,
    BlockMoved,
    BlockNotFound,
    TooManyBlocks,
    VersionNotFound,
)
from smriti.memory.keys import core_query
from tests.memory.house import ADA, BOB, EDIT, SINCE, House

PARTITION = "Agent#agent#User#ada@example.com"


async def _items(table: Table) -> list[Item]:
    return (await table.query(Query(PARTITION, limit=1000))).items


async def _only_counter(table: Table) -> object:
    """How many blocks are counted, where nothing else is left."""
    (counter,) = await _items(table)
    assert counter["sk"] == "BlockCount"
    return counter["blocks"]


async def test_everybody_has_two_blocks_without_storing_any(house: House, table: Table) -> None:
    core = await house.blocks.core(ADA)

    assert [
        (b.name, b.definition.description, b.definition.is_default, b.definition.created_at)
        for b in core.blocks.values()
    ] == [
        ("human", "Facts about the user", True, SINCE),
        ("persona", "Your traits and characteristics", True, SINCE),
    ]
    assert await _items(table) == []


async def test_an_existing_tables_blocks_are_read(house: House, table: Table) -> None:
    block_id = "agent:ada@example.com:human"
    await table.bulk(
        puts=[
            {
                "pk": PARTITION,
                "sk": f"MemoryBlockDef#{block_id}",
                "block_name": "human",
                "description": "What I know of her",
                "word_limit": 200,
                "is_default": True,
                "created_at": "2025-01-02T03:04:05.000006+00:00",
            },
            {
                "pk": PARTITION,
                "sk": f"CoreMemory#{block_id}",
                "lines": ["Drinks tea"],
                "word_count": 2,
            },
            {"pk": PARTITION, "sk": f"CapacityWarning#{block_id}", "warning_turns": 2},
        ]
    )

    block = await house.blocks.get(ADA, "human")
    changed = await house.blocks.change(
        await house.blocks.core(ADA), "human", ["Drinks coffee"], EDIT
    )

    assert (block.lines, block.usage, block.warning_turns) == (["Drinks tea"], "2/200 words", 2)
    assert block.definition.description == "What I know of her"
    assert block.content.version == 0
    assert changed.content.version == 1
    assert await house.lines() == ["Drinks coffee"]


async def test_nothing_else_sorts_among_what_a_turn_reads(house: House, table: Table) -> None:
    await house.make("notes")
    await house.fill("notes", "one")
    await house.fill("notes", "two")
    await house.archive.insert(ADA, Draft("a passage"))
    memory = (await house.archive.insert(ADA, Draft("another"))).memory
    await house.archive.delete(ADA, memory.memory_id)

    found = await table.query(core_query("agent", "ada@example.com"))

    assert {str(item["sk"]).partition("#")[0] for item in await _items(table)} == {
        *("Archival", "ArchiveChange", "ArchiveState", "BlockCount", "BlockVersion"),
        *("CoreMemory", "MemoryBlockDef"),
    }
    assert [item["sk"] for item in found.items] == [
        "CoreMemory#agent:ada@example.com:notes",
        "MemoryBlockDef#agent:ada@example.com:notes",
    ]


async def test_a_block_of_the_same_name_cannot_be_made_twice(house: House) -> None:
    await house.make("projects")

    with pytest.raises(BlockExists, match=r"^Memory block 'projects' already exists$"):
        await house.make("projects")
    with pytest.raises(BlockExists):
        await house.make("human")


async def test_of_many_who_make_a_block_at_once_one_does(house: House, table: Table) -> None:
    new = BlockCreate(name="projects", description="What she works on")
    houses = [house, House(table)] * 4

    made = await asyncio.gather(
        *(each.blocks.create(ADA, new, new_id()) for each in houses), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in made) == ["Block"] + ["BlockExists"] * 7


async def test_the_number_of_blocks_is_limited(house: House) -> None:
    for number in range(MAX_BLOCKS - 2):
        await house.make(f"block_{number}")

    with pytest.raises(TooManyBlocks):
        await house.make("one_more")
    with pytest.raises(BlockExists):
        await house.make("block_0")


async def test_a_deleted_block_leaves_nothing_behind(house: House, table: Table) -> None:
    await house.make("notes")
    for line in ("one", "two", "three"):
        await house.fill("notes", line)

    await house.blocks.delete(ADA, "notes")
    await house.blocks.delete(ADA, "notes")

    assert await _only_counter(table) == 2
    with pytest.raises(BlockNotFound):
        await house.blocks.get(ADA, "notes")


@pytest.mark.parametrize("name", ["human", "persona"])
async def test_a_default_block_stays(house: House, name: str) -> None:
    with pytest.raises(BlockIsDefault):
        await house.blocks.delete(ADA, name)


@pytest.mark.parametrize("name", ["No Such", "a#b", "x" * 2000, "é"])
async def test_deleting_what_cannot_be_a_name_does_nothing(house: House, name: str) -> None:
    await house.blocks.delete(ADA, name)


async def test_memory_of_two_users_is_apart(house: House) -> None:
    await house.fill("human", "Ada")

    assert (await house.blocks.get(BOB, "human")).lines == []


async def test_every_change_keeps_what_was_before(house: House) -> None:
    await house.fill("human", "one")
    await house.blocks.append(await house.blocks.core(ADA), "human", "two", EDIT)
    await house.fill("human", "three")

    page = await house.blocks.history(ADA, "human", PageRequest(limit=2))
    rest = await house.blocks.history(ADA, "human", PageRequest(limit=2, cursor=page.next_cursor))

    assert [
        (v.version, v.lines, v.word_count, v.updated_by, v.reason)
        for v in (*page.items, *rest.items)
    ] == [
        (2, ["one", "two"], 2, "agent", "core_memory_append"),
        (1, ["one"], 1, "ada@example.com", "edited"),
        (0, [], 0, None, None),
    ]
    assert (page.has_more, rest.has_more) == (True, False)


async def test_a_change_without_effect_makes_no_version(house: House) -> None:
    await house.fill("human", "one")
    await house.fill("human", "one")

    assert (await house.blocks.get(ADA, "human")).content.version == 1


async def test_a_hundred_earlier_versions_are_kept(house: House) -> None:
    for number in range(103):
        await house.fill("human", f"line {number}")

    versions: list[BlockVersion] = []
    cursor = None
    for _ in range(2):
        page = await house.blocks.history(ADA, "human", PageRequest(limit=60, cursor=cursor))
        versions += page.items
        cursor = page.next_cursor

    assert [version.version for version in versions] == list(range(102, 2, -1))
    assert cursor is None


async def test_an_earlier_version_can_be_restored(house: House) -> None:
    await house.fill("human", "one")
    await house.fill("human", "two")

    block = await house.blocks.restore(ADA, "human", 1, ADA.user_id)

    assert (block.lines, block.content.version) == (["one"], 3)
    assert (block.content.updated_by, block.content.reason) == (
        "ada@example.com",
        "restored version 1",
    )
    assert await house.lines() == ["one"]


async def test_restoring_the_current_version_changes_nothing(house: House) -> None:
    await house.fill("human", "one")

    assert (await house.blocks.restore(ADA, "human", 1, ADA.user_id)).content.version == 1


async def test_a_version_that_is_not_kept_is_not_found(house: House) -> None:
    with pytest.raises(VersionNotFound):
        await house.blocks.restore(ADA, "human", 7, ADA.user_id)


async def test_a_change_of_what_has_moved_changes_nothing(house: House) -> None:
    await house.fill("human", "one")
    seen = await house.blocks.core(ADA)
    await house.fill("human", "other")

    with pytest.raises(BlockMoved) as moved:
        await house.blocks.change(seen, "human", ["mine"], EDIT)

    assert moved.value.current.lines == ["other"]
    assert moved.value.members == {"version": 2}
    assert await house.lines() == ["other"]


async def test_a_put_may_name_the_version_it_replaces(house: House) -> None:
    await house.blocks.put(ADA, "human", BlockUpdate(lines=["one"], version=0), "ada")
    await house.blocks.put(ADA, "human", BlockUpdate(lines=["two"], version=1), "ada")

    with pytest.raises(BlockMoved):
        await house.blocks.put(ADA, "human", BlockUpdate(lines=["three"], version=1), "ada")

    assert await house.lines() == ["two"]


async def test_all_puts_at_once_are_kept(house: House, table: Table) -> None:
    houses = [house, House(table)] * 5

    await asyncio.gather(
        *(
            each.blocks.put(ADA, "human", BlockUpdate(lines=[f"line {number}"]), "ada")
            for number, each in enumerate(houses)
        )
    )

    page = await house.blocks.history(ADA, "human", PageRequest(limit=50))
    written = {line for version in page.items for line in version.lines} | {*await house.lines()}
    assert written == {f"line {number}" for number in range(10)}


async def test_all_appends_at_once_land(house: House, table: Table) -> None:
    core = await house.blocks.core(ADA)
    houses = [house, House(table)] * 10

    appended = await asyncio.gather(
        *(
            each.blocks.append(core, "human", f"line {number}", EDIT)
            for number, each in enumerate(houses)
        )
    )

    assert sorted(await house.lines()) == sorted(f"line {number}" for number in range(20))
    assert sorted(each.line_number for each in appended) == list(range(1, 21))


async def test_a_change_cannot_bring_a_deleted_block_back(house: House, table: Table) -> None:
    await house.make("notes")
    seen = await house.blocks.core(ADA)
    await house.blocks.delete(ADA, "notes")

    with pytest.raises(BlockNotFound):
        await house.blocks.append(seen, "notes", "one", EDIT)

    assert await _only_counter(table) == 2


async def test_more_words_than_the_limit_are_refused(house: House) -> None:
    await house.make("notes", word_limit=100)
    await house.fill("notes", "word " * 100)

    with pytest.raises(BlockFull, match="holds 100 words at most; this would make 101") as full:
        await house.fill("notes", "word " * 101)

    assert full.value.members == {"word_limit": 100, "word_count": 101}


async def test_a_block_that_is_too_long_already_may_shrink(house: House, table: Table) -> None:
    await house.make("notes", word_limit=100)
    sk = "CoreMemory#agent:ada@example.com:notes"
    lines: list[str] = ["word"] * 150
    await table.write(Put({"pk": PARTITION, "sk": sk, "lines": [*lines], "word_count": 150}))

    await house.fill("notes", *lines[:120])

    assert len(await house.lines("notes")) == 120


async def test_a_block_has_at_most_128_kilobytes(house: House) -> None:
    await house.fill("human", "x" * (128 * 1024 - 1))

    with pytest.raises(BlockFull, match="128 KB"):
        await house.fill("human", "x" * (128 * 1024))


async def test_all_blocks_have_at_most_512_kilobytes(house: House) -> None:
    for name in ("a", "b", "c", "d"):
        await house.make(name)
        await house.fill(name, "x" * (128 * 1024 - 1))

    with pytest.raises(BlockFull, match="together 512 KB"):
        await house.fill("human", "one more")


async def test_turns_that_end_crowded_are_counted_in_a_row(house: House) -> None:
    await house.make("notes", word_limit=100)
    await house.fill("notes", "word " * 80)
    due = [await house.blocks.note_capacity(await house.blocks.core(ADA)) for _ in range(6)]
    crowded = await house.blocks.get(ADA, "notes")

    await house.fill("notes", "word " * 79)
    await house.blocks.note_capacity(await house.blocks.core(ADA))

    assert due == [[], [], ["notes"], [], [], ["notes"]]
    assert crowded.warning_turns == 6
    assert (await house.blocks.get(ADA, "notes")).warning_turns == 0


async def test_of_turns_that_end_at_once_one_is_the_third(house: House, table: Table) -> None:
    await house.make("notes", word_limit=100)
    await house.fill("notes", "word " * 80)
    core = await house.blocks.core(ADA)

    due = await asyncio.gather(*(House(table).blocks.note_capacity(core) for _ in range(5)))

    assert sorted(due) == [[], [], [], [], ["notes"]]


async def test_compacting_a_block_counts_its_crowded_turns_from_nothing(house: House) -> None:
    await house.make("notes", word_limit=100)
    await house.fill("notes", "word " * 80)
    for _ in range(3):
        await house.blocks.note_capacity(await house.blocks.core(ADA))

    await house.blocks.compact(await house.blocks.core(ADA), "notes", ["word"])

    block = await house.blocks.get(ADA, "notes")
    assert (block.lines, block.warning_turns) == (["word"], 0)
    assert (block.content.updated_by, block.content.reason) == ("agent", "compacted")


async def test_a_block_that_moved_is_not_compacted_and_due_again(
    house: House, table: Table
) -> None:
    await house.make("notes", word_limit=100)
    await house.fill("notes", "word " * 80)
    core = await house.blocks.core(ADA)
    for _ in range(3):
        await house.blocks.note_capacity(core)
    await house.fill("notes", "word " * 90)

    with pytest.raises(BlockMoved):
        await house.blocks.compact(core, "notes", ["word"])

    assert (await house.blocks.get(ADA, "notes")).warning_turns == 2


async def test_a_block_that_moved_and_has_room_is_not_counted(house: House, table: Table) -> None:
    core = await house.blocks.core(ADA)
    await house.fill("human", "word")

    with pytest.raises(BlockMoved):
        await house.blocks.compact(core, "human", ["other"])

    assert not [item for item in await _items(table) if "Capacity" in str(item["sk"])]


async def test_a_turn_with_room_writes_nothing(house: House, table: Table) -> None:
    await house.blocks.note_capacity(await house.blocks.core(ADA))

    assert await _items(table) == []


async def test_core_memory_goes_on_after_the_first_page(house: House, table: Table) -> None:
    for name in ("a", "b", "c"):
        await house.make(name)
        await house.fill(name, f"in {name}")

    first = await table.query(replace(core_query("agent", "ada@example.com"), limit=2))
    core = await BlockRepository(table).core_from(ADA, first)

    assert len(first.items) == 2
    assert core == await house.blocks.core(ADA)
