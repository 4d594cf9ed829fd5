"""A real Chromium, and what every test of a page wants of it: scripts raise nothing, nothing that
the policy forbids is tried, and the console stays empty."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright, expect

import pages
from tests.e2e.server import ServerProcess
from tests.patience import PATIENCE_S

_PATIENCE_MS = 1000 * PATIENCE_S
_REPORT = """
addEventListener("securitypolicyviolation", (event) => {
  console.error("Forbidden:", event.violatedDirective, event.blockedURI, event.sample);
});
"""
WHOLE = " ".join(f"n{number}" for number in range(60))
PAUSED = f"Count [say:{WHOLE}] [pause=4]"  # after n3, until `stub.resume()`


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A fresh browser; skips the test where there is none."""
    path = pages.chromium()
    if path is None:
        pytest.skip("Chromium is not installed; .ci/run installs it.")
    expect.set_options(timeout=_PATIENCE_MS)
    playwright = await async_playwright().start()
    try:
        yield await playwright.chromium.launch(executable_path=path, args=pages.CHROMIUM)
    finally:
        await _closed(playwright.stop())


@asynccontextmanager
async def context(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """A person's windows. At the end: no page of theirs has complained."""
    opened = await browser.new_context(**options)
    opened.set_default_timeout(_PATIENCE_MS)
    await opened.add_init_script(_REPORT)
    errors: list[str] = []
    opened.on("weberror", lambda error: errors.append(str(error.error)))
    opened.on("console", lambda message: errors.append(message.text))
    yield opened
    await _closed(opened.close())
    # That an answer was not 200 is written to the console too; tests look at such answers.
    complaints = [error for error in errors if not error.startswith("Failed to load")]
    assert complaints == [], complaints


async def _closed(closing: Awaitable[None]) -> None:
    """What a browser was to show has been seen: one that does not go any more is left alone."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            await closing


async def unhurried(page: Page) -> None:
    """Before it goes anywhere: who wants to undo something has fifteen seconds, not five."""
    await page.add_init_script("""{
      const later = window.setTimeout;
      window.setTimeout = (run, ms, ...rest) => later(run, ms === 5000 ? 15_000 : ms, ...rest);
    }""")


async def held(page: Page, address: str) -> asyncio.Event:
    """Until the event is set, what the page asks of such an address waits."""
    event = asyncio.Event()

    async def wait(route: Route) -> None:
        await event.wait()
        await route.continue_()

    await page.route(address, wait)
    return event


@pytest.fixture
def home(tmp_path: Path) -> Iterator[ServerProcess]:
    """A new server, which outlives the browser."""
    with ServerProcess.running(tmp_path / "data", SHUTDOWN_GRACE_S="0.1") as server:
        yield server


@pytest.fixture
async def page(home: ServerProcess) -> AsyncIterator[Page]:
    """A page in a fresh browser that knows nobody."""
    async with chromium() as browser, context(browser) as opened:
        yield await opened.new_page()
