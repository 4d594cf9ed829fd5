"""What the embedded engine promises beyond the contract."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from smriti.core.clock import unix_now
from smriti.db.sqlite import SqliteTable
from smriti.db.sqlite_file import SCHEMA_VERSION, DatabaseRefused, Gate
from smriti.db.store import MAX_WAITING
from smriti.db.table import (
    NEW,
    TTL,
    Add,
    Append,
    InvalidOperation,
    Item,
    ItemPage,
    Put,
    Query,
    Set,
    TableBusy,
    TableUnavailable,
)

ITEM: Item = {"pk": "p", "sk": "s", "bytes": b"\x00", "gsi2_pk": "g", "gsi2_sk": "k"}


def pragma(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


async def test_items_outlive_the_process(tmp_path: Path) -> None:
    path = tmp_path / "new" / "smriti.db"
    first = SqliteTable.open(path)
    await first.write(Put(ITEM))
    await first.close()

    second = SqliteTable.open(path, durability="full")

    assert await second.get(("p", "s")) == ITEM
    assert await second.query(Query("g", index=True)) == ItemPage([ITEM])
    await second.close()


async def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "smriti.db"
    table = SqliteTable.open(path)
    await table.write(Put(ITEM))
    await table.backup_to(tmp_path / "data" / "backup.db")

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    names = ("smriti.db", "smriti.db-wal", "smriti.db-shm", "smriti.db.lock", "backup.db")
    assert modes == dict.fromkeys(names, 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await table.close()


def test_one_table_serves_one_event_loop_after_another() -> None:
    table = SqliteTable.open()

    asyncio.run(table.write(Put(ITEM)))

    assert asyncio.run(table.get(("p", "s"))) == ITEM
    asyncio.run(table.close())


async def test_a_failing_operation_spoils_no_other(memory: SqliteTable) -> None:
    await memory.write(Put({**ITEM, "n": 1}))

    results = await asyncio.gather(
        memory.update(("p", "1"), Add("n", 1)),
        memory.update(("p", "s"), Append("n", [1])),
        memory.write(Put(ITEM, when=NEW)),
        memory.write(Put({"pk": "p", "sk": "2"}), Put(ITEM, when=NEW)),
        memory.query(Query("p", after="broken")),
        memory.update(("p", "1"), Add("n", 1)),
        return_exceptions=True,
    )

    assert [type(result).__name__ for result in results] == [
        "dict",
        "InvalidOperation",
        "ConditionFailed",
        "TransactionFailed",
        "InvalidPosition",
        "dict",
    ]
    stored = await memory.query(Query("p"))
    assert stored.items == [{"pk": "p", "sk": "1", "n": 2}, {**ITEM, "n": 1}]


async def test_who_stops_waiting_neither_stops_the_write_nor_the_others(
    memory: SqliteTable,
) -> None:
    impatient = asyncio.ensure_future(memory.write(Put(ITEM)))
    patient = asyncio.ensure_future(memory.update(("p", "n"), Add("n", 1)))
    asyncio.get_running_loop().call_soon(impatient.cancel)

    with pytest.raises(asyncio.CancelledError):
        await impatient

    assert await patient == {"pk": "p", "sk": "n", "n": 1}
    assert await memory.get(("p", "s")) == ITEM


async def test_close_finishes_what_waits(tmp_path: Path) -> None:
    path = tmp_path / "smriti.db"
    table = SqliteTable.open(path)
    writes = [asyncio.ensure_future(table.update(("p", "n"), Add("n", 1))) for _ in range(600)]
    await asyncio.sleep(0)

    await table.close()
    await table.close()
    await asyncio.gather(*writes)

    with pytest.raises(TableUnavailable):
        await table.get(("p", "n"))
    reopened = SqliteTable.open(path)
    assert await reopened.get(("p", "n")) == {"pk": "p", "sk": "n", "n": 600}
    await reopened.close()


async def test_too_many_that_wait_are_turned_away(file: SqliteTable, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "smriti.db.lock")
    with gate:
        waiting = [
            asyncio.ensure_future(file.update(("p", "n"), Add("n", 1)))
            for _ in range(MAX_WAITING + 257)
        ]
        await asyncio.sleep(0)
        with pytest.raises(TableBusy):
            await file.update(("p", "n"), Add("n", 1))
    gate.close()

    results = await asyncio.gather(*waiting, return_exceptions=True)

    done = [result for result in results if isinstance(result, dict)]
    assert len(done) >= MAX_WAITING
    assert await file.get(("p", "n")) == {"pk": "p", "sk": "n", "n": len(done)}


async def test_a_failing_database_is_unavailable_until_it_works_again(
    file: SqliteTable, tmp_path: Path
) -> None:
    path = tmp_path / "smriti.db"
    pragma(path, "CREATE TRIGGER full BEFORE INSERT ON item BEGIN SELECT raise(FAIL, 'full'); END")

    results = await asyncio.gather(
        file.write(Put(ITEM)), file.update(("p", "n"), Add("n", 1)), return_exceptions=True
    )
    assert [type(result) for result in results] == [TableUnavailable, TableUnavailable]

    pragma(path, "DROP TRIGGER full")
    await file.write(Put(ITEM))
    assert (await file.query(Query("p"))).items == [ITEM]


async def test_the_sweeper_deletes_what_has_expired(memory: SqliteTable) -> None:
    now = unix_now()
    expired: list[Item] = [{"pk": "p", "sk": f"{n:03}", TTL: now - n} for n in range(510)]
    kept: list[Item] = [{"pk": "p", "sk": "alive", TTL: now + 500}, {"pk": "p", "sk": "eternal"}]
    await memory.bulk(puts=[*expired, *kept])

    assert [await memory.sweep() for _ in range(3)] == [500, 10, 0]
    assert (await memory.scan()).items == kept


async def test_a_backup_is_one_whole_file(file: SqliteTable, tmp_path: Path) -> None:
    target = tmp_path / "backup" / "smriti.db"
    target.parent.mkdir()
    target.write_text("an older backup", encoding="utf-8")
    await file.write(Put(ITEM))

    await file.backup_to(target)

    assert [path.name for path in target.parent.iterdir()] == ["smriti.db"]
    copied = SqliteTable.open(target)
    assert (await copied.scan()).items == [ITEM]
    await copied.close()


async def test_a_backup_that_cannot_be_written_says_so(file: SqliteTable, tmp_path: Path) -> None:
    with pytest.raises(TableUnavailable):
        await file.backup_to(tmp_path / "missing" / "backup.db")


async def test_restore_replaces_everything(file: SqliteTable, tmp_path: Path) -> None:
    await file.write(Put(ITEM))
    await file.backup_to(tmp_path / "backup.db")
    await file.write(Put({**ITEM, "gsi2_pk": "h"}), Put({"pk": "p", "sk": "later"}))
    other = SqliteTable.open(tmp_path / "smriti.db")

    await file.restore_from(tmp_path / "backup.db")

    for table in (file, other):
        assert (await table.scan()).items == [ITEM]
        assert (await table.query(Query("g", index=True))).items == [ITEM]
        assert (await table.query(Query("h", index=True))).items == []
    await other.update(("p", "s"), Set("x", 1))
    assert (await file.get(("p", "s")) or {})["x"] == 1
    await other.close()


async def test_a_table_in_memory_can_be_restored_but_has_no_file(
    file: SqliteTable, memory: SqliteTable, tmp_path: Path
) -> None:
    await file.write(Put(ITEM))
    await file.backup_to(tmp_path / "backup.db")

    await memory.restore_from(tmp_path / "backup.db")

    assert (await memory.scan()).items == [ITEM]
    with pytest.raises(InvalidOperation):
        await memory.backup_to(tmp_path / "other.db")


async def test_what_is_no_backup_changes_nothing(file: SqliteTable, tmp_path: Path) -> None:
    await file.write(Put(ITEM))
    text, other, empty = tmp_path / "text", tmp_path / "other.db", tmp_path / "empty"
    text.write_text("Not a database at all. " * 100, encoding="utf-8")
    pragma(other, "CREATE TABLE item (pk TEXT)")
    empty.touch()
    damaged = tmp_path / "damaged.db"
    await file.bulk(puts=[{"pk": "p", "sk": str(n), "x": "x" * 2000} for n in range(50)])
    await file.backup_to(damaged)
    bytes_ = bytearray(damaged.read_bytes())
    bytes_[8192:16384] = b"\xff" * 8192
    damaged.write_bytes(bytes_)
    before = await file.scan()

    for source in (text, other, empty, damaged, tmp_path / "missing", tmp_path / "smriti.db"):
        with pytest.raises(DatabaseRefused):
            await file.restore_from(source)

    assert await file.scan() == before
    with pytest.raises(DatabaseRefused):
        await file.backup_to(tmp_path / "smriti.db")


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("Not a database at all. " * 100, encoding="utf-8")
    pragma(other, "CREATE TABLE something (x)")

    for path in (text, other):
        before = path.read_bytes()
        with pytest.raises(DatabaseRefused):
            SqliteTable.open(path)
        assert path.read_bytes() == before


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "smriti.db"
    await SqliteTable.open(path).close()
    pragma(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    with pytest.raises(DatabaseRefused, match="newer version"):
        SqliteTable.open(path)


def test_a_path_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "smriti.db").mkdir()

    with pytest.raises(TableUnavailable):
        SqliteTable.open(tmp_path / "smriti.db")
