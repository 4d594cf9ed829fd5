"""What a sign-in page learns before anybody is signed in."""

from pathlib import Path
from typing import Any

import pytest

from smriti.db.table import Table
from tests.api.clients import open_client
from tests.home import open_home

_GOOGLE = {"google_client_id": "our-client", "google_client_secret": "a-secret"}
_PRODUCTION = {
    "environment": "production",
    "jwt_secret": "j" * 32,
    "encryption_key": "e" * 32,
    "api_base_url": "https://smriti.example",
}


@pytest.mark.parametrize(
    ("settings", "methods"),
    [
        ({}, (True, False, True)),
        (_GOOGLE, (True, True, True)),
        (_GOOGLE | _PRODUCTION, (False, True, False)),
    ],
)
async def test_a_stranger_learns_how_to_sign_in(
    settings: dict[str, Any], methods: tuple[bool, bool, bool], table: Table, tmp_path: Path
) -> None:
    async with open_home(table, tmp_path, **settings) as home, open_client(home.app) as stranger:
        answer = await stranger.get("/auth/methods")

    local_accounts, google, link = methods
    assert answer.json() == {"local_accounts": local_accounts, "google": google, "link": link}
