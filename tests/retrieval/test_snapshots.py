"""Indexes on disk: there after a restart, and never instead of what the table says."""

import hashlib
import os
import stat
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from smriti.db.table import ItemPage, Query, Table
from smriti.retrieval.changes import KEPT_S
from smriti.retrieval.following import Follower
from smriti.retrieval.held import Held
from smriti.retrieval.indexes import Indexes
from smriti.retrieval.keeping import Keeper
from smriti.retrieval.snapshots import Snapshots
from tests.fakes.counting_table import CountingTable
from tests.retrieval.library import Library, notes, open_indexes

LARGE = 50
RESTORED = 1
"""Calls of the table for the first search with a saved index; without one there are more."""


@asynccontextmanager
async def opened(
    table: Table, directory: Path, *, store: str = "sqlite", most_bytes: int = 2**30
) -> AsyncIterator[Indexes]:
    """Indexes of a process from its start to its end."""
    snapshots = Snapshots(directory, most_bytes=most_bytes, store=store, min_documents=LARGE)
    indexes = open_indexes(table, snapshots=snapshots)
    yield indexes
    await indexes.close()


async def total(indexes: Indexes, library: Library) -> int:
    return (await indexes.search(library.corpus, "coffee")).total


async def first_calls(
    table: Table, directory: Path, library: Library, *, store: str = "sqlite"
) -> int:
    """How many calls of the table the first search of a new process makes."""
    counting = CountingTable(table)
    async with opened(counting, directory, store=store) as indexes:
        assert await total(indexes, library) == len(await library.expected("coffee"))
        return sum(map(len, counting.waves))


def content(path: Path) -> bytes:
    return path.read_bytes()


def damage(path: Path, damaged: bytes) -> None:
    path.write_bytes(damaged)


def files(directory: Path) -> set[Path]:
    return set(directory.iterdir()) if directory.exists() else set()


def written(path: Path) -> float:
    return path.stat().st_mtime


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


@pytest.fixture
async def large(table: Table) -> Library:
    library = Library(table, notes())
    await library.fill([f"coffee number {number}" for number in range(LARGE)])
    return library


@pytest.fixture
async def saved(table: Table, large: Library, tmp_path: Path) -> Path:
    """The file that a process left behind."""
    async with opened(table, tmp_path / "indexes") as indexes:
        await total(indexes, large)
    (path,) = files(tmp_path / "indexes")
    return path


async def test_a_saved_index_is_not_built_again(table: Table, large: Library, saved: Path) -> None:
    assert await first_calls(table, saved.parent, large) == RESTORED


async def test_a_small_index_is_not_saved(table: Table, tmp_path: Path) -> None:
    library = Library(table, notes())
    await library.fill(["coffee"] * (LARGE - 1))
    async with opened(table, tmp_path / "indexes") as indexes:
        await total(indexes, library)

    assert files(tmp_path / "indexes") == set()
    assert await first_calls(table, tmp_path / "indexes", library) > RESTORED


async def test_only_the_owner_may_read_it(saved: Path) -> None:
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (saved.parent, saved)]

    assert modes == [0o700, 0o600]


async def test_it_is_caught_up(table: Table, large: Library, saved: Path) -> None:
    added = await large.add("coffee at the end")
    await large.add_earlier("coffee of old")
    await large.edit(added, "tea")

    async with opened(table, saved.parent) as indexes:
        assert await total(indexes, large) == LARGE + 1
        assert await large.found(indexes, "tea") == ["tea"]


async def test_it_is_written_again_when_much_is_new(
    table: Table, large: Library, saved: Path
) -> None:
    before = content(saved)
    async with opened(table, saved.parent) as indexes:
        await large.add("coffee")
        await total(indexes, large)
        assert content(saved) == before
        for number in range(LARGE):
            await large.add(f"more coffee {number}")
        await total(indexes, large)
        while content(saved) == before:
            await total(indexes, large)


@pytest.mark.parametrize("damaged", [b"", b"nonsense", b"smriti-index-2\r\n" + bytes(100)])
async def test_a_damaged_file_is_thrown_away(
    table: Table, large: Library, saved: Path, damaged: bytes
) -> None:
    damage(saved, damaged)

    assert await first_calls(table, saved.parent, large) > RESTORED
    assert await first_calls(table, saved.parent, large) == RESTORED


async def test_a_file_that_was_cut_is_thrown_away(
    table: Table, large: Library, saved: Path
) -> None:
    damage(saved, content(saved)[:-1])

    assert await first_calls(table, saved.parent, large) > RESTORED


async def test_another_tables_file_is_thrown_away(
    table: Table, large: Library, saved: Path
) -> None:
    assert await first_calls(table, saved.parent, large, store="dynamodb here there") > RESTORED


async def test_another_corpus_file_is_thrown_away(
    table: Table, large: Library, saved: Path
) -> None:
    other = Library(table, notes("Other"))
    await other.fill(["coffee"] * LARGE)
    async with opened(table, saved.parent) as indexes:
        await total(indexes, other)
    (others,) = files(saved.parent) - {saved}
    damage(others, content(saved))

    assert await first_calls(table, saved.parent, other) > RESTORED


async def test_a_corpus_that_began_anew_holds_nothing_of_a_saved_one(
    table: Table, large: Library, saved: Path
) -> None:
    await large.delete_all()
    await large.add_earlier("new coffee")

    async with opened(table, saved.parent) as indexes:
        assert await large.found(indexes, "coffee") == ["new coffee"]


async def test_what_is_forgotten_is_deleted(table: Table, large: Library, saved: Path) -> None:
    async with opened(table, saved.parent) as indexes:
        await total(indexes, large)
        indexes.forget(large.corpus)

    assert files(saved.parent) == set()


async def test_what_others_forgot_is_not_saved_again(
    table: Table, large: Library, saved: Path
) -> None:
    async with opened(table, saved.parent) as indexes, opened(table, saved.parent) as others:
        await large.add("coffee")
        await total(indexes, large)
        await large.delete_all()
        others.forget(large.corpus)

    assert files(saved.parent) == set()


async def test_what_is_deleted_while_it_is_written_is_not_left_on_disk(
    table: Table, large: Library, tmp_path: Path
) -> None:
    snapshots = Snapshots(tmp_path, most_bytes=2**30, store="sqlite", min_documents=LARGE)

    class Meanwhile(CountingTable):
        async def query(self, query: Query) -> ItemPage:
            """By somebody who does not know that it is about to be written."""
            page = await super().query(query)
            await large.delete_all()
            snapshots.forget(large.corpus)
            return page

    held = Held(large.corpus, "")
    with ThreadPoolExecutor(1) as pool:
        await Follower(table, pool).follow(held)
        await Keeper(Meanwhile(table), pool, snapshots).save(held)

    assert files(tmp_path) == set()


async def test_a_word_of_what_was_deleted_before_is_in_no_file(
    table: Table, large: Library, tmp_path: Path
) -> None:
    sk = await large.add("zanzibar")
    async with opened(table, tmp_path / "indexes") as indexes:
        assert await large.found(indexes, "zanzibar") == ["zanzibar"]
        await large.delete(sk)
        await total(indexes, large)

    (path,) = files(tmp_path / "indexes")
    assert b"zanzibar" not in content(path)


async def test_a_file_is_deleted_in_the_end_though_it_is_wanted_all_the_time(
    table: Table, large: Library, saved: Path
) -> None:
    """What it holds may have been deleted since."""
    other = Library(table, notes("Other"))
    await other.add("coffee")
    age(saved, KEPT_S - 60)
    written_at = written(saved)
    assert await first_calls(table, saved.parent, large) == RESTORED
    assert written(saved) == written_at

    age(saved, KEPT_S + 60)
    await first_calls(table, saved.parent, other)

    assert files(saved.parent) == set()


async def test_a_file_of_another_version_is_thrown_away(
    table: Table, large: Library, saved: Path
) -> None:
    body = content(saved)[:-32].replace(b'"settings"', b'"sittings"')
    damage(saved, body + hashlib.sha256(body).digest())

    assert await first_calls(table, saved.parent, large) > RESTORED
    assert await first_calls(table, saved.parent, large) == RESTORED


async def test_an_index_that_makes_room_is_saved(table: Table, large: Library, saved: Path) -> None:
    small = Library(table, notes("Small"))
    await small.add("coffee")
    snapshots = Snapshots(saved.parent, most_bytes=2**30, store="sqlite", min_documents=LARGE)
    indexes = open_indexes(table, budget_bytes=1, snapshots=snapshots)
    for number in range(3):
        await large.add(f"more coffee {number}")
    await total(indexes, large)
    before = content(saved)

    await total(indexes, small)

    while content(saved) == before:
        await total(indexes, small)
    await indexes.close()


async def test_the_oldest_files_make_room(table: Table, large: Library, saved: Path) -> None:
    size = len(content(saved))
    age(saved, 60)
    other = Library(table, notes("Other"))
    await other.fill([f"coffee number {number}" for number in range(LARGE)])

    async with opened(table, saved.parent, most_bytes=size + size // 2) as indexes:
        await total(indexes, other)

    (left,) = files(saved.parent)
    assert left != saved


async def test_files_that_nobody_wanted_for_long_are_deleted(
    table: Table, large: Library, saved: Path
) -> None:
    age(saved, KEPT_S + 60)
    other = Library(table, notes("Other"))
    await other.fill(["coffee"] * LARGE)

    async with opened(table, saved.parent) as indexes:
        await total(indexes, other)

    (left,) = files(saved.parent)
    assert left != saved


async def test_a_directory_that_cannot_be_made_costs_nothing_else(
    table: Table, large: Library, tmp_path: Path
) -> None:
    damage(tmp_path / "indexes", b"a file")

    assert await first_calls(table, tmp_path / "indexes", large) > RESTORED
