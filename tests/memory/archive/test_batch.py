"""Many passages at once: each stored once, whatever is sent again, doubled, or broken off."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.core.clock import EPOCH, unix_now
from smriti.core.paging import PageRequest
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Action, Item, Put, Query, Table, TableUnavailable
from smriti.memory.archive.items import archive_corpus, tag_label
from smriti.memory.archive.models import ArchivalMemory, ArchivalMemoryUpdate, Draft, Origin
from smriti.memory.archive.service import ArchiveBusy
from smriti.memory.keys import time_of
from smriti.retrieval.documents import FACTS, MESSAGES, Document, Filter
from tests.fakes.counting_table import CountingTable
from tests.fakes.mortal_table import MortalTable
from tests.memory.house import ADA, House

PARTITION = "Agent#agent#User#ada@example.com"
MAY = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)

DRAFTS = st.lists(
    st.builds(
        Draft,
        st.sampled_from(["tea", "coffee", "water", "["]),
        st.sampled_from([(), ("food",), ("Food", "drink"), ("drink",)]),
        st.builds(
            Origin,
            st.sampled_from([None, "one", "two"]),
            st.none(),
            st.sampled_from([None, "Caroline"]),
            st.sampled_from([None, 0, 1]),
        ),
        st.sampled_from([None, EPOCH, MAY, MAY + timedelta(milliseconds=1)]),
    ),
    max_size=12,
)


def said(count: int) -> list[Draft]:
    """So many sentences of one conversation, a minute apart."""
    return [
        Draft(
            f"Sentence {number}",
            origin=Origin("session", None, "Caroline", number),
            created_at=MAY + timedelta(minutes=number),
        )
        for number in range(count)
    ]


async def everything(house: House, where: Filter | None = None) -> list[ArchivalMemory]:
    found: list[ArchivalMemory] = []
    request = PageRequest(limit=7)
    while True:
        page = await house.archive.page(ADA, request, where=where or Filter())
        found += page.items
        if page.next_cursor is None:
            return found
        request = PageRequest(limit=7, cursor=page.next_cursor)


async def told(table: Table) -> set[object]:
    """The keys that the indexes have been told of."""
    changes = await table.query(Query(PARTITION, begins="ArchiveChange#", limit=1000))
    return {key for item in changes.items for key in _listed(item["keys"])}


def _listed(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


async def keys_of(table: Table, begins: str) -> list[str]:
    found = await table.query(Query(PARTITION, begins=begins, limit=5000))
    return [str(item["sk"]) for item in found.items]


def place(draft: Draft) -> tuple[str, str | None, int | None]:
    """What there is one passage of."""
    origin = draft.origin
    if origin.conversation_id is None or origin.sequence is None:
        return draft.content, None, None
    return draft.content, origin.conversation_id, origin.sequence


async def test_a_batch_is_stored_as_it_came(house: House) -> None:
    drafts = said(120)

    inserted = await house.archive.insert_all(ADA, drafts)

    assert all(each.created for each in inserted)
    stored = [await house.archive.get(ADA, each.memory.memory_id) for each in inserted]
    assert stored == [each.memory for each in inserted]
    assert [(m.content, m.created_at, m.author, m.sequence) for m in stored] == [
        (d.content, d.created_at, "Caroline", d.origin.sequence) for d in drafts
    ]
    assert [time_of(m.memory_id) for m in stored] == [d.created_at for d in drafts]
    assert [m.content for m in await everything(house)] == [d.content for d in reversed(drafts)]


async def test_those_of_one_moment_stay_in_order(house: House) -> None:
    drafts = [replace(draft, created_at=MAY) for draft in said(30)]

    await house.archive.insert_all(ADA, drafts)

    assert [m.content for m in await everything(house)] == [d.content for d in reversed(drafts)]


async def test_a_thousand_take_few_round_trips(table: Table) -> None:
    counting = CountingTable(table)

    await House(counting).archive.insert_all(ADA, said(1000))

    assert sum(map(len, counting.waves)) < 40


async def test_the_indexes_are_told_of_all_and_only_once(house: House, table: Table) -> None:
    await house.archive.insert_all(ADA, said(120))
    state = await table.get((PARTITION, "ArchiveState"))

    await house.archive.insert_all(ADA, said(120))

    assert await told(table) == set(await keys_of(table, "Archival#"))
    assert await table.get((PARTITION, "ArchiveState")) == state


async def test_one_text_is_stored_at_each_of_its_places(house: House) -> None:
    origins = [
        Origin("one", None, None, 1),
        Origin("one", None, None, 2),
        Origin("two", None, None, 1),
    ]
    drafts = [
        Draft("Yes", origin=origin) for origin in (*origins, *origins, Origin("one"), Origin())
    ]

    inserted = await house.archive.insert_all(ADA, drafts)

    assert [each.created for each in inserted] == [True] * 3 + [False] * 3 + [True, False]
    assert len(await everything(house)) == 4


async def test_what_a_tool_stored_is_not_stored_by_a_batch(house: House) -> None:
    tea = await house.archive.insert(ADA, Draft("tea"))

    [again, other] = await house.archive.insert_all(
        ADA, [Draft("tea", created_at=MAY), Draft("tea", origin=Origin("one", None, None, 1))]
    )

    assert (again.memory, again.created) == (tea.memory, False)
    assert other.created
    assert not (await house.archive.insert(ADA, Draft("tea"))).created


async def test_an_edited_passage_is_not_overwritten_by_the_same_batch(house: House) -> None:
    [first] = await house.archive.insert_all(ADA, said(1))
    update = ArchivalMemoryUpdate(content="Corrected")
    edited = await house.archive.edit(ADA, first.memory.memory_id, update)

    [again] = await house.archive.insert_all(ADA, said(1))

    assert again.created
    assert await house.archive.get(ADA, first.memory.memory_id) == edited
    await house.archive.delete(ADA, first.memory.memory_id)
    await house.archive.delete(ADA, again.memory.memory_id)
    assert (await house.archive.insert_all(ADA, said(1)))[0].created


async def test_deleting_the_memory_deletes_the_locks_of_places(house: House, table: Table) -> None:
    await house.archive.insert_all(ADA, said(3))

    await house.owners.delete(ADA.agent_id, ADA.user_id)

    assert (await table.scan()).items == []


@given(DRAFTS, st.randoms(use_true_random=False))
async def test_batches_of_whatever_order_and_number_leave_one_of_each(
    drafts: list[Draft], random: Random
) -> None:
    table = SqliteTable.open()
    house = House(table)
    shuffled = [*drafts, *drafts]
    random.shuffle(shuffled)

    first = await house.archive.insert_all(ADA, drafts)
    second = await house.archive.insert_all(ADA, shuffled)

    standing = {place(draft): each.memory for draft, each in zip(drafts, first, strict=True)}
    assert sum(each.created for each in first) == len(standing)
    assert [(each.memory, each.created) for each in second] == [
        (standing[place(draft)], False) for draft in shuffled
    ]
    stored = await everything(house)
    assert len(stored) == len(standing)
    assert {m.memory_id for m in stored} == {m.memory_id for m in standing.values()}
    assert await told(table) == set(await keys_of(table, "Archival#"))
    await table.close()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", range(4))
async def test_a_batch_that_breaks_off_is_finished_by_the_next(
    table: Table, writes: int, after: bool
) -> None:
    mortal = MortalTable(table)
    left = iter(range(writes))

    def the_last(action: Action) -> bool:
        is_word = isinstance(action, Put) and action.key[1].startswith("ArchiveChange#")
        return is_word and next(left, None) is None

    if after:
        mortal.dies_after = the_last
    else:
        mortal.dies_before = the_last
    drafts = said(170)

    with pytest.raises(TableUnavailable):
        await House(mortal).archive.insert_all(ADA, drafts)
    stored = set(await keys_of(table, "Archival#"))
    assert await told(table) == stored
    inserted = await House(table).archive.insert_all(ADA, drafts)

    assert sum(each.created for each in inserted) == len(drafts) - len(stored)
    assert [m.content for m in await everything(House(table))] == [
        draft.content for draft in reversed(drafts)
    ]
    assert await told(table) == set(await keys_of(table, "Archival#"))


async def test_of_many_batches_at_once_each_text_is_stored_once(table: Table) -> None:
    drafts = [*said(60), *(Draft(f"Fact {number}") for number in range(60))]
    orders: list[Sequence[Draft]] = [drafts, drafts[::-1], drafts[60:] + drafts[:60], drafts]
    houses = [House(table) for _ in orders]

    batches = await asyncio.gather(
        *(
            house.archive.insert_all(ADA, order)
            for house, order in zip(houses, orders, strict=True)
        ),
        *(houses[0].archive.insert(ADA, draft) for draft in drafts[60:]),
        return_exceptions=True,
    )

    assert [each for each in batches if isinstance(each, BaseException)] == []
    assert len(await everything(houses[0])) == len(drafts)
    assert len(await keys_of(table, "Archival#")) == len(drafts)


async def test_somebody_elses_fresh_lock_makes_the_batch_come_again(
    house: House, table: Table
) -> None:
    await house.archive.insert_all(ADA, said(2))
    [key, _] = [item for item in (await table.scan()).items if item["sk"] == "Lock"]
    fresh: Item = {**key, "memory_id": "nobody", "locked_at": unix_now()}
    await table.write(Put(fresh))

    with pytest.raises(ArchiveBusy):
        await house.archive.insert_all(ADA, said(3))

    await table.write(Put({**fresh, "locked_at": unix_now() - 61}))
    assert len(await house.archive.insert_all(ADA, said(3))) == 3


async def test_large_passages_are_stored_in_several_transactions(house: House) -> None:
    drafts = [Draft(f"{number}" + "\U0001f375" * 99_990) for number in range(25)]

    inserted = await house.archive.insert_all(ADA, drafts)

    assert all(each.created for each in inserted)


@given(DRAFTS, st.sets(st.sampled_from(["food", "DRINK"])), st.sets(st.sampled_from(["food", "x"])))
async def test_pages_of_a_filtered_list_are_disjoint_and_complete(
    drafts: list[Draft], all_of: set[str], any_of: set[str]
) -> None:
    table = SqliteTable.open()
    house = House(table)
    await house.archive.insert_all(ADA, drafts)
    where = Filter(
        since=MAY,
        until=MAY + timedelta(milliseconds=1),
        all_of=frozenset(map(tag_label, all_of)),
        any_of=frozenset(map(tag_label, any_of)),
    )

    listed = await everything(house, where)

    def wanted(memory: ArchivalMemory) -> bool:
        tags = {tag.casefold() for tag in memory.tags}
        return (
            memory.created_at == MAY
            and {tag.casefold() for tag in all_of} <= tags
            and (not any_of or bool(any_of & tags))
        )

    everyone = await everything(house)
    assert [m.memory_id for m in listed] == [m.memory_id for m in everyone if wanted(m)]
    await table.close()


async def test_a_rare_tag_is_found_by_going_on(house: House) -> None:
    rare = [Draft("rare", ("rare",), created_at=MAY)]
    await house.archive.insert_all(ADA, rare)
    many = [Draft(f"Fact {number}", created_at=MAY + timedelta(1)) for number in range(5500)]
    await house.archive.insert_all(ADA, many)
    where = Filter(all_of=frozenset({tag_label("rare")}))

    first = await house.archive.page(ADA, PageRequest(), where=where)
    then = await house.archive.page(ADA, PageRequest(cursor=first.next_cursor), where=where)

    assert (first.items, first.has_more) == ([], True)
    assert ([m.content for m in then.items], then.has_more) == (["rare"], False)


async def documents(house: House, table: Table, *drafts: Draft) -> list[Document]:
    await house.archive.insert_all(ADA, drafts)
    corpus = archive_corpus(ADA.agent_id, ADA.user_id)
    found = await table.query(Query(corpus.pk, begins=corpus.prefix))
    return [document for item in found.items for document in corpus.documents(item)]


async def test_what_is_searched(house: House, table: Table) -> None:
    [line, fact, alone] = await documents(
        house,
        table,
        Draft("Hello", ("Pets",), Origin("session", None, "Caroline", 7), MAY),
        Draft("Has a dog", (), Origin("session", "turn"), MAY + timedelta(seconds=1)),
        Draft("Likes tea", created_at=MAY + timedelta(seconds=2)),
    )

    microseconds = round(MAY.timestamp() * 1_000_000)
    assert line == Document(
        line.sk, "Hello", MAY, 0, "Caroline", "session", 7, MESSAGES, frozenset({"tag:pets"})
    )
    assert (fact.thread, fact.place, fact.kernel) == ("session", microseconds + 1_000_000, FACTS)
    assert (alone.thread, alone.author, alone.labels) == (None, "", frozenset())


async def test_an_edit_of_the_text_alone_drops_the_vector(house: House, table: Table) -> None:
    [inserted] = await house.archive.insert_all(ADA, [Draft("tea")])
    [key] = await keys_of(table, "Archival#")
    item = await table.get((PARTITION, key))
    assert item is not None
    await table.write(Put({**item, "vector": b"\x00<", "vector_model": "m"}))

    async def vector() -> tuple[object, object]:
        found = await table.get((PARTITION, key))
        assert found is not None
        return found.get("vector"), found.get("vector_model")

    memory_id = inserted.memory.memory_id
    await house.archive.edit(ADA, memory_id, ArchivalMemoryUpdate(tags=["food"]))
    assert await vector() == (b"\x00<", "m")
    await house.archive.edit(ADA, memory_id, ArchivalMemoryUpdate(content="coffee"))
    assert await vector() == (None, None)
