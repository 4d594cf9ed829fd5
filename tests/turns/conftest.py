"""Memory over the table, for what turns do with it."""

import pytest

from smriti.db.table import Table
from tests.memory.house import House


@pytest.fixture
def house(table: Table) -> House:
    return House(table)
