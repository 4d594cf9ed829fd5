"""What the web app costs in Chromium: opening a chat, and an answer while it comes.

    uv run bench/web.py [--quick] [--rounds N]

bench/README.md tells the method.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx2
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from account import Account, said
from figures import aligned, quantile, shown
from machine import ForeignLoad
from pages import BARE, CHROMIUM, chromium, cpu, painted
from servers import Server, smriti, stub_model
from smriti.auth.sessions import COOKIE
from visits import visits

_TOKENS: Final = 1000
_ASKED: Final = f"Count [tokens={_TOKENS}] [itl=5]"
_PATIENCE_MS: Final = 60_000
_FEW: Final = 30
_MANY: Final = 500

type Lines = list[tuple[str, ...]]


class Visitor:
    """Somebody with an account, whose agent thinks with the stub."""

    def __init__(self, http: httpx2.Client, stub: Server) -> None:
        self._account = Account(http)
        self.token = self._account.token
        self._url = str(http.base_url).rstrip("/")
        provider = {"base_url": f"{stub.url}/v1", "model": "stub"}
        self._account.post("/settings/providers/OpenAI", provider)
        self._agent = self._account.agent("OpenAI")

    def talk(self, messages: int) -> str:
        """A conversation of so many messages; its id."""
        talk: str = self._account.post("/conversations/", {"agent_id": self._agent})[
            "conversation_id"
        ]
        if messages:
            path = f"/conversations/{talk}/messages:import"
            self._account.post(path, {"messages": said(messages)})
        return talk

    def chat(self, talk: str) -> str:
        """Its address in the app."""
        return f"{self._url}/app/#/c/{talk}"

    def path(self, talk: str) -> str:
        """Where its messages are sent."""
        return f"/agents/{self._agent}/{talk}/send-message"

    @asynccontextmanager
    async def windows(self, browser: Browser) -> AsyncIterator[BrowserContext]:
        """Where she is signed in, and nothing was ever loaded."""
        context = await browser.new_context()
        await context.add_cookies([{"name": COOKIE, "value": self.token, "url": self._url}])
        yield context
        await context.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what the web app costs.")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that all works")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="smriti-bench-") as directory,
        stub_model() as stub,
        smriti(Path(directory) / "data") as server,
        httpx2.Client(base_url=server.url, timeout=60, trust_env=False) as http,
    ):
        visitor = Visitor(http, stub)
        load = ForeignLoad([server.pid, stub.pid])
        print(asyncio.run(_measured(visitor, load, 1 if given.quick else given.rounds)))
    return 0


async def _measured(visitor: Visitor, load: ForeignLoad, rounds: int) -> str:
    opened = await _painted(visitor, 4 * rounds)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM)
        load.mark()
        opened += await _transferred(browser, visitor)
        answers = await _answers(browser, visitor, rounds)
        await browser.close()
    return "\n".join(
        [
            f"Opening a chat of {_FEW} messages, {4 * rounds} times",
            "",
            *aligned(opened),
            "",
            f"An answer of {_TOKENS} tokens, 5 ms apart, in a chat of {_MANY} messages",
            "",
            *aligned(answers),
            "",
            f"Others, and Chromium, used {shown(load.cores())} cores.",
        ]
    )


async def _painted(visitor: Visitor, times: int) -> Lines:
    address = visitor.chat(visitor.talk(_FEW))
    first, again = [], []
    async with visits() as browser:
        for _ in range(times):
            async with browser.visitor(address, COOKIE, visitor.token) as somebody:
                first.append(await browser.painted_ms(somebody, address))
                again.append(await browser.painted_ms(somebody, address))
    return [
        ("", "p50", "p95", "target"),
        ("first visit: words painted, ms", *_middle(first), "300"),
        ("later visit: words painted, ms", *_middle(again), ""),
    ]


async def _transferred(browser: Browser, visitor: Visitor) -> Lines:
    async with visitor.windows(browser) as windows:
        page = await windows.new_page()
        paint = await painted(page, visitor.chat(visitor.talk(_FEW)), f"Message {_FEW - 1}.")
    kilobytes = sum(paint.sizes.values()) / 1000
    return [("first visit: transferred until then, kB", shown(kilobytes), "", "100")]


async def _answers(browser: Browser, visitor: Visitor, rounds: int) -> Lines:
    ours, least, longest = [], [], []
    for _ in range(rounds):
        async with visitor.windows(browser) as windows:
            page = await windows.new_page()
            await _open(page, visitor)
            async with cpu(page) as work:
                await _ask(page)
            ours.append(work.used_ms / _TOKENS)
            await page.goto(visitor.chat("nowhere"))
            async with cpu(page) as bare:
                await page.evaluate(BARE, [visitor.path(visitor.talk(0)), _ASKED])
            least.append(bare.used_ms / _TOKENS)
            await _open(page, visitor)
            async with cpu(page, traced=True) as traced:
                await _ask(page)
            longest.append(traced.longest_ms)
    return [
        ("", "p50", "p95", "target"),
        ("main thread, CPU a token, ms", *_middle(ours), "2"),
        ("the same for its plain text alone, ms", *_middle(least), ""),
        ("longest task, CPU, ms", *_middle(longest), "50"),
    ]


async def _open(page: Page, visitor: Visitor) -> None:
    await page.goto(visitor.chat(visitor.talk(_MANY)))
    await page.get_by_text(f"Message {_MANY - 1}.").wait_for()


async def _ask(page: Page) -> None:
    await page.get_by_label("Message", exact=True).fill(_ASKED)
    await page.keyboard.press("Enter")
    stop = page.get_by_role("button", name="Stop", exact=True)
    await stop.wait_for()
    await stop.wait_for(state="hidden", timeout=_PATIENCE_MS)


def _middle(samples: list[float]) -> tuple[str, str]:
    return shown(quantile(samples, 0.5)), shown(quantile(samples, 0.95))


if __name__ == "__main__":
    sys.exit(main())
