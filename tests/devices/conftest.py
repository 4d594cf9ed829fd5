"""What the tests of devices share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smriti.db.table import Table
from tests.devices.lab import Lab, open_lab


@pytest.fixture
async def lab(table: Table, tmp_path: Path) -> AsyncIterator[Lab]:
    """A server on a real socket, and alice's key."""
    async with open_lab(table, tmp_path) as opened:
        yield opened
