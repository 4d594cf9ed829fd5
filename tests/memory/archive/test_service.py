"""The archive: one passage a text, whoever stores it how often and at once."""

import asyncio
import hashlib

import pytest

from smriti.core.clock import unix_now
from smriti.core.paging import InvalidCursor, PageRequest
from smriti.db.table import Item, Put, Query, Set, Table
from smriti.memory.archive.locks import LOCK_TIMEOUT_S
from smriti.memory.archive.models import ArchivalMemory, ArchivalMemoryUpdate, Draft, Origin
from smriti.memory.archive.repository import ArchiveRepository
from smriti.memory.archive.service import (
    ArchivalMemoryExists,
    ArchivalMemoryNotFound,
    ArchiveBusy,
)
from smriti.memory.keys import time_of
from tests.memory.house import ADA, BOB, House

PARTITION = "Agent#agent#User#ada@example.com"
OLD_ID = "0d9f1c1e-5f5e-4c0a-9d1f-2b7f6d1c3a55"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def _store(house: House, *texts: str) -> list[ArchivalMemory]:
    return [(await house.archive.insert(ADA, Draft(text))).memory for text in texts]


async def _everything(table: Table) -> list[Item]:
    return (await table.scan()).items


async def _changes(table: Table) -> object:
    state = await table.get((PARTITION, "ArchiveState"))
    return None if state is None else state.get("changes")


async def _kinds(table: Table) -> set[str]:
    return {str(item["sk"]).partition("#")[0] for item in await _everything(table)}


async def _old_memory(table: Table, content: str = "Drinks tea") -> None:
    """A passage as an older table has it."""
    sk = f"Archival#2025-03-01T09:15:02.120450+00:00#{OLD_ID}"
    await table.bulk(
        puts=[
            {
                "pk": PARTITION,
                "sk": sk,
                "entity_type": "ArchivalMemory",
                "memory_id": OLD_ID,
                "content": content,
                "content_hash": _hash(content),
                "created_at": "2025-03-01T09:15:02.120450+00:00",
            },
            {"pk": f"{PARTITION}#Hash#{_hash(content)}", "sk": f"Archival#{OLD_ID}"},
        ]
    )


async def test_a_passage_is_stored_with_its_lock_under_the_agreed_keys(
    house: House, table: Table
) -> None:
    origin = Origin(conversation_id="conversation", turn_id="turn")

    inserted = await house.archive.insert(ADA, Draft("Drinks tea", ("food",), origin))

    memory = inserted.memory
    assert inserted.created
    assert memory.created_at == time_of(memory.memory_id)
    keys = {(item["pk"], item["sk"]) for item in await _everything(table)}
    time = memory.created_at.isoformat(timespec="microseconds")
    assert keys == {
        ("Agent#agent", "MemoryOwner#ada@example.com"),
        (PARTITION, f"Archival#{time}#{memory.memory_id}"),
        (PARTITION, "ArchiveState"),
        (f"{PARTITION}#Hash#{_hash('Drinks tea')}", "Lock"),
    }
    assert await house.archive.get(ADA, memory.memory_id) == memory
    assert (memory.conversation_id, memory.turn_id, memory.tags) == (
        "conversation",
        "turn",
        ["food"],
    )


async def test_the_same_text_is_stored_once(house: House) -> None:
    first = await house.archive.insert(ADA, Draft("Drinks tea"))
    again = await house.archive.insert(ADA, Draft("Drinks tea"))
    others = await house.archive.insert(BOB, Draft("Drinks tea"))

    assert (again.memory, again.created) == (first.memory, False)
    assert others.created


async def test_of_many_who_store_a_text_at_once_one_does(house: House, table: Table) -> None:
    houses = [house, House(table)] * 5

    inserted = await asyncio.gather(
        *(each.archive.insert(ADA, Draft("Drinks tea")) for each in houses)
    )

    assert [each.created for each in inserted].count(True) == 1
    assert len({each.memory.memory_id for each in inserted}) == 1
    assert len((await house.archive.page(ADA, PageRequest())).items) == 1


async def test_a_lock_whose_passage_never_came_is_taken_over_after_a_minute(
    house: House, table: Table
) -> None:
    lock: Item = {"pk": f"{PARTITION}#Hash#{_hash('Drinks tea')}", "sk": "Lock"}
    locked_at = unix_now() - LOCK_TIMEOUT_S - 1
    await table.write(Put({**lock, "memory_id": OLD_ID, "locked_at": locked_at}))

    inserted = await house.archive.insert(ADA, Draft("Drinks tea"))

    assert inserted.created
    found = await table.get((str(lock["pk"]), "Lock"))
    assert found is not None
    assert found["memory_id"] == inserted.memory.memory_id


async def test_a_fresh_lock_is_respected(house: House, table: Table) -> None:
    lock: Item = {"pk": f"{PARTITION}#Hash#{_hash('Drinks tea')}", "sk": "Lock"}
    await table.write(Put({**lock, "memory_id": OLD_ID, "locked_at": unix_now()}))

    with pytest.raises(ArchiveBusy):
        await house.archive.insert(ADA, Draft("Drinks tea"))


async def test_an_existing_tables_passage_is_found_changed_and_deleted(
    house: House, table: Table
) -> None:
    await _old_memory(table)

    again = await house.archive.insert(ADA, Draft("Drinks tea"))
    edited = await house.archive.edit(ADA, OLD_ID, ArchivalMemoryUpdate(content="Drinks coffee"))
    await house.archive.delete(ADA, OLD_ID)

    assert (again.memory.memory_id, again.created) == (OLD_ID, False)
    assert edited.content == "Drinks coffee"
    assert await _kinds(table) == {"ArchiveChange", "ArchiveState", "MemoryOwner"}


@pytest.mark.parametrize(
    "memory_id",
    [
        "nonsense",
        OLD_ID,
        "01a1f92f-2ede-7592-a2ec-914b16611fda",
        "ffffffff-ffff-7fff-8fff-" + "f" * 12,
    ],
)
async def test_an_unknown_id_is_not_found(house: House, memory_id: str) -> None:
    await _store(house, "Drinks tea")

    with pytest.raises(ArchivalMemoryNotFound):
        await house.archive.get(ADA, memory_id)
    with pytest.raises(ArchivalMemoryNotFound):
        await house.archive.edit(ADA, memory_id, ArchivalMemoryUpdate(tags=["x"]))
    await house.archive.delete(ADA, memory_id)


async def test_an_edit_moves_the_lock_and_is_counted(house: House, table: Table) -> None:
    (memory,) = await _store(house, "Drinks tea")

    edited = await house.archive.edit(
        ADA, memory.memory_id, ArchivalMemoryUpdate(content="Drinks coffee", tags=["food"])
    )

    assert edited == await house.archive.get(ADA, memory.memory_id)
    assert (edited.content, edited.tags, edited.created_at) == (
        "Drinks coffee",
        ["food"],
        memory.created_at,
    )
    assert edited.updated_at is not None
    assert await _changes(table) == 1
    assert not (await house.archive.insert(ADA, Draft("Drinks coffee"))).created
    assert (await house.archive.insert(ADA, Draft("Drinks tea"))).created


async def test_an_edit_that_changes_nothing_writes_nothing(house: House, table: Table) -> None:
    (memory,) = await _store(house, "Drinks tea")

    same = await house.archive.edit(
        ADA, memory.memory_id, ArchivalMemoryUpdate(content="Drinks tea")
    )

    assert same == memory
    assert await _changes(table) is None


async def test_an_edit_to_anothers_text_is_refused(house: House, table: Table) -> None:
    tea, coffee = await _store(house, "Drinks tea", "Drinks coffee")

    with pytest.raises(ArchivalMemoryExists) as exists:
        await house.archive.edit(ADA, tea.memory_id, ArchivalMemoryUpdate(content="Drinks coffee"))

    assert exists.value.members == {"memory_id": coffee.memory_id}
    assert await house.archive.get(ADA, tea.memory_id) == tea
    assert await _changes(table) is None


async def test_of_two_who_edit_to_the_same_text_one_does(house: House, table: Table) -> None:
    memories = await _store(house, "one", "two", "three")

    edited = await asyncio.gather(
        *(
            each.archive.edit(ADA, memory.memory_id, ArchivalMemoryUpdate(content="same"))
            for each, memory in zip([house, House(table), house], memories, strict=True)
        ),
        return_exceptions=True,
    )

    assert sorted(type(each).__name__ for each in edited) == [
        "ArchivalMemory",
        "ArchivalMemoryExists",
        "ArchivalMemoryExists",
    ]


async def test_edits_of_one_passage_at_once_leave_one_lock(house: House, table: Table) -> None:
    (memory,) = await _store(house, "start")

    await asyncio.gather(
        *(
            each.archive.edit(ADA, memory.memory_id, ArchivalMemoryUpdate(content=f"text {number}"))
            for number, each in enumerate([house, House(table)] * 2)
        )
    )

    standing = await house.archive.get(ADA, memory.memory_id)
    locks = [item["pk"] for item in await _everything(table) if item["sk"] == "Lock"]
    assert locks == [f"{PARTITION}#Hash#{_hash(standing.content)}"]
    assert standing.content_hash == _hash(standing.content)


async def test_a_deleted_passage_is_gone_with_its_lock(house: House, table: Table) -> None:
    (memory,) = await _store(house, "Drinks tea")

    await house.archive.delete(ADA, memory.memory_id)
    await house.archive.delete(ADA, memory.memory_id)

    assert await _kinds(table) == {"ArchiveChange", "ArchiveState", "MemoryOwner"}
    assert await _changes(table) == 1


async def test_a_lock_that_names_another_passage_is_left_alone(house: House, table: Table) -> None:
    (memory,) = await _store(house, "Drinks tea")
    lock = f"{PARTITION}#Hash#{_hash('Drinks tea')}", "Lock"
    await table.update(lock, Set("memory_id", OLD_ID))

    await house.archive.delete(ADA, memory.memory_id)

    assert await table.get(lock) is not None


async def test_what_was_changed_meanwhile_is_not_deleted(house: House, table: Table) -> None:
    (seen,) = await _store(house, "Drinks tea")
    await house.archive.edit(ADA, seen.memory_id, ArchivalMemoryUpdate(content="Drinks coffee"))

    assert not await ArchiveRepository(table).delete(ADA, seen)
    assert (await house.archive.get(ADA, seen.memory_id)).content == "Drinks coffee"


async def test_passages_are_listed_newest_first(house: House) -> None:
    stored = await _store(house, "one", "two", "three")

    first = await house.archive.page(ADA, PageRequest(limit=2))
    second = await house.archive.page(ADA, PageRequest(limit=2, cursor=first.next_cursor))

    listed = [memory.memory_id for memory in (*first.items, *second.items)]
    assert listed == sorted((memory.memory_id for memory in stored), reverse=True)
    assert (first.has_more, second.has_more, second.next_cursor) == (True, False, None)


async def test_a_search_is_paged_without_overlap(house: House) -> None:
    await _store(house, *(f"coffee number {number}" for number in range(7)), "tea")

    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = await house.archive.page(ADA, PageRequest(limit=3, cursor=cursor), query="Coffee")
        found += [memory.content for memory in page.items]
        cursor = page.next_cursor

    assert sorted(found) == [f"coffee number {number}" for number in range(7)]
    assert cursor is None


async def test_a_search_goes_on_when_its_last_passage_is_gone(house: House) -> None:
    await _store(house, *(f"coffee number {number}" for number in range(4)))
    first = await house.archive.page(ADA, PageRequest(limit=2), query="coffee")
    await house.archive.delete(ADA, first.items[-1].memory_id)

    second = await house.archive.page(
        ADA, PageRequest(limit=2, cursor=first.next_cursor), query="coffee"
    )

    assert len({memory.memory_id for memory in (*first.items, *second.items)}) == 4
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["x", "!", "e30", "WzEsMl0", "WzAsIngiXQ", "Wyd4J10", "é"])
@pytest.mark.parametrize("query", [None, "coffee"])
async def test_a_foreign_cursor_is_refused(house: House, cursor: str, query: str | None) -> None:
    await _store(house, "coffee")

    with pytest.raises(InvalidCursor):
        await house.archive.page(ADA, PageRequest(cursor=cursor), query=query)


async def test_a_query_of_blanks_lists_everything(house: House) -> None:
    (memory,) = await _store(house, "coffee")

    [listed] = (await house.archive.page(ADA, PageRequest(), query="  ")).items

    assert listed.model_dump() == memory.model_dump() | {"score": None, "highlights": []}


async def test_the_largest_passage_fits(house: House) -> None:
    largest = "\U0001f375" * 100_000

    origin = Origin("\U0001f375" * 200, "t" * 36, "\U0001f375" * 200, 2**53)
    [stored] = await house.archive.insert_all(
        ADA, [Draft(largest, ("\U0001f375" * 50,) * 20, origin)]
    )

    assert (await house.archive.get(ADA, stored.memory.memory_id)).content == largest


async def test_what_one_partition_holds_is_searched_alone(house: House, table: Table) -> None:
    await house.archive.insert(BOB, Draft("coffee"))

    assert (await house.archive.search(ADA, "coffee")).total == 0
    assert (await table.query(Query(PARTITION))).items == []
