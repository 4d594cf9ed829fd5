"""What the application answers when the store fails, and to bodies that are too large."""

from pathlib import Path

import pytest

from smriti.app import create_app
from smriti.core.config import Config
from smriti.db.sqlite import SqliteTable
from smriti.db.table import InvalidOperation, Table, TableBusy, TableUnavailable
from smriti.users.repository import UserRepository
from tests.agents.test_agents import AGENT
from tests.api.clients import open_client
from tests.fakes.failing_table import FailingTable
from tests.home import PASSWORD, Home, open_home


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


async def test_passwords_are_hashed_as_is_recommended(table: Table, tmp_path: Path) -> None:
    app = create_app(
        Config(_env_file=None, smriti_data_dir=tmp_path, log_level="ERROR"), table=table
    )
    account = {"username": "alice", "password": PASSWORD}

    async with app.router.lifespan_context(app), open_client(app) as client:
        await client.post("/auth/local/signup", json=account)

    alice = await UserRepository(table).find("alice@local")
    assert alice is not None
    assert (alice.password_hash or "").startswith("scrypt$16384$")
