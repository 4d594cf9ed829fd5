"""An agent embedded in pages of another origin, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import urlencode

import httpx2
import pytest
from jose import jwt
from playwright.async_api import Locator, Page, expect

from tests.auth.fake_google import CLIENT_ID, CLIENT_SECRET, FakeGoogle
from tests.e2e.browser import PAUSED, WHOLE, home, page
from tests.e2e.server import ServerProcess
from tests.e2e.wire import Wire
from tests.fakes.stub_model import StubModel

__all__ = ["home", "page"]


class Elsewhere:
    """A server on a port, and so an origin, of its own: what it says is up to `answer`."""

    def __init__(self) -> None:
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = elsewhere.answer(
                    httpx2.Request(self.command, elsewhere.url + self.path, content=content)
                )
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.content)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[Self]:
        thread = Thread(target=self._server.serve_forever)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()


class Google(Elsewhere):
    """Where everybody says yes at once."""

    def __init__(self) -> None:
        super().__init__()
        self._fake = FakeGoogle(self.url)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path != "/authorize":
            return self._fake.answer(request)
        query = urlencode(self._fake.approve(str(request.url)))
        back = f"{request.url.params['redirect_uri']}?{query}"
        return httpx2.Response(302, headers={"Location": back})


class Site(Elsewhere):
    """A web site; `html` is its page."""

    html = ""
    policy = ""

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        headers = {"Content-Security-Policy": self.policy}
        return httpx2.Response(200, html=self.html, headers=headers)

    def embed(self, url: str, key: dict[str, Any]) -> None:
        """The page shows the widget of this server, and lets it do no more than it must."""
        self.policy = f"default-src 'none'; script-src {url}; connect-src {url}"
        self.html = (
            "<!doctype html><meta charset=utf-8><title>Shop</title><h1>Shop</h1>"
            f'<script src="{url}/widget.js" data-api-key="{key["public_key"]}"></script>'
        )


@pytest.fixture
def site() -> Iterator[Site]:
    with Site().running() as running:
        yield running


def embed(
    home: ServerProcess, site: Site, stub: StubModel, *, at: str = "", **values: Any
) -> dict[str, Any]:
    """The key of an agent that thinks with the stub; the site's page shows it."""
    with home.owner() as owner:
        agent = owner.stub_agent(stub.url)
        body = {"name": "Shop assistant", "allowed_origins": [site.url]} | values
        key: dict[str, Any] = owner.post(f"/agents/{agent['agent_id']}/api-keys", body)
    site.embed(at or home.url, key)
    return key


def answers(page: Page) -> Locator:
    return page.locator("#smriti-widget li.assistant")


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


async def test_a_visitor_reads_an_answer_to_its_end_over_a_reload(
    page: Page, home: ServerProcess, site: Site, stub: StubModel
) -> None:
    embed(home, site, stub, welcome_message="How can I help?")
    await page.goto(site.url)
    await page.get_by_role("button", name="Open chat").click()
    await expect(answers(page)).to_have_text(["How can I help?"])

    await say(page, PAUSED)
    await expect(answers(page).last).to_contain_text("n3")
    await page.reload()
    await expect(answers(page).last).to_contain_text("n3")
    stub.resume()

    await expect(answers(page)).to_have_text(["How can I help?", WHOLE])
    await expect(page.locator("#smriti-widget li.user")).to_have_text([PAUSED])
    await expect(page.get_by_label("Message", exact=True)).not_to_be_focused()  # it is her page


async def test_a_cut_connection_is_mended(
    page: Page, home: ServerProcess, site: Site, stub: StubModel
) -> None:
    async with Wire.laid(home.url) as wire:
        embed(home, site, stub, at=wire.url)
        await page.goto(site.url)
        await page.get_by_role("button", name="Open chat").click()
        await say(page, PAUSED)
        await expect(answers(page)).to_contain_text("n3")

        wire.cut()
        wire.mend()
        stub.resume()

        await expect(answers(page)).to_have_text([WHOLE])


async def test_it_is_used_from_the_keyboard_and_in_the_dark(
    page: Page, home: ServerProcess, site: Site, stub: StubModel
) -> None:
    embed(home, site, stub)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await page.goto(site.url)
    panel = page.get_by_role("dialog")

    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(panel).to_have_attribute("aria-label", "Chat with Shop assistant")
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    style = await panel.evaluate("panel => ({...getComputedStyle(panel)})")
    await page.keyboard.type("<b>Hi</b> [say:<i>Hello</i>]")
    await page.keyboard.press("Enter")
    await expect(answers(page)).to_have_text(["<i>Hello</i>"])
    await page.keyboard.press("Escape")

    assert (style["backgroundColor"], style["animationName"]) == ("rgb(23, 24, 27)", "none")
    await expect(panel).to_be_hidden()
    await expect(page.get_by_role("button", name="Open chat")).to_be_focused()


async def test_a_strangers_page_is_refused(
    page: Page, home: ServerProcess, site: Site, stub: StubModel
) -> None:
    embed(home, site, stub, allowed_origins=["https://shop.example"])
    await page.goto(site.url)

    await page.get_by_role("button", name="Open chat").click()

    status = page.locator("#smriti-widget .status")
    await expect(status).to_have_text(f"Origin '{site.url}' is not allowed for this API key")
    await expect(page.get_by_label("Message", exact=True)).to_be_hidden()


async def test_the_demo_page_shows_any_key(
    page: Page, home: ServerProcess, site: Site, stub: StubModel
) -> None:
    key = embed(home, site, stub)
    await page.goto(f"{home.url}/widget/demo?key={key['public_key']}")

    await page.get_by_role("button", name="Open chat").click()
    await say(page, "Hi [say:Hello]")

    await expect(answers(page)).to_have_text(["Hello"])
    await expect(page.locator("pre")).to_contain_text(f'src="{home.url}/widget.js"')


async def test_a_visitor_signs_in_with_google_in_a_window_of_its_own(
    page: Page, site: Site, stub: StubModel, tmp_path: Path
) -> None:
    with (
        Google().running() as google,
        ServerProcess.running(
            tmp_path / "data",
            GOOGLE_CLIENT_ID=CLIENT_ID,
            GOOGLE_CLIENT_SECRET=CLIENT_SECRET,
            GOOGLE_ISSUER=google.url,
        ) as server,
    ):
        embed(server, site, stub, allow_anonymous=False)
        await page.goto(site.url)
        await page.get_by_role("button", name="Open chat").click()
        async with page.expect_popup() as popup:
            await page.get_by_role("button", name="Sign in with Google").click()

        await say(page, "Hi [say:Hello]")

        await expect(answers(page)).to_have_text(["Hello"])
        window = await popup.value
        if not window.is_closed():
            await window.wait_for_event("close")
        (kept,) = await page.evaluate("Object.values(localStorage)")
        assert jwt.get_unverified_claims(loads(kept)["token"])["name"] == "Ada Lovelace"
