"""Fresh embedded tables, in memory and in a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smriti.core.clock import new_id
from smriti.db.sqlite import SqliteTable


@pytest.fixture
def pk() -> str:
    """A partition of its own for every test, so that engines may be shared."""
    return f"P#{new_id()}"


@pytest.fixture
async def memory() -> AsyncIterator[SqliteTable]:
    table = SqliteTable.open()
    yield table
    await table.close()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteTable]:
    table = SqliteTable.open(tmp_path / "smriti.db")
    yield table
    await table.close()
