"""Signing in with Google, and everything that must not pass for it."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest

from smriti.db.table import Set, Table
from smriti.users.repository import user_key
from tests.auth.fake_google import (
    CLIENT_ID,
    CLIENT_SECRET,
    ISSUER,
    FakeGoogle,
    other_rsa_key,
)
from tests.auth.server import BASE, SAME_ORIGIN, Server, settings

FRONTEND = "https://app.example"
REFUSED = f"{FRONTEND}/login?error=auth_failed"


def server_with(table: Table, google: FakeGoogle, **values: Any) -> Server:
    config = settings(
        google_client_id=CLIENT_ID,
        google_client_secret=CLIENT_SECRET,
        google_issuer=ISSUER,
        **values,
    )
    return Server(table, config, google)


@pytest.fixture
def google() -> FakeGoogle:
    return FakeGoogle()


@pytest.fixture
async def server(table: Table, google: FakeGoogle) -> Server:
    return server_with(table, google, frontend_url=f"{FRONTEND}/")


@pytest.fixture
async def browser(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    async with server.browser() as browser:
        yield browser


async def consent(browser: httpx2.AsyncClient, google: FakeGoogle) -> dict[str, str]:
    departure = await browser.get("/auth/google")
    return google.approve(departure.headers["location"])


async def come_back(browser: httpx2.AsyncClient, query: dict[str, str]) -> str:
    """Where the browser is sent after it came back with this query."""
    answer = await browser.get("/auth/callback", params=query)
    assert answer.status_code == 307
    return answer.headers["location"]


async def test_google_is_asked_with_state_nonce_and_challenge(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/auth/google")

    url = urlsplit(answer.headers["location"])
    query = dict(parse_qsl(url.query))
    secrets = {query.pop(name) for name in ("state", "nonce", "code_challenge")}
    assert answer.status_code == 307
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ISSUER}/authorize"
    assert query == {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "scope": "openid email profile",
        "redirect_uri": f"{BASE}/auth/callback",
        "code_challenge_method": "S256",
        "prompt": "select_account",
    }
    assert {len(secret) for secret in secrets} == {43}
    cookie = answer.headers["set-cookie"]
    assert cookie.endswith("HttpOnly; Max-Age=600; Path=/auth/callback; SameSite=lax")
    assert not any(secret in cookie for secret in secrets)


@pytest.mark.parametrize("path", ["/auth/callback", "/auth/callback/google"])
async def test_who_comes_back_gets_a_token(
    server: Server, browser: httpx2.AsyncClient, google: FakeGoogle, path: str
) -> None:
    answer = await browser.get(path, params=await consent(browser, google))

    url = urlsplit(answer.headers["location"])
    token = parse_qs(url.query)["token"][0]
    me = await browser.get("/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 307
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{FRONTEND}/login-success"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert me.json() == {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "picture": "https://pictures.example/ada.png",
        "has_password": False,
        "sign_in": "google",
    }


async def test_without_a_frontend_our_own_page_is_signed_in(
    table: Table, google: FakeGoogle
) -> None:
    server = server_with(table, google)

    async with server.browser() as browser:
        answer = await browser.get("/auth/callback", params=await consent(browser, google))
        me = await browser.get("/whoami", headers=SAME_ORIGIN)

    assert (answer.status_code, answer.headers["location"]) == (303, "/app/")
    assert me.json() == "ada@example.com"


async def test_the_configured_address_is_where_google_sends_back_to(
    table: Table, google: FakeGoogle
) -> None:
    server = server_with(table, google, api_base_url="https://smriti.example/")

    async with server.browser() as browser:
        answer = await browser.get("/auth/google")

    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["redirect_uri"] == ["https://smriti.example/auth/callback"]
    assert "; Secure" in answer.headers["set-cookie"]


async def test_signing_in_again_brings_the_profile_up_to_date(
    server: Server, browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    await come_back(browser, await consent(browser, google))
    before = await server.users.get("ada@example.com")

    google.claims = {"name": "Ada King", "picture": None}
    await come_back(browser, await consent(browser, google))

    after = await server.users.get("ada@example.com")
    assert (after.name, after.picture) == ("Ada King", None)
    assert (after.created_at, after.token_version) == (before.created_at, before.token_version)


async def test_what_an_older_server_stored_of_a_user_stays(
    browser: httpx2.AsyncClient, google: FakeGoogle, table: Table
) -> None:
    old = {"name": "Ada", "email": "ada@example.com", "stripe_customer_id": "cus_1"}
    await table.update(user_key("ada@example.com"), *(Set(*member) for member in old.items()))

    await come_back(browser, await consent(browser, google))

    item = await table.get(user_key("ada@example.com"))
    assert item is not None
    assert (item["name"], item["stripe_customer_id"]) == ("Ada Lovelace", "cus_1")
    assert "refresh_token" not in item


async def test_without_a_name_the_address_gives_one(
    server: Server, browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    google.claims = {"name": None, "picture": "javascript:alert(1)"}

    await come_back(browser, await consent(browser, google))

    user = await server.users.get("ada@example.com")
    assert (user.name, user.picture) == ("ada", None)


async def test_who_says_no_is_told_so(browser: httpx2.AsyncClient) -> None:
    location = await come_back(browser, {"error": "access_denied", "state": "x"})

    assert location == f"{FRONTEND}/login?error=access_denied"


async def test_without_a_frontend_our_own_page_tells_the_error(
    table: Table, google: FakeGoogle
) -> None:
    async with server_with(table, google).browser() as browser:
        answer = await browser.get("/auth/callback", params={"error": "access_denied"})

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/app/?error=access_denied",
    )


async def test_without_a_code_the_request_is_bad(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/auth/callback", params={"state": "x"})

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/code-missing")


async def test_another_state_is_refused(browser: httpx2.AsyncClient, google: FakeGoogle) -> None:
    query = await consent(browser, google) | {"state": "guessed"}

    assert await come_back(browser, query) == REFUSED
    assert "/token" not in google.asked


async def test_another_browser_is_refused(
    server: Server, browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    query = await consent(browser, google)

    async with server.browser() as another:
        assert await come_back(another, query) == REFUSED


async def test_a_changed_attempt_is_refused(
    server: Server, browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    query = await consent(browser, google)
    attempt = browser.cookies["smriti_oauth"].strip('"')
    changed = ("A" if attempt[0] != "A" else "B") + attempt[1:]

    async with server.browser(Cookie=f"smriti_oauth={changed}") as another:
        assert await come_back(another, query) == REFUSED


async def test_an_attempt_counts_once(
    server: Server, browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    query = await consent(browser, google)
    attempt = browser.cookies["smriti_oauth"]

    first = await come_back(browser, query)
    async with server.browser(Cookie=f"smriti_oauth={attempt}") as another:
        again = await come_back(another, query)

    assert first.startswith(f"{FRONTEND}/login-success?token=")
    assert again == REFUSED


async def test_a_code_of_another_sign_in_is_refused(
    server: Server, browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    query = await consent(browser, google)
    async with server.browser() as another:
        await consent(another, google)  # Google now expects the verifier of this one

    assert await come_back(browser, query) == REFUSED


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"exp": 1},
        {"exp": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email": None},
        {"email": "no address"},
        {"email": "owner@local"},
        {"email": " ADA@LOCAL "},
        {"email": f"{'a' * 250}@example.com"},
    ],
)
async def test_an_identity_that_does_not_hold_is_refused(
    server: Server, browser: httpx2.AsyncClient, google: FakeGoogle, claims: dict[str, Any]
) -> None:
    google.claims = claims

    assert await come_back(browser, await consent(browser, google)) == REFUSED
    assert await server.users.find("ada@example.com") is None


async def test_a_signature_of_another_key_is_refused(
    browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    google.sign_with = other_rsa_key()

    assert await come_back(browser, await consent(browser, google)) == REFUSED


async def test_an_identity_of_another_access_token_is_refused(
    browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    google.access_token = "swapped"

    assert await come_back(browser, await consent(browser, google)) == REFUSED


async def test_an_unknown_key_is_refused(browser: httpx2.AsyncClient, google: FakeGoogle) -> None:
    google.kid = "key-2"

    assert await come_back(browser, await consent(browser, google)) == REFUSED


async def test_addresses_and_keys_are_read_once(
    browser: httpx2.AsyncClient, google: FakeGoogle
) -> None:
    for _ in range(2):
        await come_back(browser, await consent(browser, google))

    assert google.asked == ["/.well-known/openid-configuration", "/token", "/keys", "/token"]


async def test_an_issuer_that_does_not_answer_is_a_bad_gateway(
    table: Table, google: FakeGoogle
) -> None:
    google.broken = True

    async with server_with(table, google).browser() as browser:
        answer = await browser.get("/auth/google")

    assert (answer.status_code, answer.json()["type"]) == (502, "/problems/identity-refused")


@pytest.mark.parametrize("path", ["/auth/google", "/auth/callback?code=x&state=y"])
async def test_without_configuration_google_is_unavailable(table: Table, path: str) -> None:
    async with Server(table, settings()).browser() as browser:
        answer = await browser.get(path)

    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "Google OAuth is not configured",
    )
