"""The script and the pages around it."""

import gzip

import pytest

from smriti.auth.sessions import Sessions
from smriti.auth.tokens import Tokens
from smriti.widget.pages import WidgetPages
from tests.home import BASE_URL
from tests.widget.shop import SITE, Shop


async def test_the_script_is_loaded_once_and_asked_for_with_its_tag(shop: Shop) -> None:
    async with shop.page() as page:
        script = await page.get("/widget.js")
        again = await page.get("/widget.js", headers={"If-None-Match": script.headers["ETag"]})

    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert (again.status_code, again.content) == (304, b"")


def test_the_script_is_small() -> None:
    script = WidgetPages().script.encode()

    assert len(script) < 20_000
    assert len(gzip.compress(script)) < 7_000


async def test_the_demo_page_embeds_the_key(shop: Shop) -> None:
    async with shop.page() as page:
        demo = await page.get("/widget/demo", params={"key": shop.key["public_key"]})

    assert f'data-api-key="{shop.key["public_key"]}"></script>' in demo.text
    assert "script-src 'self'" in demo.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/widget/demo?key=", "/widget/auth/callback-page?api_key="])
async def test_a_key_that_is_none_is_never_part_of_a_page(shop: Shop, path: str) -> None:
    async with shop.page() as page:
        answer = await page.get(path + '"><script>alert(1)</script>')

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ({}, f'["{SITE}","{BASE_URL}"]'),
        ({"origin": SITE}, f'["{SITE}"]'),
        ({"origin": "https://evil.example"}, "[]"),
    ],
)
async def test_the_callback_page_tells_only_pages_that_the_key_names(
    shop: Shop, origin: dict[str, str], told: str
) -> None:
    async with shop.page() as page:
        query = {"api_key": shop.key["public_key"], **origin}
        answer = await page.get("/widget/auth/callback-page", params=query)

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'type: "innomight-oauth-callback"' in answer.text
    assert f"of {told}) window.opener?.postMessage(message, origin)" in answer.text
    nonce = answer.headers["Content-Security-Policy"].partition("'nonce-")[2].rstrip("'")
    assert f'<script nonce="{nonce}">' in answer.text


@pytest.mark.parametrize("host", ["!!!", "a..b", "[::1", "a b"])
async def test_a_server_called_by_no_name_tells_only_the_pages_of_the_key(
    shop: Shop, host: str
) -> None:
    services = shop.home.services
    services.add(Sessions(services.get(Tokens), api_base_url=f"http://{host}"))

    async with shop.page() as page:
        query = {"api_key": shop.key["public_key"]}
        answer = await page.get("/widget/auth/callback-page", params=query)

    assert f'of ["{SITE}"])' in answer.text
