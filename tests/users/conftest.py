"""A table in memory, and the accounts in it."""

from collections.abc import AsyncIterator

import pytest

from smriti.db.sqlite import SqliteTable
from smriti.db.table import Table
from smriti.users.repository import DeletionRepository, UserRepository
from smriti.users.service import DeleteHook, UserService


@pytest.fixture
async def table() -> AsyncIterator[Table]:
    table = SqliteTable.open()
    yield table
    await table.close()


@pytest.fixture
def users(table: Table) -> UserService:
    return service(table)


def service(table: Table, *on_delete: DeleteHook) -> UserService:
    return UserService(UserRepository(table), DeletionRepository(table), on_delete)
