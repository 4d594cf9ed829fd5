"""How a page is looked at: accessibility, colour schemes, the work that its main thread has."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from playwright.async_api import CDPSession, Page

from tests.e2e.server import ROOT

_AXE = ROOT / "node_modules/axe-core/axe.min.js"
_RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter(({ impact }) => ["serious", "critical"].includes(impact))
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`)"""


async def axe(page: Page) -> list[str]:
    """The serious and critical violations of what the page shows now."""
    assert _AXE.is_file(), "Run `npm ci` first."
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: list[str] = await page.evaluate(_RUN)
    return found


async def both_schemes(page: Page) -> AsyncIterator[Literal["light", "dark"]]:
    """Shows the page in one scheme after the other."""
    schemes: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        yield scheme
    await page.emulate_media(color_scheme=None, reduced_motion=None)


async def overflows(page: Page) -> bool:
    """Whether the page can be scrolled sideways."""
    sideways: bool = await page.evaluate(
        "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return sideways


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
