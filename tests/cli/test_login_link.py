"""Sign-in links made at the server's side."""

import pytest

from smriti.auth.links import LinksOff, LoginLinks
from smriti.auth.repository import OneTimeRepository
from smriti.cli.failures import CommandFailed
from smriti.cli.login_link import link, new_token
from smriti.core.config import Config
from smriti.db.sqlite import SqliteTable
from smriti.users.repository import DeletionRepository, UserRepository
from smriti.users.service import UserService


async def test_a_token_opens_the_owners_account(config: Config) -> None:
    token = await new_token(config)

    table = SqliteTable.open(config.smriti_data_dir / "smriti.db")
    users = UserService(UserRepository(table), DeletionRepository(table))
    user = await LoginLinks(OneTimeRepository(table), users, is_open=True).redeem(token)
    await table.close()
    assert user.email == "owner@local"


async def test_there_are_no_links_in_production(config: Config) -> None:
    public = config.model_copy(update={"environment": "production"})

    with pytest.raises(LinksOff):
        await new_token(public)


async def test_no_link_is_made_where_no_data_is(config: Config) -> None:
    elsewhere = config.model_copy(update={"smriti_data_dir": config.smriti_data_dir / "typo"})

    with pytest.raises(CommandFailed, match="There is no data in"):
        await new_token(elsewhere)

    assert not elsewhere.smriti_data_dir.exists()


def test_a_link_is_written_under_the_address_that_clients_use(config: Config) -> None:
    public = config.model_copy(update={"api_base_url": "https://smriti.example/"})

    assert link(config, "http://[::1]:80", "t0") == "http://[::1]:80/login?token=t0"
    assert link(public, "http://[::1]:80", "t0") == "https://smriti.example/login?token=t0"
