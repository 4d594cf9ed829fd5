"""Deleting one's own account."""

import asyncio

from smriti.db.table import Table
from tests.auth.server import SAME_ORIGIN, Server, settings


async def test_a_deleted_account_is_gone(server: Server) -> None:
    async with await server.signed_in() as browser:
        answer = await browser.delete("/users/me")
        at_once = await browser.get("/auth/me")
        await server.users.close()
        afterwards = await browser.get("/auth/me")

    assert answer.status_code == 200
    assert answer.json() == {"message": "Account deletion initiated", "status": "processing"}
    assert [reply.status_code for reply in (at_once, afterwards)] == [401, 401]


async def test_a_browser_forgets_its_cookie(server: Server) -> None:
    cookie = f"smriti_session={await server.sign_up()}"

    async with server.browser(Cookie=cookie) as browser:
        answer = await browser.delete("/users/me", headers=SAME_ORIGIN)
        await server.users.close()

    assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_an_address_is_free_again_when_all_is_deleted(table: Table) -> None:
    go_on = asyncio.Event()

    async def wait(_: str) -> None:
        await go_on.wait()

    server = Server(table, settings(), on_delete=[wait])
    account = {"username": "ada", "password": "correct horse"}
    async with await server.signed_in() as browser:
        old_token = browser.headers["Authorization"]
        await browser.delete("/users/me")
        log_in = await browser.post("/auth/local/login", json=account)
        too_soon = await browser.post("/auth/local/signup", json=account)
        go_on.set()
        await server.users.close()
        sign_up = await browser.post("/auth/local/signup", json=account)
        me = await browser.get("/auth/me", headers={"Authorization": old_token})

    for answer in (log_in, too_soon):
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/account-being-deleted"
    assert sign_up.status_code == 200
    assert (me.status_code, me.json()["detail"]) == (401, "Token revoked")


async def test_while_the_owner_is_deleted_a_link_says_so(table: Table) -> None:
    go_on = asyncio.Event()

    async def wait(_: str) -> None:
        await go_on.wait()

    server = Server(table, settings(), on_delete=[wait])
    owner = await server.links.redeem(await server.links.create())
    await server.users.delete(owner.email)

    async with server.browser() as browser:
        answer = await browser.get("/login", params={"token": await server.links.create()})
    go_on.set()
    await server.users.close()

    assert answer.status_code == 409
    assert "is being deleted" in answer.text
