"""Memory over the table."""

import pytest

from smriti.db.table import Table
from tests.memory.house import House


@pytest.fixture
def house(table: Table) -> House:
    return House(table)
