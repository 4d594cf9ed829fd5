"""Every page, for everybody: without a mouse, on a small screen, in few colours, without motion."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.browser import context
from tests.e2e.server import ServerProcess
from tests.e2e.web.corpus import PROSE
from tests.e2e.web.looks import axe, overflows
from tests.e2e.web.world import Place, World, patterns, reads, unfold, visit, world

# The width of a telephone, and of a window of 1280 at 400 %.
_NARROW: Final = (360, 320)
_ALL: Final = "document.documentElement.outerHTML"
# A button is busy until the dialog is over that it opens.
_OPENS: Final = f"""(before) => {_ALL} !== before
  && (!document.querySelector("main [aria-busy=true]") || document.querySelector("dialog:modal"))"""
_SPACED: Final = """() => {
  const wide = new CSSStyleSheet();
  wide.replaceSync(`
    * { line-height: 1.5 !important; }
    * { letter-spacing: .12em !important; word-spacing: .16em !important; }
    p { margin-block-end: 2em !important; }`);
  document.adoptedStyleSheets = [wide];
}"""
# Controls whose words are cut off where nothing says so.
_CUT: Final = """() => [...document.querySelectorAll("button, a, label, summary, h1, h2, th, dt")]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen") && one.innerText)
  .filter((one) => {
    const { overflow, textOverflow } = getComputedStyle(one);
    if (overflow === "visible" || textOverflow === "ellipsis") return false;
    return one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1;
  })
  .map((one) => one.outerHTML.slice(0, 120))"""
# What can be clicked, as its cursor says, and not be reached by a key.
_MOUSE_ONLY: Final = """() => {
  const reached = "a[href], button, input, select, textarea, summary, label, [tabindex='0'], "
    + "[role=option]";
  return [...document.body.querySelectorAll("*")]
    .filter((one) => one.checkVisibility() && getComputedStyle(one).cursor === "pointer")
    .filter((one) => !one.closest(reached) && !one.querySelector(reached))
    .map((one) => one.outerHTML.slice(0, 120));
}"""
# What can have the focus and does not show it; a wrapper may show it for what it wraps.
_UNSEEN_FOCUS: Final = """() => {
  const rings = (node) => [node, node.parentElement, node.parentElement?.parentElement,
    document.getElementById(node.getAttribute("aria-activedescendant"))].some((one) => {
    if (!one) return false;
    const { outlineStyle, outlineWidth, outlineColor, visibility } = getComputedStyle(one);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 && visibility === "visible"
      && !/^(transparent|rgba[(].*, 0[)])$/.test(outlineColor);
  });
  const wanted = "a[href], button:not(:disabled), input, select, textarea, summary, [tabindex='0']";
  return [...document.querySelectorAll(wanted)]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => {
      one.focus({ focusVisible: true, preventScroll: true });
      return document.activeElement === one && !rings(one);
    })
    .map((one) => one.outerHTML.slice(0, 160));
}"""
_MOVING: Final = """() => document.getAnimations()
  .filter(({ playState }) => playState === "running")
  .map(({ effect, animationName, transitionProperty }) =>
    `${animationName ?? transitionProperty} ${effect.target.outerHTML.slice(0, 80)}`)"""
# Of pairs of which one is chosen, where it looks like the other one.
_ALIKE: Final = """() => {
  const look = (one) => {
    const { borderStyle, borderColor, color, fontWeight, outlineStyle } = getComputedStyle(one);
    return JSON.stringify([borderStyle, borderColor, color, fontWeight, outlineStyle]);
  };
  const chosen = [...document.querySelectorAll(
    "[aria-current], [aria-pressed='true'], [aria-selected='true'], label:has(> input[type='radio']:checked)")];
  const isShown = (input) => input && input.offsetWidth > 8 && getComputedStyle(input).opacity !== "0";
  return chosen.filter((one) => one.checkVisibility() && !isShown(one.querySelector("input"))).filter((one) => {
    const others = [...document.querySelectorAll(one.className ? `.${CSS.escape(one.classList[0])}` : one.localName)]
      .filter((other) => !chosen.includes(other) && other.localName === one.localName && other.checkVisibility());
    return others.some((other) => look(other) === look(one));
  }).map((one) => one.outerHTML.slice(0, 160));
}"""  # noqa: E501
_NO_BORDER: Final = """() => [...document.querySelectorAll(".button, input, select, textarea:not([aria-label])")]
  .filter((one) => one.checkVisibility() && !one.matches("[type=radio], [type=checkbox], [type=file], .plan-switch *"))
  .filter((one) => {
    const { borderTopStyle, borderTopWidth, borderTopColor, backgroundColor } = getComputedStyle(one);
    return borderTopStyle === "none" || parseFloat(borderTopWidth) < 1 || borderTopColor === backgroundColor
      || /^(transparent|rgba[(].*, 0[)])$/.test(borderTopColor);
  })
  .map((one) => one.outerHTML.slice(0, 160))"""  # noqa: E501
_EVERYWHERE: Final = {"mouse only": _MOUSE_ONLY, "focus": _UNSEEN_FOCUS, "moves": _MOVING}
_FORCED: Final = {"no edge": _NO_BORDER, "alike": _ALIKE, "focus": _UNSEEN_FOCUS}


@pytest.fixture(scope="module")
def ada(site: ServerProcess) -> Iterator[World]:
    """Who uses long words."""
    with world(site, "ada", lambda what, most: f"{what} {'long' * 15}"[:most], PROSE) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, ada: World) -> AsyncIterator[Page]:
    async with context(browser, color_scheme="light", reduced_motion="reduce") as windows:
        await ada.person.enter(windows)
        yield await windows.new_page()


async def shown(page: Page, ada: World) -> AsyncIterator[str]:
    """One page after the other, whole and unfolded."""
    assert ada.places.keys() == set(patterns())
    for pattern, place in ada.places.items():
        await page.set_viewport_size({"width": 1280, "height": 800})
        await visit(page, ada, place.path)
        for text in place.shows:
            await reads(page, text)
        await unfold(page)
        yield pattern


async def told(page: Page, scripts: Mapping[str, str]) -> list[str]:
    """What these find, each with the name of what was looked for."""
    return [f"{name}: {one}" for name, look in scripts.items() for one in await page.evaluate(look)]


async def violations(page: Page) -> list[str]:
    """In both schemes, of which only the colours differ."""
    found = await axe(page)
    await page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in await axe(page, "color-contrast", "link-in-text-block")]
    await page.emulate_media(color_scheme="light")
    return found


async def forced(page: Page, scripts: Mapping[str, str]) -> list[str]:
    await page.emulate_media(forced_colors="active")
    found = await told(page, scripts)
    await page.emulate_media(forced_colors="none")
    return [f"forced colours, {one}" for one in found]


async def narrow(page: Page) -> list[str]:
    found = []
    for width in _NARROW:
        await page.set_viewport_size({"width": width, "height": 740})
        found += [f"at {width}: {one} scrolls" for one in await overflows(page)]
    return found


async def spaced(page: Page) -> list[str]:
    """Where words have more room in a small window."""
    await page.evaluate(_SPACED)
    found = [f"{one} scrolls" for one in await overflows(page)] + await page.evaluate(_CUT)
    await page.evaluate("() => { document.adoptedStyleSheets = []; }")
    return [f"spaced, {one}" for one in found]


async def press(page: Page, step: str) -> None:
    """A key, or what has this name, by its key."""
    if step == "?" or "+" in step:
        await page.keyboard.press(step)
        await expect(page.get_by_role("dialog").first).to_be_visible()
        return
    there = page.get_by_role("menuitem", name=step).or_(page.get_by_role("button", name=step))
    before = await page.evaluate(_ALL)
    await there.first.press("Enter")
    await page.wait_for_function(_OPENS, arg=before)
    await page.wait_for_timeout(50)  # a dialog is there before it is shown
    await expect(page.locator(".skeleton")).to_have_count(0)


# What can be opened, by the view that it belongs to: one step after the other, each a button (or
# else a key) by its name.
_OPENED: Final[list[tuple[str, tuple[str, ...]]]] = [
    ("keys", ("Control+k",)),
    ("keys", ("?",)),
    ("keys", ("Your account and this page",)),
    ("keys", ("Change or revoke",)),
    ("keys", ("New key",)),
    ("c/:conversation", ("Rename or delete", "Rename")),
    ("c/:conversation", ("Edit and ask again",)),
    ("c/:conversation", ("Memory",)),
    ("memory/:agent", ("History of human",)),
    ("memory/:agent", ("New block",)),
    ("memory/:agent/archive", ("Add a passage",)),
    ("memory/:agent/archive", ("Edit this passage",)),
    ("agents/:agent", ("Duplicate and export", "Duplicate…")),
    ("agents/:agent", ("Make a key for a site",)),
    ("agents/:agent", ("Delete agent…",)),
    ("models", ("Change the settings",)),
    ("models", ("Connect Bedrock",)),
    ("welcome", ("Go on",)),
    ("devices", ("Connect a machine",)),
    ("devices", ("Make a key",)),
    ("devices/:device", ("Forget this machine",)),
    ("account", ("Delete my account",)),
    ("a command waits in a chat", ()),
    ("a command waits in a task", ()),
    ("a task has failed", ()),
]


async def test_no_page_has_a_serious_violation(page: Page, ada: World) -> None:
    found = [
        f"{where}: {one}" async for where in shown(page, ada) for one in await violations(page)
    ]

    assert found == []


async def test_every_page_fits_and_is_used_by_keys_and_in_few_colours(
    page: Page, ada: World
) -> None:
    found: list[str] = []
    async for where in shown(page, ada):
        await page.keyboard.press("Tab")
        problems = await told(page, _EVERYWHERE) + await forced(page, _FORCED)
        problems += await narrow(page) + await spaced(page)
        found += [f"{where}: {one}" for one in problems]

    assert found == []


async def test_what_is_opened_is_for_everybody_too(page: Page, ada: World) -> None:
    found: list[str] = []
    waits = ("waits for your approval",)
    places = ada.places | {
        "a command waits in a chat": Place(f"c/{ada.asked['conversation_id']}", waits),
        "a command waits in a task": Place(f"tasks/{ada.tasks['waiting']}", waits),
        "a task has failed": Place(f"tasks/{ada.tasks['failed']}", ("It has failed",)),
    }
    for where, steps in _OPENED:
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.keyboard.press("Escape")
        await visit(page, ada, "nowhere")
        await visit(page, ada, places[where].path)
        await reads(page, places[where].shows[0])
        for step in steps:
            await press(page, step)
        problems = await violations(page) + await told(page, _EVERYWHERE)
        problems += await forced(page, {"alike": _ALIKE}) + await narrow(page)
        found += [f"{where} {steps}: {one}" for one in problems]

    assert found == []
