"""What repositories share: entities in and out, and pages that end where they should."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from smriti.core.paging import InvalidCursor, Page, PageRequest
from smriti.db.repository import Repository, collect, everything, stored
from smriti.db.sqlite import SqliteTable
from smriti.db.table import TTL, Item, Key, Put, Query


class Note(BaseModel):
    note_id: str
    written_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    title: str | None = None
    extra: dict[str, Any] = {}


class NoteRepository(Repository[Note]):
    entity = Note

    def key(self, entity: Note) -> Key:
        return "NOTES", f"NOTE#{entity.note_id}"

    async def add(self, note: Note) -> None:
        await self._table.write(Put(self.item(note)))

    async def find(self, note_id: str) -> Note | None:
        return await self._find(("NOTES", f"NOTE#{note_id}"))

    async def page(self, page: PageRequest, *, newest_first: bool = False) -> Page[Note]:
        return await self._page(Query("NOTES", begins="NOTE#", newest_first=newest_first), page)

    async def all(self) -> list[Note]:
        return await self._all(Query("NOTES", begins="NOTE#", limit=2))


@pytest.fixture
def notes(memory: SqliteTable) -> NoteRepository:
    return NoteRepository(memory)


async def page_sizes(notes: NoteRepository, limit: int) -> list[int]:
    sizes: list[int] = []
    cursor = None
    while True:
        page = await notes.page(PageRequest(limit=limit, cursor=cursor))
        sizes.append(len(page.items))
        cursor = page.next_cursor
        assert page.has_more is (cursor is not None)
        if cursor is None:
            return sizes


async def filled(notes: NoteRepository, count: int) -> list[Note]:
    added = [Note(note_id=str(n)) for n in range(count)]
    for note in added:
        await notes.add(note)
    return added


async def test_an_entity_comes_back_as_it_was_stored(notes: NoteRepository) -> None:
    note = Note(note_id="n", title="T", extra={"null": None, "list": [1, 2.5]})

    await notes.add(note)

    assert await notes.find("n") == note
    assert await notes.find("m") is None


def test_an_entity_is_stored_with_its_key_and_kind_and_without_nulls(
    notes: NoteRepository,
) -> None:
    note = Note(note_id="n")

    assert stored(note) == {"note_id": "n", "written_at": "2026-01-01T00:00:00Z", "extra": {}}
    assert notes.item(note) == {
        **stored(note),
        "pk": "NOTES",
        "sk": "NOTE#n",
        "entity_type": "Note",
    }


async def test_five_entities_make_pages_of_two_two_and_one(notes: NoteRepository) -> None:
    await filled(notes, 5)

    assert await page_sizes(notes, 2) == [2, 2, 1]


@pytest.mark.parametrize(("limit", "sizes"), [(2, [2, 2]), (4, [4]), (5, [4]), (1, [1] * 4)])
async def test_a_full_last_page_is_the_last(
    notes: NoteRepository, limit: int, sizes: list[int]
) -> None:
    await filled(notes, 4)

    assert await page_sizes(notes, limit) == sizes


async def test_nothing_is_one_empty_page(notes: NoteRepository) -> None:
    assert await notes.page(PageRequest()) == Page[Note](items=[])


async def test_a_cursor_works_in_both_directions(notes: NoteRepository) -> None:
    added = await filled(notes, 5)
    first = await notes.page(PageRequest(limit=2))

    onward = await notes.page(PageRequest(limit=2, cursor=first.next_cursor))
    back = await notes.page(PageRequest(limit=2, cursor=first.next_cursor), newest_first=True)

    assert onward.items == added[2:4]
    assert back.items == added[:1]


@pytest.mark.parametrize("cursor", ["", "x", "é", "W10", "\ud800", "bm9wZQ", "WyJNRVNTQUdFIl0"])
async def test_a_broken_cursor_is_the_clients_mistake(notes: NoteRepository, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await notes.page(PageRequest.model_construct(limit=2, cursor=cursor))


async def test_all_reads_every_page(notes: NoteRepository) -> None:
    added = await filled(notes, 5)

    assert await notes.all() == added


async def test_pages_are_full_although_expired_items_lie_between(memory: SqliteTable) -> None:
    items: list[Item] = [
        {"pk": "p", "sk": f"{n:02}", TTL: 1 if n % 3 else 2**40} for n in range(18)
    ]
    await memory.bulk(puts=items)

    first, cursor = await collect(memory, Query("p"), PageRequest(limit=4))
    second, end = await collect(memory, Query("p"), PageRequest(limit=4, cursor=cursor))

    assert [first, second] == [items[:12:3], items[12::3]]
    assert end is None


async def test_pages_go_through_an_index(memory: SqliteTable) -> None:
    items: list[Item] = [
        {"pk": str(n), "sk": "s", "gsi2_pk": "g", "gsi2_sk": f"k{n // 2}"} for n in range(5)
    ]
    await memory.bulk(puts=items)
    query = Query("g", index=True)

    first, cursor = await collect(memory, query, PageRequest(limit=3))
    second, end = await collect(memory, query, PageRequest(limit=3, cursor=cursor))

    assert [first, second, end] == [items[:3], items[3:], None]
    assert await everything(memory, Query("g", index=True, limit=2)) == items


async def test_everything_goes_on_where_a_page_ended(memory: SqliteTable) -> None:
    items: list[Item] = [{"pk": "p", "sk": f"{n}"} for n in range(5)]
    await memory.bulk(puts=items)
    first = await memory.query(Query("p", limit=2))

    rest = await everything(memory, Query("p", limit=2, after=first.next))

    assert [*first.items, *rest] == items
