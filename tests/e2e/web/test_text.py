"""Text of people, models and tools: shown as it is meant, and never as anything but text."""

from typing import Any

import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.server import ServerProcess
from tests.e2e.web.bench import Bench
from tests.e2e.web.corpus import ATTACKS, MARKDOWN, PROSE
from tests.e2e.web.looks import axe, both_schemes, overflows

_SHOW = """async (text, { renderInto }) => {
  const host = document.querySelector("#host");
  host.className = "prose";
  await renderInto(host, text);
}"""
_ELEMENTS = {
    *("p", "br", "hr", "em", "strong", "del", "code", "pre", "ul", "ol", "li", "blockquote"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "a", "input"),
    *("div", "span", "button", "svg", "path"),
}
_WHAT_IS_THERE = """() => [...document.querySelectorAll("#host *")].map((node) => ({
  name: node.localName,
  attributes: Object.fromEntries([...node.attributes].map(({ name, value }) => [name, value])),
}))"""
# Code is compared by its text, since its colours come later; blanks between blocks are no matter.
_EVERY_CUT = """(corpus, { Blocks }, { markdown }, { normal }) => {
  const plain = (node) => {
    const copy = node.cloneNode(true);
    for (const code of copy.querySelectorAll("code")) code.textContent = code.textContent;
    const texts = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
    const blanks = [];
    while (texts.nextNode())
      if (/^\\s*\\n\\s*$/.test(texts.currentNode.data)) blanks.push(texts.currentNode);
    for (const blank of blanks) if (!blank.parentElement.closest("code")) blank.remove();
    return copy.innerHTML.replaceAll("\\n<", "<");
  };
  const differing = [];
  for (const [name, text] of Object.entries(corpus)) {
    const growing = document.createElement("div");
    const blocks = new Blocks(growing);
    const step = Math.ceil(text.length / 300); // of what is very long, not quite every cut
    for (let end = 0; end <= text.length; end += step) {
      const whole = document.createElement("div");
      blocks.show(normal(text.slice(0, end)));
      whole.append(markdown(text.slice(0, end)));
      if (plain(growing) === plain(whole)) continue;
      differing.push([name, text.slice(0, end), plain(growing), plain(whole)]);
      break;
    }
  }
  return differing;
}"""


@pytest_asyncio.fixture(loop_scope="module")
async def bench(stranger: Page, site: ServerProcess) -> Bench:
    return await Bench.opened(stranger, site)


async def _show(bench: Bench, text: str) -> None:
    await bench.run(["components/markdown.js"], _SHOW, text)


async def test_no_text_becomes_markup_or_leads_to_a_script(bench: Bench) -> None:
    """What runs is an error of the page, what is forbidden a report: the fixture fails on both."""
    for attack in ATTACKS:
        await _show(bench, f"{attack}\n\n- {attack}\n\n> {attack}\n\n| a |\n|---|\n| {attack} |\n")

        there: list[dict[str, Any]] = await bench.page.evaluate(_WHAT_IS_THERE)
        assert {node["name"] for node in there} <= _ELEMENTS
        for node in there:
            assert not [name for name in node["attributes"] if name.startswith("on")]
            if node["name"] == "a" and "href" in node["attributes"]:
                assert node["attributes"]["href"].split(":")[0] in ("http", "https", "mailto")
                assert node["attributes"]["rel"] == "noopener noreferrer nofollow"
                assert node["attributes"]["target"] == "_blank"
    assert await bench.page.evaluate("() => window.hacked") is None


async def test_raw_html_is_read_as_it_was_written(bench: Bench) -> None:
    await _show(bench, "<b>bold</b> <!-- kept -->\n\n<div onclick=x>\n*so*\n</div>\n")

    await expect(bench.page.locator("#host > p")).to_have_text(
        ["<b>bold</b> <!-- kept -->", "<div onclick=x>so</div>"]
    )
    await expect(bench.page.locator("#host em")).to_have_text("so")


async def test_only_addresses_of_the_web_and_of_mail_are_links(bench: Bench) -> None:
    await _show(
        bench,
        '[a](https://a.example/x "t") [b](JaVaScRiPt:x) [c](/settings) [d](//e.example) '
        "[e](data:text/html,x) [f](&#106;avascript:x) me@g.example <ftp://h.example> [i](#x)",
    )

    links = bench.page.locator("#host a[href]")
    await expect(links).to_have_text(["a", "me@g.example"])
    await expect(links.first).to_have_attribute("href", "https://a.example/x")
    await expect(links.last).to_have_attribute("href", "mailto:me@g.example")


async def test_lists_and_tables_keep_their_boxes_numbers_and_columns(bench: Bench) -> None:
    await _show(bench, "- [x] a\n- [ ] b\n\ntext\n\n3. c\n\n| d |\n|--:|\n| 1 |\n")

    boxes = bench.page.get_by_role("checkbox", disabled=True)
    await expect(boxes).to_have_count(2)
    await expect(boxes.first).to_be_checked()
    await expect(bench.page.locator("#host ol")).to_have_attribute("start", "3")
    await expect(bench.page.locator("#host td")).to_have_attribute("align", "right")


async def test_a_picture_is_a_link_and_is_not_fetched(bench: Bench) -> None:
    asked: list[str] = []
    bench.page.on("request", lambda request: asked.append(request.url))
    await _show(
        bench,
        "![chart](https://p.example/x.png?s=secret) [![b](https://p.example/b.svg)](https://q.example)",
    )

    await expect(bench.page.locator("#host a")).to_have_text(["🖼 chart", "🖼 b"])
    assert await bench.page.locator("#host img").count() == 0
    assert not [url for url in asked if ".example" in url]


async def test_a_text_that_grows_looks_at_every_cut_as_the_whole_one_does(bench: Bench) -> None:
    modules = ["components/blocks.js", "components/markdown.js", "components/prose.js"]

    assert await bench.run(modules, _EVERY_CUT, MARKDOWN) == []


async def test_what_is_settled_is_not_touched_again(bench: Bench) -> None:
    """Also of a long list: nothing but its end is made anew when it grows."""
    kept = await bench.run(
        ["components/growing.js"],
        """async (items, { GrowingText }) => {
          const host = document.querySelector("#host");
          const growing = new GrowingText(host);
          growing.update(`Before.\\n\\n${items}`);
          await growing.finish();
          const before = [...host.querySelectorAll("p, li")].slice(0, 100);
          growing.update(`Before.\\n\\n${items}- more **and\\n- more`);
          await growing.finish();
          const now = [...host.querySelectorAll("p, li")];
          return [before.length, before.every((node, index) => node === now[index]), now.length];
        }""",
        "".join(f"- item {number} of a list that is long\n" for number in range(300)),
    )

    assert kept == [100, True, 303]


async def test_a_text_that_is_replaced_is_shown_anew(bench: Bench) -> None:
    await bench.run(
        ["components/growing.js"],
        """async (_, { GrowingText }) => {
          const growing = new GrowingText(document.querySelector("#host"));
          growing.update("# One\\n\\nTwo\\n\\n");
          growing.update("");
          growing.update("Three");
          await growing.finish();
        }""",
    )

    await expect(bench.page.locator("#host")).to_have_text("Three")


async def test_updates_rest_in_proportion_to_what_they_cost(bench: Bench) -> None:
    """A frame's worth of tokens may come at any pace: what is shown last is the end."""
    await bench.run(
        ["components/growing.js"],
        """(_, { GrowingText }) => {
          const growing = new GrowingText(document.querySelector("#host"));
          let text = "";
          for (let count = 0; count < 500; count += 1) growing.update((text += `- ${count}\\n`));
        }""",
    )

    await expect(bench.page.locator("#host li")).to_have_count(500)


async def test_a_long_text_is_shown_in_slices(bench: Bench) -> None:
    shown = await bench.run(
        ["components/markdown.js"],
        """async (text, { renderInto }) => {
          const host = document.querySelector("#host");
          const done = renderInto(host, text);
          const atOnce = host.textContent.length;
          await done;
          const nodes = [...host.children];
          const elsewhere = document.createElement("div");
          host.replaceWith(elsewhere);
          await renderInto(elsewhere, text);
          return [atOnce > 0, atOnce < elsewhere.textContent.length,
            elsewhere.querySelectorAll("p").length, elsewhere.children[0] === nodes[0]];
        }""",
        "A paragraph that is as long as most of them are.\n\n" * 1000,
    )

    assert shown == [True, True, 1000, True]


async def test_code_has_its_language_its_colours_and_a_button_that_copies_it(
    bench: Bench,
) -> None:
    await bench.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    source = "def f(x: int) -> str:\n    return '<b>' # why"
    await _show(bench, f"```Python title\n{source}\n```\n")
    block = bench.page.locator(".code")

    await expect(block.locator(".code-language")).to_have_text("python")
    await expect(block.locator(".hljs-keyword").first).to_have_text("def")
    await expect(block.locator("code")).to_have_text(source)
    await block.get_by_role("button", name="Copy code").click()
    await expect(block.get_by_role("button", name="Copied")).to_be_visible()
    assert await bench.page.evaluate("() => navigator.clipboard.readText()") == source


async def test_prose_has_no_serious_violation_and_does_not_scroll_sideways(bench: Bench) -> None:
    await _show(bench, PROSE)
    await expect(bench.page.locator(".hljs-keyword").first).to_be_visible()

    async for scheme in both_schemes(bench.page):
        assert await axe(bench.page) == [], scheme
    await bench.page.set_viewport_size({"width": 360, "height": 740})
    assert not await overflows(bench.page)


async def test_long_names_keep_both_ends(bench: Bench) -> None:
    cut = await bench.run(
        ["components/safe.js"],
        """(names, { cutMiddle }) => names.map((name) => cutMiddle(name, 11))""",
        ["short.txt", "a-very-long-name.txt", "😀" * 20],
    )

    assert cut == ["short.txt", "a-ver…e.txt", "😀" * 5 + "…" + "😀" * 5]
