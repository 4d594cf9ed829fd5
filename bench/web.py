"""What the web app costs in Chromium: opening a chat, and an answer while it comes.

    uv run bench/web.py [--quick] [--rounds N]

bench/README.md tells the method.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from figures import aligned, quantile, shown
from machine import ForeignLoad
from pages import BARE, CHROMIUM, chromium, cpu, painted
from servers import Server, smriti, stub_model
from smriti.auth.sessions import COOKIE

_TOKENS: Final = 1000
_ASKED: Final = f"Count [tokens={_TOKENS}] [itl=5]"
_PATIENCE_MS: Final = 60_000
_FEW: Final = 30
_MANY: Final = 500

type Lines = list[tuple[str, ...]]


class Account:
    """Somebody new, whose agent thinks with the stub."""

    def __init__(self, server: Server, stub: Server) -> None:
        self._http = httpx2.Client(base_url=server.url, timeout=60, trust_env=False)
        name, password = f"bench-{secrets.token_hex(4)}", secrets.token_hex(8)
        self._token = self._post("/auth/local/signup", {"username": name, "password": password})[
            "token"
        ]
        self._http.headers["authorization"] = f"Bearer {self._token}"
        provider = {"base_url": f"{stub.url}/v1", "model": "stub"}
        self._post("/settings/providers/OpenAI", provider)
        agent = {
            "agent_name": "Bench",
            "agent_persona": "You are helpful.",
            "agent_architecture": "krishna-memgpt",
            "agent_provider": "OpenAI",
        }
        self._agent = self._post("/agents", agent)["agent_id"]
        self._url = server.url

    def talk(self, messages: int) -> str:
        """A conversation of so many messages; its id."""
        talk: str = self._post("/conversations/", {"agent_id": self._agent})["conversation_id"]
        began = datetime.now(UTC) - timedelta(minutes=messages)
        said = [
            {
                "role": "assistant" if number % 2 else "user",
                "content": f"Message {number}. " + "Words that fill a line or two. " * (number % 7),
                "created_at": (began + timedelta(minutes=number)).isoformat(),
            }
            for number in range(messages)
        ]
        if said:
            self._post(f"/conversations/{talk}/messages:import", {"messages": said})
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
        await context.add_cookies([{"name": COOKIE, "value": self._token, "url": self._url}])
        yield context
        await context.close()

    def _post(self, path: str, body: Any) -> Any:
        response = self._http.post(path, json=body)
        assert response.is_success, response.text
        return response.json()


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what the web app costs.")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that all works")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="smriti-bench-") as directory,
        stub_model() as stub,
        smriti(Path(directory) / "data") as server,
    ):
        print(asyncio.run(_measured(server, stub, 1 if given.quick else given.rounds)))
    return 0


async def _measured(server: Server, stub: Server, rounds: int) -> str:
    account = Account(server, stub)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM)
        load = ForeignLoad([server.pid, stub.pid])
        opened = await _opened(browser, account, 4 * rounds)
        answers = await _answers(browser, account, rounds)
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


async def _opened(browser: Browser, account: Account, times: int) -> Lines:
    address = account.chat(account.talk(_FEW))
    text = f"Message {_FEW - 1}."
    first, again, kilobytes = [], [], 0.0
    for _ in range(times):
        async with account.windows(browser) as windows:
            page = await windows.new_page()
            paint = await painted(page, address, text)
            await page.goto("about:blank")
            first.append(paint.ms)
            again.append((await painted(page, address, text)).ms)
            kilobytes = sum(paint.sizes.values()) / 1000
    return [
        ("", "p50", "p95", "target"),
        ("first visit: words painted, ms", *_middle(first), "300"),
        ("later visit: words painted, ms", *_middle(again), ""),
        ("first visit: transferred until then, kB", shown(kilobytes), "", "100"),
    ]


async def _answers(browser: Browser, account: Account, rounds: int) -> Lines:
    ours, least, longest = [], [], []
    for _ in range(rounds):
        async with account.windows(browser) as windows:
            page = await windows.new_page()
            await _open(page, account)
            async with cpu(page) as work:
                await _ask(page)
            ours.append(work.used_ms / _TOKENS)
            await page.goto(account.chat("nowhere"))
            async with cpu(page) as bare:
                await page.evaluate(BARE, [account.path(account.talk(0)), _ASKED])
            least.append(bare.used_ms / _TOKENS)
            await _open(page, account)
            async with cpu(page, traced=True) as traced:
                await _ask(page)
            longest.append(traced.longest_ms)
    return [
        ("", "p50", "p95", "target"),
        ("main thread, CPU a token, ms", *_middle(ours), "2"),
        ("the same for its plain text alone, ms", *_middle(least), ""),
        ("longest task, CPU, ms", *_middle(longest), "50"),
    ]


async def _open(page: Page, account: Account) -> None:
    await page.goto(account.chat(account.talk(_MANY)))
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
