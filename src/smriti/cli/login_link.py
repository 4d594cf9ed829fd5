"""`smriti login-link`: a new sign-in link, made in the store itself."""

import asyncio
import sys
from contextlib import AsyncExitStack

from smriti.auth.links import LoginLinks
from smriti.auth.repository import OneTimeRepository
from smriti.cli.configuration import existing_database
from smriti.cli.running import answers, find
from smriti.core.config import Config
from smriti.factories import open_table
from smriti.users.repository import DeletionRepository, UserRepository
from smriti.users.service import UserService

_DEFAULT_URL = "http://127.0.0.1:8000"


def print_login_link(config: Config) -> None:
    """Print it; a server that left no note (`uvicorn main:app`) is sought where it usually is."""
    server = find(config.smriti_data_dir)
    url = server.url if server else config.api_base_url or _DEFAULT_URL
    print(link(config, url, asyncio.run(new_token(config))))
    if not answers(url.rstrip("/")):
        print(
            "No server seems to be running on this data. Start it with `smriti` within "
            "10 minutes, before the link expires.",
            file=sys.stderr,
        )


def link(config: Config, url: str, token: str) -> str:
    """The address to open: under API_BASE_URL if that is set, else where the server listens."""
    return f"{(config.api_base_url or url).rstrip('/')}/login?token={token}"


async def new_token(config: Config) -> str:
    """A token that signs its first bearer in as the owner. `LinksOff` in production."""
    if config.dynamodb_table is None:
        existing_database(config)
    async with AsyncExitStack() as stack:
        table = await open_table(config, stack)
        users = UserService(UserRepository(table), DeletionRepository(table))
        return await LoginLinks(OneTimeRepository(table), users, is_open=config.local).create()
