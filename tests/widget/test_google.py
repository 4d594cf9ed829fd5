"""Visitors who sign in with Google, and where their token may go."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from smriti.auth.google import GoogleSignIn
from smriti.auth.oidc import Client, OpenIdIssuer
from smriti.auth.repository import OneTimeRepository
from smriti.core.crypto import SecretBox
from smriti.db.table import Table
from smriti.users.service import UserService
from smriti.widget.keys.service import WidgetKeyService
from smriti.widget.sign_in import VisitorSignIn
from smriti.widget.tokens import VisitorTokens
from tests.auth.fake_google import CLIENT_ID, CLIENT_SECRET, ISSUER, FakeGoogle
from tests.home import BASE_URL, Home
from tests.widget.shop import SITE, Shop

PAGE = f"{SITE}/help?topic=tea#top"
OWN_PAGE = f"{BASE_URL}/widget/auth/callback-page"


@pytest.fixture
def google() -> FakeGoogle:
    return FakeGoogle()


@pytest.fixture
async def shop(home: Home, table: Table, google: FakeGoogle) -> Shop:
    """A shop on a server whose Google is the fake one."""
    services = home.services
    issuer = OpenIdIssuer(
        google.http(), ISSUER, Client(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    )
    box, users = services.get(SecretBox), services.get(UserService)
    sign_in = GoogleSignIn(issuer, users, OneTimeRepository(table), box)
    keys, tokens = services.get(WidgetKeyService), services.get(VisitorTokens)
    services.add(sign_in, VisitorSignIn(sign_in, keys, tokens))
    return await Shop.opened(home)


async def _depart(
    browser: httpx2.AsyncClient, shop: Shop, redirect_uri: str = PAGE
) -> httpx2.Response:
    query = {"api_key": shop.key["public_key"], "redirect_uri": redirect_uri}
    return await browser.get("/widget/auth/google", params=query)


async def _told(
    browser: httpx2.AsyncClient, shop: Shop, google: FakeGoogle, redirect_uri: str = PAGE
) -> tuple[str, dict[str, str]]:
    """The page at which a browser ends, and what its fragment says."""
    departure = await _depart(browser, shop, redirect_uri)
    assert departure.status_code == 307, departure.text
    query = google.approve(departure.headers["Location"])
    answer = await browser.get("/widget/auth/callback", params=query)
    assert answer.status_code == 307, answer.text
    page, _, fragment = answer.headers["Location"].partition("#")
    return page, dict(parse_qsl(fragment))


async def test_a_visitor_comes_back_to_the_page_with_a_token_in_the_fragment(
    shop: Shop, google: FakeGoogle
) -> None:
    async with shop.page() as browser:
        page, told = await _told(browser, shop, google)
        browser.headers["Authorization"] = f"Bearer {told['token']}"
        made = (await browser.post("/widget/conversations", json={})).json()

    assert page == f"{SITE}/help?topic=tea"
    assert told == {
        "token": told["token"],
        "visitor_id": "1234567890",
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "picture": "https://pictures.example/ada.png",
    }
    assert (made["visitor_id"], made["visitor_name"]) == ("1234567890", "Ada Lovelace")


async def test_a_visitor_gets_no_account(shop: Shop, google: FakeGoogle) -> None:
    async with shop.page() as browser:
        await _told(browser, shop, google)

    assert await shop.home.services.get(UserService).find("ada@example.com") is None


async def test_a_window_ends_at_our_own_page_which_knows_the_key(
    shop: Shop, google: FakeGoogle
) -> None:
    asked = f"https://any.example{urlsplit(OWN_PAGE).path}?origin=x&api_key=y"
    async with shop.page() as browser:
        page, told = await _told(browser, shop, google, asked)

    assert page == f"{OWN_PAGE}?origin=x&api_key={shop.key['public_key']}"
    assert told["visitor_id"] == "1234567890"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        *("https://evil.example/", "https://shop.example.evil.example/", "//shop.example/"),
        *("https://shop.example@evil.example/", "javascript:alert(1)", "/widget/auth", ""),
    ],
)
async def test_no_token_goes_where_the_key_does_not_say(shop: Shop, redirect_uri: str) -> None:
    async with shop.page() as browser:
        answer = await _depart(browser, shop, redirect_uri)

    assert answer.status_code == 403
    assert "is not allowed for this API key" in answer.json()["detail"]


async def test_no_token_goes_to_a_name_that_browsers_read_otherwise(shop: Shop) -> None:
    origins = {"allowed_origins": ["https://strasse.example"]}
    await shop.home.client.patch(shop.key_path, json=origins)

    async with shop.page() as browser:
        answer = await _depart(browser, shop, "https://straße.example/")

    assert answer.status_code == 403


async def test_a_key_without_a_list_sends_tokens_to_our_own_page_only(shop: Shop) -> None:
    await shop.home.client.patch(shop.key_path, json={"allowed_origins": []})

    async with shop.page() as browser:
        config = (await browser.get("/widget/config")).json()
        refused = await _depart(browser, shop, PAGE)
        own = await _depart(browser, shop, OWN_PAGE)

    assert (config["google"], refused.status_code, own.status_code) == (False, 403, 307)


async def test_the_page_is_told_that_google_is_a_way(shop: Shop) -> None:
    async with shop.page() as browser:
        assert (await browser.get("/widget/config")).json()["google"] is True


async def test_a_key_that_is_none_goes_nowhere(shop: Shop) -> None:
    async with shop.page() as browser:
        query = {"api_key": "pk_live_" + "0" * 32, "redirect_uri": PAGE}
        wrong = await browser.get("/widget/auth/google", params=query)
        without = await browser.get("/widget/auth/google")

    assert (wrong.status_code, without.status_code) == (401, 422)


async def test_another_browser_cannot_finish_a_sign_in(shop: Shop, google: FakeGoogle) -> None:
    async with shop.page() as browser, shop.page() as other:
        query = google.approve((await _depart(browser, shop)).headers["Location"])
        answer = await other.get("/widget/auth/callback", params=query)

    assert answer.status_code == 400
    assert "not begun in this browser" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "claims", "error"),
    [
        ({"error": "access_denied"}, {}, "access_denied"),
        ({"state": "another"}, {}, "auth_failed"),
        ({}, {"nonce": "another"}, "auth_failed"),
        ({}, {"email_verified": False}, "auth_failed"),
        ({}, {"sub": "1#User#2"}, "auth_failed"),
    ],
)
async def test_what_went_wrong_is_told_to_the_page(
    shop: Shop, google: FakeGoogle, query: dict[str, str], claims: dict[str, Any], error: str
) -> None:
    google.claims = claims
    async with shop.page() as browser:
        back = google.approve((await _depart(browser, shop)).headers["Location"])
        answer = await browser.get("/widget/auth/callback", params=back | query)

    assert answer.headers["Location"] == f"{SITE}/help?topic=tea#error={error}"


async def test_a_sign_in_comes_back_once(shop: Shop, google: FakeGoogle) -> None:
    async with shop.page() as browser:
        departure = await _depart(browser, shop)
        cookies = dict(browser.cookies)
        query = google.approve(departure.headers["Location"])
        await browser.get("/widget/auth/callback", params=query)
        browser.cookies.update(cookies)
        again = await browser.get("/widget/auth/callback", params=query)

    assert again.headers["Location"].endswith("#error=auth_failed")


async def test_a_server_without_google_says_so(home: Home, tmp_path: Path) -> None:
    shop = await Shop.opened(home)

    async with shop.page() as browser:
        answer = await _depart(browser, shop)

    assert (answer.status_code, answer.json()["detail"]) == (503, "Google OAuth is not configured")
