"""The page that the sign-in link opens, in a real browser."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.e2e.server import ServerProcess

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[ServerProcess]:
    """A new server, which outlives the browser."""
    with ServerProcess.running(tmp_path / "data") as server:
        yield server


@pytest.fixture
async def page(home: ServerProcess) -> AsyncIterator[Page]:
    """A fresh browser. Its scripts raise nothing, and its policy forbids nothing that we do."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed; .ci/run installs it.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        opened = await browser.new_page()
        opened.set_default_timeout(15_000)
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.on("console", lambda message: errors.append(message.text))
        yield opened
        await browser.close()
        # That an answer was not 200 is written to the console too; tests look at such answers.
        assert [error for error in errors if not error.startswith("Failed to load")] == []


async def create_agent(page: Page, name: str) -> None:
    await page.get_by_label("Agent Name").fill(name)
    await page.get_by_label("Persona").fill("Knows every shelf.")
    await page.get_by_label("Architecture").select_option("krishna-memgpt")
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator("#agents")).to_contain_text(name)


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


async def test_a_newcomer_creates_an_agent_that_remembers_her(
    page: Page, home: ServerProcess
) -> None:
    await page.goto(home.new_link())
    await expect(page).to_have_url(re.compile(r"/app/$"))
    await create_agent(page, "Librarian")

    await say(page, "My name is Alice and I work at Google")
    await expect(page.locator("#messages")).to_contain_text("Nice to meet you, Alice!")
    await expect(page.locator("#memory")).to_contain_text("Works at: Google")

    await page.get_by_role("button", name="New conversation").click()
    await say(page, "Where do I work?")
    await expect(page.locator("#messages .assistant")).to_contain_text("Google")

    await page.reload()
    await page.locator("#conversations button").last.click()
    await expect(page.locator("#messages")).to_contain_text("Nice to meet you, Alice!")


async def test_text_never_becomes_markup(page: Page, home: ServerProcess) -> None:
    evil = "<img src=x onerror=\"document.title='broken'\">"
    await page.goto(home.new_link())
    await create_agent(page, f"Agent {evil}")

    await say(page, f"Remember that {evil} is my favourite")
    await expect(page.locator("#messages .tool").first).to_contain_text("<img")

    assert await page.title() == "Smriti"
    assert await page.locator("img").count() == 0


async def test_who_is_not_signed_in_is_told_what_to_do(page: Page, home: ServerProcess) -> None:
    await page.goto(f"{home.url}/app/")

    await expect(page.locator("#notice")).to_contain_text("smriti login-link")


async def test_the_documentation_lists_every_operation(page: Page, home: ServerProcess) -> None:
    await page.goto(f"{home.url}/docs")

    await expect(page.locator("#operations")).to_contain_text("Send a message and stream")
    with home.client() as http:
        paths = http.get("/openapi.json").json()["paths"]
    assert await page.locator("details").count() == sum(len(path) for path in paths.values())
