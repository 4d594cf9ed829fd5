"""Accounts with a name and a password."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smriti.auth.throttle import FAILURES
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Set, Table
from smriti.users.repository import user_key
from tests.auth.server import SAME_ORIGIN, Server, old, settings

ADA = {"username": "ada", "password": "correct horse"}


async def sign_up(browser: httpx2.AsyncClient, **changes: str) -> httpx2.Response:
    return await browser.post("/auth/local/signup", json=ADA | changes)


async def log_in(browser: httpx2.AsyncClient, **changes: str) -> httpx2.Response:
    return await browser.post("/auth/local/login", json=ADA | changes)


def said(answer: httpx2.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["detail"]


async def test_who_signs_up_is_signed_in(browser: httpx2.AsyncClient) -> None:
    answer = await sign_up(browser)
    body = answer.json()
    me = await browser.get("/whoami", headers={"Authorization": f"Bearer {body['token']}"})

    assert answer.status_code == 200
    assert body == {"token": body["token"], "email": "ada@local", "name": "ada"}
    assert me.json() == "ada@local"
    assert answer.headers["cache-control"] == "no-store"


async def test_who_has_a_password_is_shown_so(browser: httpx2.AsyncClient) -> None:
    token = (await sign_up(browser)).json()["token"]

    me = await browser.get("/auth/me", headers={"Authorization": f"Bearer {token}"})

    assert me.json() == {
        "email": "ada@local",
        "name": "ada",
        "picture": None,
        "has_password": True,
        "sign_in": "local",
    }


async def test_who_has_an_account_can_log_in(browser: httpx2.AsyncClient) -> None:
    await sign_up(browser)

    answer = await log_in(browser, username=" ADA ")

    assert answer.status_code == 200
    assert answer.json()["email"] == "ada@local"


@pytest.mark.parametrize("username", ["ada", " Ada ", "owner", "OWNER"])
async def test_a_taken_name_is_refused(browser: httpx2.AsyncClient, username: str) -> None:
    await sign_up(browser)

    answer = await sign_up(browser, username=username, password="another password")

    assert said(answer) == (400, "Username already taken")


@pytest.mark.parametrize(
    "changes",
    [
        {"username": ""},
        {"username": "a" * 41},
        {"username": "ada lovelace"},
        {"username": "ada@example.com"},
        {"username": "ädä"},
        {"username": "ada\n"},
        {"password": "seven77"},
        {"password": "x" * 1025},
    ],
)
async def test_a_bad_name_or_password_is_refused(
    browser: httpx2.AsyncClient, changes: dict[str, str]
) -> None:
    answer = await sign_up(browser, **changes)

    assert said(answer) == (422, "Validation error")
    assert "correct horse" not in answer.text


@pytest.mark.parametrize("field", ["username", "password"])
async def test_text_that_is_none_is_refused(browser: httpx2.AsyncClient, field: str) -> None:
    body = json.dumps(ADA | {field: "\ud800-surrogate"})

    answer = await browser.post("/auth/local/signup", content=body)

    assert said(answer) == (422, "Validation error")


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"username": "bob"}])
async def test_a_wrong_password_and_an_unknown_name_look_alike(
    browser: httpx2.AsyncClient, changes: dict[str, str]
) -> None:
    await sign_up(browser)

    answer = await log_in(browser, **changes)

    assert said(answer) == (401, "Invalid username or password")


async def test_the_owner_has_no_password(server: Server, browser: httpx2.AsyncClient) -> None:
    await server.links.redeem(await server.links.create())

    answer = await log_in(browser, username="owner", password="")

    assert said(answer) == (401, "Invalid username or password")


async def test_a_hash_of_another_make_is_no_password(
    server: Server, browser: httpx2.AsyncClient, table: Table
) -> None:
    await sign_up(browser)
    await table.update(user_key("ada@local"), Set("password_hash", "pbkdf2:salt:hash"))

    assert said(await log_in(browser)) == (401, "Invalid username or password")


async def test_switched_off_accounts_are_forbidden(table: Table) -> None:
    server = Server(table, settings(local_accounts="off"))

    async with server.browser() as browser:
        answers = [await sign_up(browser), await log_in(browser)]

    assert [said(answer) for answer in answers] == [
        (403, "Accounts with a name and a password are switched off on this server.")
    ] * 2


async def test_of_two_sign_ups_at_once_one_wins(tmp_path: Path) -> None:
    tables = [SqliteTable.open(tmp_path / "smriti.db") for _ in range(2)]
    servers = [Server(table, settings()) for table in tables]

    async with servers[0].browser() as one, servers[1].browser() as two:
        answers = await asyncio.gather(*(sign_up(browser) for browser in (one, two, one, two)))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    for table in tables:
        await table.close()


async def test_after_ten_failures_a_name_has_to_wait(browser: httpx2.AsyncClient) -> None:
    await sign_up(browser)
    for _ in range(FAILURES):
        assert (await log_in(browser, password="wrong")).status_code == 401

    answer = await log_in(browser)

    assert said(answer) == (429, "Too many failed sign-ins. Try again in 15 minutes.")
    assert answer.json()["type"] == "/problems/too-many-attempts"
    assert 0 < int(answer.headers["retry-after"]) <= 900


async def test_after_ten_failures_an_address_has_to_wait(browser: httpx2.AsyncClient) -> None:
    await sign_up(browser)
    for number in range(FAILURES):
        await log_in(browser, username=f"name-{number}")

    assert (await log_in(browser)).status_code == 429


async def test_guesses_sent_at_once_are_braked_too(browser: httpx2.AsyncClient) -> None:
    await sign_up(browser)

    answers = await asyncio.gather(*(log_in(browser, password=f"guess {n}") for n in range(30)))

    heard = [answer.status_code for answer in answers].count(401)
    assert FAILURES <= heard <= FAILURES + 1


async def test_the_right_password_makes_up_for_wrong_ones(
    server: Server, browser: httpx2.AsyncClient
) -> None:
    await sign_up(browser)
    for _ in range(FAILURES - 1):
        server.throttle.fail("name:ada")

    assert (await log_in(browser)).status_code == 200
    assert (await log_in(browser, password="wrong")).status_code == 401
    assert (await log_in(browser)).status_code == 200


async def change(browser: httpx2.AsyncClient, current: str, new: str) -> httpx2.Response:
    return await browser.post(
        "/auth/local/password", json={"current_password": current, "new_password": new}
    )


async def test_a_changed_password_ends_every_other_sign_in(server: Server) -> None:
    async with await server.signed_in() as browser:
        answer = await change(browser, "correct horse", "battery staple")
        before = await browser.get("/auth/me")
        browser.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        after = await browser.get("/auth/me")
        logged_in = [await log_in(browser), await log_in(browser, password="battery staple")]

    assert answer.json() == {
        "token": answer.json()["token"],
        "email": "ada@local",
        "name": "ada",
    }
    assert (before.status_code, after.status_code) == (401, 200)
    assert [entry.status_code for entry in logged_in] == [401, 200]


async def test_who_changes_it_by_cookie_gets_a_new_cookie(server: Server) -> None:
    cookie = f"smriti_session={old(await server.sign_up(), left_s=60)}"

    async with server.browser(Cookie=cookie) as browser:
        browser.headers.update(SAME_ORIGIN)
        answer = await change(browser, "correct horse", "battery staple")

    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 1
    assert cookies[0].startswith(f"smriti_session={answer.json()['token']};")
    assert "x-refreshed-token" not in answer.headers


async def test_the_current_password_must_be_right(server: Server) -> None:
    async with await server.signed_in() as browser:
        answer = await change(browser, "wrong", "battery staple")
        me = await browser.get("/auth/me")

    assert said(answer) == (403, "The current password is not right.")
    assert me.status_code == 200


async def test_of_two_changes_at_once_one_wins(server: Server) -> None:
    async with await server.signed_in() as browser:
        answers = await asyncio.gather(
            change(browser, "correct horse", "battery staple"),
            change(browser, "correct horse", "another staple"),
        )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 200
    assert statuses[1] in {401, 403}


async def test_an_account_without_a_password_cannot_change_it(server: Server) -> None:
    owner = await server.links.redeem(await server.links.create())
    token = server.tokens.issue(owner)

    async with server.browser(Authorization=f"Bearer {token}") as browser:
        answer = await change(browser, "", "battery staple")

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/no-password"
