"""Pages in Chromium: when their words are painted, and what the main thread does."""

import json
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson
from playwright.async_api import CDPSession, Page

CHROMIUM: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""What it is started with."""

BARE: Final = """async ([path, content]) => {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify({ content }) });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const place = document.querySelector("main").appendChild(document.createElement("p"));
  const text = place.appendChild(document.createTextNode(""));
  let [rest, waiting] = ["", ""];
  const show = () => { text.appendData(waiting); waiting = ""; };
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const frames = (rest + read.value).split("\\n\\n");
    rest = frames.pop();
    const lines = frames.filter((one) => one.startsWith("data: "));
    const events = lines.map((one) => JSON.parse(one.slice(6)));
    for (const { event_type, content } of events) {
      if (event_type !== "AGENT_RESPONSE_TO_USER") continue;
      if (!waiting) requestAnimationFrame(show);
      waiting += content;
    }
  }
}"""
"""The least that shows an answer: its words are put into one text, frame by frame. Given a path, as
of send-message, and what to say."""

_PAINTED: Final = """(() => {
  const observer = new MutationObserver(() => {
    if (!document.body?.textContent.includes(TEXT)) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.painted = performance.now(); }));
  });
  observer.observe(document, { childList: true, characterData: true, subtree: true });
})()"""
_NEEDED: Final = """() => performance.getEntries()
  .filter(({ entryType, responseEnd }) => entryType === "navigation" || responseEnd <= painted)
  .map(({ name }) => name)"""


def chromium() -> str | None:
    """Where it is; the one that has no windows takes a quarter less of the CPU."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@dataclass(frozen=True, slots=True)
class Paint:
    """When it was, since one went there, and what came before, in bytes on the wire by address."""

    ms: float
    sizes: dict[str, float]


async def painted(page: Page, address: str, text: str) -> Paint:
    """Goes there, and waits until the text stands in the page and a frame has followed."""
    await page.add_init_script(_PAINTED.replace("TEXT", json.dumps(text)))
    async with transferred(page) as sizes:
        await page.goto(address)
        await page.wait_for_function("() => window.painted")
        needed = await page.evaluate(_NEEDED)
        ms = await page.evaluate("() => painted")
    return Paint(ms, {url: size for url, size in sizes.items() if url in needed})


@asynccontextmanager
async def transferred(page: Page) -> AsyncIterator[dict[str, float]]:
    """What each answer that begins meanwhile takes on the wire, headers and all, in bytes."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, float] = {}

    def begun(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["response"]["url"]

    def ended(event: dict[str, Any]) -> None:
        if address := addresses.get(event["requestId"]):
            sizes[address] = event["encodedDataLength"]

    session.on("Network.responseReceived", begun)
    session.on("Network.loadingFinished", ended)
    yield sizes
    await session.detach()


@dataclass
class Work:
    """CPU time of a page's main thread, in milliseconds; `longest_ms` only with tracing."""

    used_ms: float = 0
    longest_ms: float = 0


@asynccontextmanager
async def cpu(page: Page, *, traced: bool = False) -> AsyncIterator[Work]:
    """What the main thread does meanwhile. Tracing costs some half of it again by itself."""
    work = Work()
    session = await page.context.new_cdp_session(page)
    browser = page.context.browser
    assert browser is not None
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    if traced:
        await browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    before = await _task_s(session)
    yield work
    work.used_ms = (await _task_s(session) - before) * 1000
    if traced:
        work.longest_ms = _longest_ms(orjson.loads(await browser.stop_tracing())["traceEvents"])
    await session.detach()


async def _task_s(session: CDPSession) -> float:
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


def _longest_ms(events: list[dict[str, Any]]) -> float:
    """Of the tasks on the main thread of the page that worked most."""
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"].get("name") == "CrRendererMain"
    }
    tasks: dict[tuple[int, int], list[float]] = defaultdict(list)
    for event in events:
        thread = event["pid"], event["tid"]
        if event["name"].endswith("RunTask") and thread in mains:
            tasks[thread].append(event.get("tdur", 0) / 1000)
    busiest = max(tasks.values(), key=sum, default=[0.0])
    return max(busiest)
