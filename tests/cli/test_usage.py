"""What an operator sees of somebody's usage, and sets back."""

import asyncio

import pytest

from smriti.cli.failures import CommandFailed
from smriti.cli.usage import reset, show
from smriti.core.clock import utc_now
from smriti.core.config import Config
from smriti.db.sqlite import SqliteTable
from smriti.usage.models import month_after, month_of
from smriti.users.models import User
from smriti.users.repository import UserRepository
from smriti.users.service import UserNotFound
from tests.usage.counting import usage_over

ADA = "ada@example.com"


@pytest.fixture
def used(config: Config) -> Config:
    """A table in which Ada has used something this month."""

    async def use() -> None:
        table = SqliteTable.open(config.database)
        await UserRepository(table).create(User.new(ADA, "Ada"))
        usage = usage_over(table)
        await usage.count_tokens(await usage.take(ADA), "turn", 1234)
        await table.close()

    asyncio.run(use())
    return config


def test_it_is_shown_and_set_back(used: Config, capsys: pytest.CaptureFixture[str]) -> None:
    limited = used.model_copy(update={"plan_limits": "on"})
    month = month_of(utc_now())

    show(limited, "Ada@Example.com ")
    first = capsys.readouterr().out
    reset(used, ADA)
    said = capsys.readouterr().out
    show(used, ADA)
    second = capsys.readouterr().out

    assert first == (
        "Plan Free; limits are on.\n"
        f"{month}             used          of\n"
        "agents                 0           2\n"
        "messages               1         200\n"
        "kb_pages               0          25\n"
        "tokens              1234   unlimited\n"
        "Memory blocks of each agent: 5.\n"
        f"The month ends at {month_after(month)}-01 00:00 UTC.\n"
    )
    assert said == "What ada@example.com has used this month is forgotten.\n"
    assert "limits are off" in second
    assert "messages               0   unlimited\n" in second


def test_there_must_be_such_a_person(used: Config) -> None:
    with pytest.raises(UserNotFound):
        show(used, "nobody@example.com")


def test_there_must_be_data(config: Config) -> None:
    elsewhere = config.model_copy(update={"smriti_data_dir": config.smriti_data_dir / "typo"})

    with pytest.raises(CommandFailed, match="There is no data in"):
        show(elsewhere, ADA)
