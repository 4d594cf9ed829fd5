"""Somebody who has a keyboard and no mouse, and eyes on where the focus is."""

from dataclasses import dataclass
from typing import Final

from playwright.async_api import CDPSession, Page

_PATIENCE: Final = 90
_IS_SOMEWHERE: Final = "document.activeElement !== document.body"
_NOWHERE: Final = "nothing has the focus"
_IS_SEEN: Final = """async (mayBeNowhere) => {
  const frame = () => new Promise((done) => { requestAnimationFrame(done); });
  const isSet = (one) => {
    const style = getComputedStyle(one);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
      || style.boxShadow !== "none";
  };
  const look = () => {
    const node = document.activeElement;
    if (!node || node === document.body) return "nothing has the focus";
    if (node.matches("h1, main")) return ""; // where reading goes on after a change of the view
    if (node.type === "date") return ""; // its parts are the browser's, and have rings of their own
    if (!node.matches(":focus-visible")) return "the focus is not shown";
    // What is drawn for it: a radio button may be a card, a line of text its box.
    const drawn = node.closest("label")?.control === node ? node.closest("label") : node;
    const shown = [node, drawn, node.parentElement, node.parentElement.parentElement];
    if (!shown.some(isSet)) return "it has no outline";
    const box = drawn.getBoundingClientRect();
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    if (right - left < 1 || bottom - top < 1) return "it is outside the window";
    const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (!over || !(drawn.contains(over) || over.contains(drawn))) {
      return `it is covered by ${over?.outerHTML.slice(0, 120)}`;
    }
    return "";
  };
  const end = performance.now() + 7000;
  let wrong = look();
  while (wrong && !(mayBeNowhere && wrong === "nothing has the focus") && performance.now() < end) {
    await frame();
    wrong = look();
  }
  return wrong;
}"""


@dataclass
class Keyboard:
    """Each step looks whether the focus can be seen where it has come to."""

    page: Page
    _session: CDPSession

    @classmethod
    async def of(cls, page: Page) -> "Keyboard":
        return cls(page, await page.context.new_cdp_session(page))

    async def press(self, *keys: str) -> None:
        """The focus is on something afterwards, whatever the keys have done."""
        for key in keys:
            await self.page.keyboard.press(key)
        await self.is_seen()

    async def write(self, text: str) -> None:
        """In place of what stands there."""
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)

    async def to(self, role: str, name: str, *, key: str = "Tab") -> None:
        """Go on until the focus is on what has this role, and these words in its name."""
        path = [await self.here()]
        while not (path[-1].startswith(f"{role}: ") and name in path[-1]):
            assert len(path) < _PATIENCE, f"{role} {name!r} is not reached: {path}"
            path.append(await self.step(key))

    async def step(self, key: str = "Tab") -> str:
        """One stop further; after the last one, where the browser's own controls are, the first."""
        for _ in range(3):
            await self.page.keyboard.press(key)
            if await self.page.evaluate(_IS_SOMEWHERE):
                break
        await self.is_seen()
        return await self.here()

    async def lap(self) -> int:
        """How many stops the page has after its navigation: each can be seen, none is a trap."""
        for _ in range(_PATIENCE):
            if not await self.page.evaluate(_IS_SOMEWHERE):
                break
            await self.page.keyboard.press("Tab")
        await self.to("button", "Skip to the page")
        await self.press("Enter")
        for stops in range(_PATIENCE):
            await self.page.keyboard.press("Tab")
            wrong = await self.page.evaluate(_IS_SEEN, True)
            if wrong == _NOWHERE:
                return stops
            assert not wrong, f"{await self.here()!r}: {wrong}"
        raise AssertionError(f"There is no way out, as from {await self.here()!r}.")

    async def here(self) -> str:
        """The role and the name of what has the focus, as a screen reader tells them."""
        role, name = await self._told()
        for _ in range(_PATIENCE):
            if role != "none":  # it is, until a dialog that opens is known to the tree
                break
            await self.page.evaluate("() => new Promise(requestAnimationFrame)")
            role, name = await self._told()
        return f"{role}: {name}"

    async def _told(self) -> tuple[str, str]:
        node = await self._session.send(
            "Runtime.evaluate", {"expression": "document.activeElement ?? document.body"}
        )
        tree = await self._session.send(
            "Accessibility.getPartialAXTree",
            {"objectId": node["result"]["objectId"], "fetchRelatives": False},
        )
        told = tree["nodes"][0]
        return told.get("role", {}).get("value", ""), told.get("name", {}).get("value", "")

    async def is_seen(self) -> None:
        wrong = await self.page.evaluate(_IS_SEEN)
        assert not wrong, f"{await self.here()!r}: {wrong}"
