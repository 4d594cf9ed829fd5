"""How a page is looked at: accessibility, colour schemes, width."""

from collections.abc import AsyncIterator
from typing import Literal

from playwright.async_api import Page

from tests.e2e.server import ROOT

_AXE = ROOT / "node_modules/axe-core/axe.min.js"
_RUN = """async (rules) => (await axe.run(document, {
    resultTypes: ["violations"], ...(rules.length ? { runOnly: rules } : {}),
  })).violations
  .filter(({ impact }) => ["serious", "critical"].includes(impact))
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`)"""
_OVERFLOWS = """() => [document.documentElement, ...document.querySelectorAll("main, nav, dialog[open], aside")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => one.scrollWidth > one.clientWidth)
  .map(({ localName, className }) => `${localName}.${className}`)"""  # noqa: E501


async def axe(page: Page, *rules: str) -> list[str]:
    """The serious and critical violations of what the page shows now; of these rules or of all."""
    assert _AXE.is_file(), "Run `npm ci` first."
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: list[str] = await page.evaluate(_RUN, rules)
    return found


async def both_schemes(page: Page) -> AsyncIterator[Literal["light", "dark"]]:
    """Shows the page in one scheme after the other."""
    schemes: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        yield scheme
    await page.emulate_media(color_scheme=None, reduced_motion=None)


async def overflows(page: Page) -> list[str]:
    """What can be scrolled sideways: the page, its main part, what lies beside or over it."""
    sideways: list[str] = await page.evaluate(_OVERFLOWS)
    return sideways
