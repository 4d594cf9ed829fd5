"""What the application answers when the store fails, and to bodies that are too large."""

from pathlib import Path

import pytest

from smriti.db.sqlite import SqliteTable
from smriti.db.table import InvalidOperation, TableBusy, TableUnavailable
from tests.agents.test_agents import AGENT
from tests.fakes.failing_table import FailingTable
from tests.home import Home, open_home


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


async def test_a_large_body_is_read_for_who_is_signed_in_alone(home: Home) -> None:
    conversation = await home.conversation(await home.agent())
    body = {"content": "word " * 60_000}

    known = await home.send(conversation, body)
    path = known.request.url
    stranger = await home.client.post(path, json=body, headers={"Authorization": "Bearer none"})

    assert known.status_code == 200
    assert stranger.status_code == 413
