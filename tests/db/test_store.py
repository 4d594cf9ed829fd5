"""What the store thread does by itself."""

import asyncio
import errno
from pathlib import Path

import pytest

from smriti.db.sqlite import SqliteTable
from smriti.db.sqlite_file import Gate, connect, gate_of
from smriti.db.store import Store
from smriti.db.table import TTL, Put, TableUnavailable
from tests.patience import PATIENCE_S

FULL_SYNC = "PRAGMA synchronous = FULL"


@pytest.fixture
def relaxed(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow disk the first write alone may take as long as the usual while."""
    monkeypatch.setattr("smriti.db.store._SYNC_WITHIN_S", 3.0)


@pytest.mark.usefixtures("relaxed")
async def test_what_was_not_synced_is_checkpointed_soon(file: SqliteTable, tmp_path: Path) -> None:
    path = tmp_path / "smriti.db"
    await file.write(Put({"pk": "p", "sk": "large", "x": "x" * 300_000}))
    assert path.stat().st_size < 300_000

    async with asyncio.timeout(PATIENCE_S):
        while path.stat().st_size < 300_000:
            await file.write(Put({"pk": "p", "sk": "small"}))
            for _ in range(1000):
                await file.get(("p", "small"))


@pytest.mark.usefixtures("relaxed")
async def test_only_writes_that_go_on_wait_for_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "smriti.db"
    connection, statements = connect(path), list[str]()
    connection.set_trace_callback(statements.append)
    table = SqliteTable(Store(connection, gate_of(path), "bounded"), path)

    await table.write(Put({"pk": "p", "sk": "after silence"}))

    assert FULL_SYNC not in statements
    async with asyncio.timeout(PATIENCE_S):
        while FULL_SYNC not in statements:
            await table.write(Put({"pk": "p", "sk": "again"}))
    await table.close()


async def test_expired_items_are_swept() -> None:
    table = SqliteTable(Store(connect(None), None, "bounded", sweep_every_s=0.0), None)
    await table.write(Put({"pk": "p", "sk": "s", TTL: 1}))

    async with asyncio.timeout(PATIENCE_S):
        while (await table.scan()).items:
            await table.get(("p", "s"))

    await table.close()


async def test_a_store_goes_on_after_it_could_not_keep_house(tmp_path: Path) -> None:
    path = tmp_path / "smriti.db"
    gate = gate_of(path)
    store = Store(connect(path), Gate(tmp_path / "smriti.db.lock", timeout_s=0.0), "bounded")
    table = SqliteTable(store, path)
    await table.write(Put({"pk": "p", "sk": "s"}))
    await table.write(Put({"pk": "p", "sk": "unsynced"}))

    with gate:
        with pytest.raises(TableUnavailable):
            await table.write(Put({"pk": "p", "sk": "t"}))
        assert await table.get(("p", "s")) == {"pk": "p", "sk": "s"}

    await table.write(Put({"pk": "p", "sk": "t"}))
    assert await table.get(("p", "t")) == {"pk": "p", "sk": "t"}
    await table.close()
    gate.close()


class BreakingGate(Gate):
    """A gate that the kernel refuses to lock while `broken`."""

    broken = False

    def __enter__(self) -> None:
        if self.broken:
            raise OSError(errno.ENOLCK, "No locks available")
        super().__enter__()


async def test_a_lock_that_fails_fails_its_callers_and_not_the_store(tmp_path: Path) -> None:
    path = tmp_path / "smriti.db"
    gate = BreakingGate(tmp_path / "smriti.db.lock")
    table = SqliteTable(Store(connect(path), gate, "bounded"), path)

    gate.broken = True
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(TableUnavailable):
            await table.write(Put({"pk": "p", "sk": "s"}))
        gate.broken = False
        await table.write(Put({"pk": "p", "sk": "s"}))

    assert await table.get(("p", "s")) == {"pk": "p", "sk": "s"}
    await table.close()
