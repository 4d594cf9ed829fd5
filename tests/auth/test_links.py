"""One-time sign-in links of a local server."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from smriti.auth.links import LinksOff
from smriti.auth.repository import OneTimeRepository
from smriti.auth.sessions import COOKIE
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Query, Table
from tests.auth.server import SAME_ORIGIN, Server, settings

PRODUCTION = {"environment": "production", "local_accounts": "on"}


async def test_a_link_signs_a_browser_in_as_the_owner(
    server: Server, browser: httpx2.AsyncClient
) -> None:
    token = await server.links.create()

    answer = await browser.get("/login", params={"token": token})
    me = await browser.get("/auth/me", headers=SAME_ORIGIN)

    assert (answer.status_code, answer.headers["location"]) == (303, "/app/")
    assert me.json() == {
        "email": "owner@local",
        "name": "Owner",
        "picture": None,
        "has_password": False,
        "sign_in": "link",
    }
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=ey")
    assert cookie.split("; ", 1)[1] == "HttpOnly; Max-Age=604800; Path=/; SameSite=strict"


async def test_over_https_the_cookie_is_secure(server: Server) -> None:
    token = await server.links.create()

    async with server.browser("https://127.0.0.1") as browser:
        answer = await browser.get("/login", params={"token": token})

    assert "; Secure" in answer.headers["set-cookie"]


async def test_a_used_link_shows_a_page_that_says_what_to_do(
    server: Server, browser: httpx2.AsyncClient
) -> None:
    token = await server.links.create()
    await browser.get("/login", params={"token": token})

    answer = await browser.get("/login", params={"token": token})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "used already, or is older than 10 minutes" in answer.text
    assert "smriti login-link" in answer.text
    assert "<script" not in answer.text
    assert token not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("query", ["", "?token=", "?token=nonsense"])
async def test_a_link_that_was_never_made_signs_nobody_in(
    browser: httpx2.AsyncClient, query: str
) -> None:
    answer = await browser.get(f"/login{query}")

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_an_old_link_signs_nobody_in(
    server: Server, browser: httpx2.AsyncClient, table: Table
) -> None:
    await OneTimeRepository(table).add_link("an-old-link", lifetime_s=-1)

    answer = await browser.get("/login", params={"token": "an-old-link"})

    assert answer.status_code == 401


async def test_looking_ahead_does_not_use_a_link_up(
    server: Server, browser: httpx2.AsyncClient
) -> None:
    token = await server.links.create()

    head = await browser.head("/login", params={"token": token})
    prefetch = await browser.get(
        "/login", params={"token": token}, headers={"Sec-Purpose": "prefetch;prerender"}
    )
    answer = await browser.get("/login", params={"token": token})

    assert (head.status_code, prefetch.status_code, answer.status_code) == (405, 403, 303)


async def test_of_two_uses_at_once_one_wins(tmp_path: Path) -> None:
    tables = [SqliteTable.open(tmp_path / "smriti.db") for _ in range(2)]
    servers = [Server(table, settings()) for table in tables]
    token = await servers[0].links.create()

    async with servers[0].browser() as one, servers[1].browser() as two:
        answers = await asyncio.gather(
            *(browser.get("/login", params={"token": token}) for browser in (one, two, one, two))
        )

    assert sorted(answer.status_code for answer in answers) == [303, 401, 401, 401]
    for table in tables:
        await table.close()


async def test_a_terminal_changes_a_link_for_a_bearer_token(
    server: Server, browser: httpx2.AsyncClient
) -> None:
    token = await server.links.create()

    answer = await browser.post("/auth/link", json={"token": token})
    again = await browser.post("/auth/link", json={"token": token})
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    me = await browser.get("/whoami", headers=headers)

    assert answer.json() == {
        "token": answer.json()["token"],
        "email": "owner@local",
        "name": "Owner",
    }
    assert me.json() == "owner@local"
    assert (again.status_code, again.json()["type"]) == (401, "/problems/link-spent")


async def test_only_a_hash_of_the_link_is_stored(server: Server, table: Table) -> None:
    token = await server.links.create()

    items = (await table.scan()).items

    assert len(items) == 1
    assert items[0]["pk"] == items[0]["sk"]
    assert str(items[0]["pk"]).startswith("LoginLink#")
    assert token not in str(items)


async def test_every_link_leads_to_the_same_account(
    server: Server, browser: httpx2.AsyncClient, table: Table
) -> None:
    for _ in range(2):
        await browser.post("/auth/link", json={"token": await server.links.create()})

    assert len((await table.query(Query("User#owner@local"))).items) == 1


async def test_in_production_there_are_no_links(table: Table) -> None:
    server = Server(table, settings(**PRODUCTION))

    with pytest.raises(LinksOff):
        await server.links.create()
    async with server.browser() as browser:
        opened = await browser.get("/login", params={"token": "x"})
        exchanged = await browser.post("/auth/link", json={"token": "x"})

    assert (opened.status_code, exchanged.status_code) == (403, 403)
