"""The session cookie, and the renewal of tokens that grow old."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from jose import jwt

from smriti.auth.sessions import COOKIE
from smriti.auth.tokens import LIFETIME_S
from smriti.core.clock import unix_now
from smriti.db.table import Table
from tests.auth.server import BASE, SAME_ORIGIN, Server, old, settings

SOON = 23 * 3600
LATER = 25 * 3600


@pytest.fixture
async def token(server: Server) -> str:
    return await server.sign_up()


@pytest.fixture
async def page(server: Server, token: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that carries the cookie."""
    async with server.browser(Cookie=f"{COOKIE}={token}") as browser:
        yield browser


@pytest.mark.parametrize("headers", [SAME_ORIGIN, {"Origin": BASE}])
async def test_the_cookie_counts_for_our_own_pages(
    page: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await page.get("/whoami", headers=headers)

    assert answer.json() == "ada@local"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "null"},
    ],
)
async def test_the_cookie_does_not_count_for_other_pages(
    page: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await page.get("/whoami", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["detail"] == "Missing or invalid authorization header"


async def test_behind_a_proxy_the_configured_address_is_our_own(table: Table) -> None:
    server = Server(table, settings(api_base_url="https://smriti.example/"))
    token = await server.sign_up()

    async with server.browser(Cookie=f"{COOKIE}={token}") as browser:
        answer = await browser.get("/whoami", headers={"Origin": "https://smriti.example"})

    assert answer.json() == "ada@local"


async def test_a_bearer_token_goes_before_the_cookie(page: httpx2.AsyncClient) -> None:
    answer = await page.get("/whoami", headers=SAME_ORIGIN | {"Authorization": "Bearer nonsense"})

    assert answer.json()["detail"] == "Invalid token"


@pytest.mark.parametrize("path", ["/whoami", "/stream"])
async def test_a_token_of_the_last_day_is_renewed(
    server: Server, browser: httpx2.AsyncClient, token: str, path: str
) -> None:
    dying = old(token, left_s=SOON)

    answer = await browser.get(path, headers={"Authorization": f"Bearer {dying}"})

    renewed = jwt.get_unverified_claims(answer.headers["x-refreshed-token"])
    former = jwt.get_unverified_claims(dying)
    assert renewed["exp"] - unix_now() > LIFETIME_S - 60
    assert renewed | {"iat": 0, "exp": 0} == former | {"iat": 0, "exp": 0}
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


async def test_a_younger_token_is_left_alone(browser: httpx2.AsyncClient, token: str) -> None:
    young = old(token, left_s=LATER)

    answer = await browser.get("/whoami", headers={"Authorization": f"Bearer {young}"})

    assert "x-refreshed-token" not in answer.headers


async def test_a_cookie_of_the_last_day_is_renewed_as_a_cookie(
    server: Server, browser: httpx2.AsyncClient, token: str
) -> None:
    cookie = f"{COOKIE}={old(token, left_s=SOON)}"

    answer = await browser.get("/stream", headers=SAME_ORIGIN | {"Cookie": cookie})

    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=ey")
    assert "x-refreshed-token" not in answer.headers


async def test_a_refused_caller_gets_no_renewal(
    server: Server, browser: httpx2.AsyncClient, token: str
) -> None:
    await server.users.sign_out_everywhere("ada@local")
    dying = old(token, left_s=SOON)

    answer = await browser.get("/whoami", headers={"Authorization": f"Bearer {dying}"})

    assert (answer.status_code, answer.json()["detail"]) == (401, "Token revoked")
    assert "x-refreshed-token" not in answer.headers


async def test_signing_out_forgets_the_cookie(page: httpx2.AsyncClient) -> None:
    answer = await page.post("/auth/sign-out")

    assert answer.status_code == 204
    assert answer.headers["set-cookie"].startswith(f'{COOKIE}=""; ')
    assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_signing_out_everywhere_ends_every_token(server: Server) -> None:
    async with await server.signed_in() as browser:
        answer = await browser.post("/auth/sign-out-everywhere")
        after = await browser.get("/auth/me")

    assert answer.status_code == 204
    assert (after.status_code, after.json()["detail"]) == (401, "Token revoked")


async def test_signing_out_everywhere_is_not_undone_by_a_renewal(
    browser: httpx2.AsyncClient, token: str
) -> None:
    cookie = f"{COOKIE}={old(token, left_s=SOON)}"

    answer = await browser.post(
        "/auth/sign-out-everywhere", headers=SAME_ORIGIN | {"Cookie": cookie}
    )

    assert answer.headers.get_list("set-cookie") == [
        value for value in answer.headers.get_list("set-cookie") if "Max-Age=0" in value
    ]
    assert len(answer.headers.get_list("set-cookie")) == 1


async def test_other_accounts_stay_signed_in(server: Server) -> None:
    async with await server.signed_in("ada") as ada, await server.signed_in("bob") as bob:
        await ada.post("/auth/sign-out-everywhere")

        assert (await bob.get("/whoami")).json() == "bob@local"
