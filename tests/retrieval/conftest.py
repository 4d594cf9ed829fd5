"""A corpus in an empty table, counted and not."""

from collections.abc import AsyncIterator

import pytest

from smriti.db.table import Table
from smriti.retrieval.indexes import Indexes
from tests.retrieval.library import Library, notes, open_indexes


@pytest.fixture(params=[False, True], ids=["uncounted", "counted"])
def library(table: Table, request: pytest.FixtureRequest) -> Library:
    return Library(table, notes(counted=request.param))


@pytest.fixture
async def indexes(table: Table) -> AsyncIterator[Indexes]:
    opened = open_indexes(table)
    yield opened
    await opened.close()


@pytest.fixture
async def others(table: Table) -> AsyncIterator[Indexes]:
    """Another process's indexes over the same table."""
    opened = open_indexes(table)
    yield opened
    await opened.close()
