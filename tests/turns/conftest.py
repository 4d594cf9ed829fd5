"""Memory over the table, for what turns do with it; several processes on one table."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smriti.db.table import Table
from tests.memory.house import House
from tests.turns.crashing import Cluster


@pytest.fixture
def house(table: Table) -> House:
    return House(table)


@pytest.fixture
async def cluster(table: Table, tmp_path: Path) -> AsyncIterator[Cluster]:
    async with Cluster.opened(table, tmp_path) as opened:
        yield opened
