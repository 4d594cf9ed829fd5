"""A server with open accounts over a table in memory."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from smriti.db.sqlite import SqliteTable
from smriti.db.table import Table
from tests.auth.server import Server, settings


@pytest.fixture
async def table() -> AsyncIterator[Table]:
    table = SqliteTable.open()
    yield table
    await table.close()


@pytest.fixture
async def server(table: Table) -> AsyncIterator[Server]:
    server = Server(table, settings())
    yield server
    await server.users.close()


@pytest.fixture
async def browser(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    async with server.browser() as browser:
        yield browser
