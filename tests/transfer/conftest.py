"""What tests of files share."""

import asyncio
from collections.abc import Iterator

import pytest

from smriti.db.sqlite import SqliteTable
from tests.home import Home, open_home


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def open_for_all(
    runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    """One server for all examples: each makes an agent of its own."""
    table = SqliteTable.open()
    opening = open_home(table, tmp_path_factory.mktemp("data"))
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))
    runner.run(table.close())
