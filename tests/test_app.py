"""What the application answers when the store fails."""

from pathlib import Path

import pytest

from smriti.db.sqlite import SqliteTable
from smriti.db.table import InvalidOperation, TableBusy, TableUnavailable
from tests.agents.test_agents import AGENT
from tests.fakes.failing_table import FailingTable
from tests.home import open_home


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TableUnavailable("Gone."), 503),
        (TableBusy("Busy."), 503),
        (InvalidOperation("A bug."), 500),
    ],
)
async def test_an_outage_is_told_from_a_bug(tmp_path: Path, error: Exception, status: int) -> None:
    table = FailingTable(SqliteTable.open())
    async with open_home(table, tmp_path) as home:
        table.breaks, table.error = lambda _: True, error

        response = await home.client.post("/agents", json=AGENT)

    assert response.status_code == status
    assert str(error) not in response.text
    await table.close()
