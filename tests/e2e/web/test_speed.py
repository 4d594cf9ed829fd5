"""A long conversation: few rows in the page, a reader who is never moved, a thread that is free."""

from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from pages import BARE, cpu
from tests.e2e.server import Json, ServerProcess
from tests.e2e.web.bench import Bench
from tests.e2e.web.chatting import answers, say
from tests.e2e.web.looks import axe, both_schemes
from tests.e2e.web.person import Person

_MODULES = ["vendor/preact.js", "components/list.js", "components/markdown.js"]
# Rows of very different heights, each with a button; `rows` and `grow` are the test's hands.
_SHOW = """(count, preact, { VirtualList }, { renderInto }) => {
  const { html, render, signal, useLayoutEffect, useRef } = preact;
  const words = "Words that fill a line or two, with `code` and **strong** ones. ";
  const text = (number) => `Message ${number}. ${words.repeat(Math.abs(number * 7) % 23)}`;
  window.said = (number) => ({ id: `m${number}`, text: text(number) });
  window.rows = signal(Array.from({ length: count }, (_, index) => said(index)));
  window.asked = 0;
  function Text({ text }) {
    const host = useRef(null);
    useLayoutEffect(() => { renderInto(host.current, text); }, [text]);
    return html`<div class="prose" ref=${host}></div><button class="button">Copy</button>`;
  }
  const row = (one) => html`<${Text} text=${one.text} />`;
  const keyOf = (one) => one.id;
  const onStart = () => { window.asked += 1; };
  window.shown = signal(null);
  const App = () => html`<${VirtualList} rows=${rows.value} keyOf=${keyOf} row=${row}
    label="Conversation" onStart=${onStart} show=${shown.value} />`;
  const host = document.querySelector("#host");
  host.style.setProperty("height", "100dvh");
  document.body.style.setProperty("overflow", "hidden");
  render(html`<${App} />`, host);
}"""
# Which row is in the middle of the pane, and where.
_MIDDLE = """() => {
  const { width, height } = document.querySelector(".list-pane").getBoundingClientRect();
  const row = document.elementFromPoint(width / 2, height / 2).closest(".list-row");
  const text = row.querySelector("p").textContent.slice(0, 12);
  return { text, top: row.getBoundingClientRect().top };
}"""
_FRAMES = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
})"""

# How many characters come into the page in each task, if each look at the clock costs so much.
_SLICED = """async ({ text, costMs }, { renderInto }) => {
  const host = document.querySelector("#host");
  let now = 0;
  performance.now = () => (now += costMs);
  const sizes = [];
  let before = 0;
  const observer = new MutationObserver(() => {
    sizes.push(host.textContent.length - before);
    before = host.textContent.length;
  });
  observer.observe(host, { childList: true, characterData: true, subtree: true });
  await renderInto(host, text);
  observer.disconnect();
  return sizes;
}"""

_UNANCHORED = (
    """() => document.querySelector(".list-pane").style.setProperty("overflow-anchor", "none")"""
)


@pytest_asyncio.fixture(loop_scope="module")
async def bench(stranger: Page, site: ServerProcess) -> Bench:
    bench = await Bench.opened(stranger, site)
    await bench.page.set_viewport_size({"width": 800, "height": 600})
    return bench


async def _show(bench: Bench, count: int = 500) -> None:
    await bench.run(_MODULES, _SHOW, count)
    await expect(bench.page.get_by_text(f"Message {count - 1}.")).to_be_in_viewport()


async def _settled(page: Page) -> None:
    for _ in range(4):
        await page.evaluate(_FRAMES)


async def _middle(page: Page) -> Any:
    await _settled(page)
    return await page.evaluate(_MIDDLE)


async def _read_above(page: Page) -> None:
    for _ in range(4):
        await page.evaluate("() => document.querySelector('.list-pane').scrollBy(0, -700)")
        await _settled(page)


async def test_a_long_list_has_few_rows_and_says_how_many_there_are(bench: Bench) -> None:
    await _show(bench)
    page = bench.page

    most = await page.evaluate(
        """async () => {
          const pane = document.querySelector(".list-pane");
          let most = 0;
          for (let step = 0; step < 60; step += 1) {
            pane.scrollBy(0, -pane.clientHeight * 0.8);
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            const rows = [...document.querySelectorAll(".list-row")];
            most = Math.max(most, rows.length);
            const boxes = rows.map((row) => row.getBoundingClientRect());
            if (boxes[0].top > 0 || boxes.at(-1).bottom < pane.clientHeight - 1)
              throw new Error(`A gap after ${step} steps.`);
          }
          return most;
        }"""
    )

    assert most <= 40
    row = page.locator(".list-row").first
    assert await row.get_attribute("aria-setsize") == "500"
    position = int(await row.get_attribute("aria-posinset") or 0)
    await expect(row).to_contain_text(f"Message {position - 1}.")
    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme


async def test_the_end_stays_in_sight_while_it_grows(bench: Bench) -> None:
    await _show(bench)
    for change in (
        "() => { rows.value = [...rows.value, said(500)]; }",
        "() => [...document.querySelectorAll('.list-row')].at(-1).append(' more'.repeat(900))",
        "() => { rows.value = [said(-1), said(-2), ...rows.value]; }",
    ):
        await bench.page.evaluate(change)
        await _settled(bench.page)

        gap = await bench.page.evaluate(
            """() => document.querySelector(".list-pane").clientHeight
              - [...document.querySelectorAll(".list-row")].at(-1).getBoundingClientRect().bottom"""
        )
        assert abs(gap) <= 1, change
        await expect(bench.page.locator(".list-row").last).to_contain_text("Message 500.")


@pytest.mark.parametrize("anchored", [True, False])
async def test_who_reads_above_is_not_moved(
    stranger: Page, site: ServerProcess, anchored: bool
) -> None:
    """Neither where the browser holds what is read in place, nor where the list has to."""
    bench = await Bench.opened(stranger, site)
    await bench.page.set_viewport_size({"width": 800, "height": 600})
    await _show(bench)
    if not anchored:
        await bench.page.evaluate(_UNANCHORED)
    page = bench.page
    await _read_above(page)
    before = await _middle(page)
    for change in (
        "() => { rows.value = [...rows.value, said(500), said(501)]; }",
        "() => { rows.value = [...Array.from(Array(30), (_, at) => said(-at)), ...rows.value]; }",
        "() => document.querySelector('.list-row').append('above '.repeat(300))",
        "() => [...document.querySelectorAll('.list-row')].at(-1).append('below '.repeat(300))",
    ):
        await page.evaluate(change)
        now = await _middle(page)

        assert now["text"] == before["text"], change
        assert abs(now["top"] - before["top"]) <= 1, change


async def test_the_keys_of_a_page_work_on_the_list(bench: Bench) -> None:
    await _show(bench)
    page = bench.page
    pane = page.get_by_role("region", name="Conversation")
    await pane.focus()

    await page.keyboard.press("Home")
    first = page.get_by_text("Message 0.")
    await expect(first).to_be_in_viewport()
    await _settled(page)
    top = "() => document.querySelector('.list-row').getBoundingClientRect().top"
    assert abs(await page.evaluate(top)) <= 1
    await expect(page.locator(".list-row").first).to_have_attribute("aria-posinset", "1")
    assert await page.evaluate("() => asked") >= 1

    await page.keyboard.press("PageDown")
    await _settled(page)
    assert abs(await page.evaluate(top) + 600 * 0.9) <= 1
    await page.keyboard.press("PageUp")
    await _settled(page)
    assert abs(await page.evaluate(top)) <= 1
    await page.keyboard.press("End")
    await expect(page.get_by_text("Message 499.")).to_be_in_viewport()


async def test_a_button_leads_back_to_the_newest(bench: Bench) -> None:
    await _show(bench)
    newest = bench.page.get_by_role("button", name="Newest")
    await expect(newest).to_have_count(0)
    await _read_above(bench.page)

    await newest.click()

    await expect(bench.page.get_by_text("Message 499.")).to_be_in_viewport()
    await expect(newest).to_have_count(0)
    await expect(bench.page.get_by_role("region", name="Conversation")).to_be_focused()


async def test_a_row_is_brought_into_view_by_its_key(bench: Bench) -> None:
    await _show(bench)

    await bench.page.evaluate("() => { shown.value = 'm100'; }")

    await expect(bench.page.get_by_text("Message 100.")).to_be_in_viewport()


async def test_a_row_that_leaves_does_not_take_the_focus_out_of_the_list(bench: Bench) -> None:
    await _show(bench)
    await bench.page.get_by_role("button", name="Copy").last.focus()

    await bench.page.keyboard.press("Home")

    await expect(bench.page.get_by_text("Message 0.")).to_be_in_viewport()
    await expect(bench.page.get_by_role("region", name="Conversation")).to_be_focused()


async def test_what_is_before_the_first_row_is_asked_for_once(bench: Bench) -> None:
    await _show(bench, 3)
    asked = "() => asked"
    await _settled(bench.page)
    assert await bench.page.evaluate(asked) == 1

    await bench.page.evaluate("() => { rows.value = [said(-1), ...rows.value]; }")
    await _settled(bench.page)

    assert await bench.page.evaluate(asked) == 2


_TOKENS = 600
_ASKED = f"Count [tokens={_TOKENS}] [itl=5]"
_COUNT_ROWS = """() => {
  window.most = 0;
  const count = () => { most = Math.max(most, document.querySelectorAll(".list-row").length); };
  new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
}"""


async def _ask(page: Page) -> None:
    await say(page, _ASKED)
    stop = page.get_by_role("button", name="Stop", exact=True)
    await expect(stop).to_be_visible()
    await expect(stop).to_be_hidden(timeout=60_000)


async def _long_talk(page: Page, person: Person, agent: Json) -> None:
    talk = person.seed(agent, messages=500)
    await page.goto(person.at("c", talk["conversation_id"]))
    await expect(page.get_by_text("Message 499.")).to_be_in_viewport()


async def _bare(page: Page, person: Person, agent: Json) -> tuple[str, list[str]]:
    """In a page without a conversation; what shows the same answer there, and no more."""
    talk = person.caller.conversation(agent)["conversation_id"]
    await page.goto(person.at("nowhere"))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    return BARE, [f"/agents/{agent['agent_id']}/{talk}/send-message", _ASKED]


async def _least(ratio: Callable[[], Awaitable[float]], limit: float) -> float:
    """Of at most three: a busy machine may disturb what is compared, or its like."""
    least = inf
    for _ in range(3):
        least = min(least, await ratio())
        if least <= limit:
            break
    return least


async def test_an_answer_of_200_tokens_a_second_costs_little_more_than_its_plain_text(
    page: Page, person: Person, stubbed: Json
) -> None:
    """In a conversation of 500 messages. CPU time: what else the machine does is no matter."""

    async def ratio() -> float:
        await _long_talk(page, person, stubbed)
        await page.evaluate(_COUNT_ROWS)
        async with cpu(page) as work:
            await _ask(page)
        await expect(answers(page).last).to_be_in_viewport()
        assert await page.evaluate("() => most") <= 40

        least = await _bare(page, person, stubbed)
        async with cpu(page) as bare:
            await page.evaluate(*least)
        return work.used_ms / bare.used_ms

    assert await _least(ratio, 2) <= 2


async def test_no_task_is_long_while_an_answer_comes(
    page: Page, person: Person, stubbed: Json
) -> None:
    """Where the longest of plain text takes 5 ms, 50 are the limit; they were 14 to 22."""

    async def ratio() -> float:
        await _long_talk(page, person, stubbed)
        async with cpu(page, traced=True) as work:
            await _ask(page)

        least = await _bare(page, person, stubbed)
        async with cpu(page, traced=True) as bare:
            await page.evaluate(*least)
        return work.longest_ms / bare.longest_ms

    assert await _least(ratio, 10) <= 10


# `whole`: all of it is made anew in every frame.
_WRITE = """async ({ kind, tokens, whole }, { GrowingText }, { markdown }) => {
  const words = ["The ", "answer ", "**grows** ", "by ", "`code` ", "and ", "a ", "[l](x:y) "];
  const begins = { list: "- ", table: "| a | b |\\n|---|---|\\n| ", code: "```python\\n" };
  const ends = { list: "\\n- ", table: " | and |\\n| ", code: "\\n" };
  const host = document.querySelector("#host");
  host.className = "prose";
  const growing = new GrowingText(host);
  const anew = (text) => host.replaceChildren(markdown(text));
  const show = whole ? anew : (text) => growing.update(text);
  let text = begins[kind];
  for (let written = 0; written < tokens; ) {
    await new Promise(requestAnimationFrame);
    const due = Math.min(tokens, written + 12);
    for (; written < due; written += 1) text += written % 12 ? words[written % 8] : ends[kind];
    show(text);
  }
}"""


@pytest.mark.parametrize("kind", ["list", "table", "code"])
async def test_what_is_long_and_of_one_piece_is_not_made_anew_for_each_word(
    bench: Bench, kind: str
) -> None:
    modules = ["components/growing.js", "components/markdown.js"]
    await bench.run(modules, _WRITE, {"kind": kind, "tokens": 50, "whole": False})

    used_ms = []
    for whole in False, True:
        async with cpu(bench.page) as work:
            given = {"kind": kind, "tokens": 4 * _TOKENS, "whole": whole}
            await bench.run(modules, _WRITE, given)
        used_ms.append(work.used_ms)

    growing_ms, whole_ms = used_ms
    assert growing_ms <= 0.5 * whole_ms


@pytest.mark.parametrize(
    ("cost_ms", "most"),
    [(30, [2048 + 1024, 512]), (1, [2048 + 4096, 8192, 16_384])],
    ids=["slow", "fast"],
)
async def test_a_long_stored_answer_is_shown_in_slices_as_long_as_the_machine_bears(
    bench: Bench, cost_ms: int, most: list[int]
) -> None:
    text = "".join(f"## Part {part}\n\n- one is **strong**\n- two\n\n" for part in range(1000))

    at_once: list[int] = await bench.run(
        ["components/markdown.js"], _SLICED, {"text": text, "costMs": cost_ms}
    )

    await expect(bench.page.locator("#host h4")).to_have_count(1000)
    limits = [*most, *[most[-1]] * len(at_once)]
    assert all(shown <= limit for shown, limit in zip(at_once, limits, strict=False))
    assert len(at_once) <= 2 * len(text) / most[-1] + len(most)
