"""Signing in with a name and a password on a page of this server: the cookie, and who gets none."""

import httpx2
import pytest

from smriti.auth.sessions import COOKIE
from smriti.db.table import Table
from tests.auth.server import BASE, SAME_ORIGIN, Server, settings

_ADA = {"username": "ada", "password": "correct horse"}
_ROUTES = ["/auth/local/signup", "/auth/local/login"]


@pytest.fixture(params=_ROUTES)
async def route(request: pytest.FixtureRequest, server: Server) -> str:
    """A way to sign in that is open: somebody who logs in has signed up before."""
    route = str(request.param)
    if route == "/auth/local/login":
        await server.sign_up()
    return route


@pytest.mark.parametrize("headers", [SAME_ORIGIN, {"Origin": BASE}])
async def test_our_own_page_is_signed_in_by_a_cookie(
    route: str, headers: dict[str, str], browser: httpx2.AsyncClient
) -> None:
    answer = await browser.post(route, json=_ADA, headers=headers)
    me = await browser.get("/whoami", headers=headers)

    assert answer.json().keys() == {"token", "email", "name"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}={answer.json()['token']}; ")
    assert cookie.split("; ", 1)[1] == "HttpOnly; Max-Age=604800; Path=/; SameSite=strict"
    assert me.json() == "ada@local"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_programs_and_other_pages_get_no_cookie(
    route: str, headers: dict[str, str], browser: httpx2.AsyncClient
) -> None:
    answer = await browser.post(route, json=_ADA, headers=headers)

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


async def test_a_wrong_password_sets_no_cookie(server: Server, browser: httpx2.AsyncClient) -> None:
    await server.sign_up()

    wrong = _ADA | {"password": "wrong"}
    answer = await browser.post("/auth/local/login", json=wrong, headers=SAME_ORIGIN)

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_over_https_the_cookie_is_secure(table: Table) -> None:
    server = Server(table, settings(api_base_url="https://smriti.example"))
    headers = {"Origin": "https://smriti.example"}

    async with server.browser() as browser:
        answer = await browser.post("/auth/local/signup", json=_ADA, headers=headers)

    assert answer.headers["set-cookie"].endswith("; Secure")
