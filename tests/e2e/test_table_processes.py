"""The SQLite file when its process is killed, and when several processes share it."""

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from smriti.db.sqlite import SqliteTable
from smriti.db.table import Query
from tests.patience import PATIENCE_S

PROCESSES = 3
ROOT = Path(__file__).parents[2]


def started(path: Path, task: str, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.e2e.table_writer", str(path), task, str(number)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def keys(connection: sqlite3.Connection, pk: str) -> set[str]:
    return {sk for (sk,) in connection.execute("SELECT sk FROM item WHERE pk = ?", (pk,))}


@pytest.mark.parametrize("acknowledged", [1, 300, 4000])
async def test_a_killed_process_loses_nothing_that_it_acknowledged(
    tmp_path: Path, acknowledged: int
) -> None:
    path = tmp_path / "smriti.db"
    process = started(path, "forever", 0)
    assert process.stdout is not None
    lines = list(itertools.islice(process.stdout, acknowledged))
    os.kill(process.pid, signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()

    promised = [line.split() for line in lines if line.endswith("\n")]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        left, right = keys(connection, "left"), keys(connection, "right")
        single = keys(connection, "single")
    assert {sk for pk, sk in promised if pk == "single"} <= single
    assert {sk for pk, sk in promised if pk == "left"} <= left
    assert left == right
    table = SqliteTable.open(path)
    count = await table.get(("count", "transactions"))
    await table.close()
    assert (count or {"n": 0})["n"] == len(left)


async def test_processes_count_together_exactly(tmp_path: Path) -> None:
    path = tmp_path / "smriti.db"
    processes = [started(path, "count", 480) for _ in range(PROCESSES)]
    table = SqliteTable.open(path)
    backup = tmp_path / "backup.db"
    await table.backup_to(backup)  # while they are writing

    for process in processes:
        process.communicate(timeout=PATIENCE_S)

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert await table.get(("count", "shared")) == {"pk": "count", "sk": "shared", "n": 3 * 480}
    await table.restore_from(backup)
    assert len((await table.query(Query("count"))).items) <= 1
    await table.close()


async def test_of_processes_that_create_the_same_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "smriti.db"
    processes = [started(path, "create", 200) for _ in range(PROCESSES)]

    written = [process.communicate(timeout=PATIENCE_S)[0] for process in processes]
    created = Counter(line for text in written for line in text.split("\n"))

    del created[""]
    assert created == {f"shared {n:04}": 1 for n in range(200)}
