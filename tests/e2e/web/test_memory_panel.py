"""Memory beside a chat: what a turn has changed is marked; and the arithmetic of lines under it."""

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.server import Event, Json
from tests.e2e.web.looks import axe, both_schemes
from tests.e2e.web.person import Person

_MODULE = """async (path) => {
  const main = document.querySelector("script[type=module]").src;
  return import(new URL(path, main).href);
}"""
# A talk as `state/talk.js` has it: what the panel asks of one.
_MOUNT = f"""async ([agent, turnId]) => {{
  const load = {_MODULE};
  const [{{ Panel }}, {{ html, render, signal }}] =
    await Promise.all(["views/memory/panel.js", "vendor/preact.js"].map(load));
  const listeners = new Set();
  window.talk = {{
    agent: signal(agent),
    turn: signal(null),
    rows: signal([{{ turnId }}]),
    onEvent: (listener) => {{ listeners.add(listener); return () => listeners.delete(listener); }},
    tell: (event) => {{
      window.talk.turn.value = {{ turn_id: event.turn_id }};
      for (const listener of listeners) listener(event);
    }},
  }};
  document.querySelector("main").replaceChildren();
  render(html`<${{Panel}} talk=${{window.talk}} />`, document.querySelector("main"));
}}"""
LINES = ["Name: Ada", "Lives in Lisbon", "Likes tea", "Plays chess"]
EDITS = (
    "Listen [tool:core_memory_append|block=human|content=Has a cat]"
    " [tool:core_memory_replace|block=human|line_number=2|new_content=Lives in Porto]"
    " [tool:core_memory_delete|block=human|line_number=3] [say:Noted.]"
)
NEXT = "More [tool:core_memory_append|block=human|content=Has a dog] [say:Noted.]"


@pytest.fixture
def talk(person: Person, stubbed: Json) -> Json:
    """A conversation with an agent that knows four things."""
    path = f"/agents/{stubbed['agent_id']}/memory-blocks/human/content"
    assert person.caller.http.put(path, json={"lines": LINES}).is_success
    return person.caller.conversation(stubbed)


def lines(page: Page) -> Locator:
    return page.get_by_role("list", name="Lines of human").get_by_role("listitem")


def marked(page: Page, mark: str) -> Locator:
    return page.get_by_role("list", name="Lines of human").locator(f".{mark}")


async def mount(page: Page, talk: Json, turn: str = "") -> None:
    await page.goto(f"{page.url.split('#')[0]}#/nowhere")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.evaluate(_MOUNT, [talk["agent_id"], turn])
    await expect(lines(page).first).to_be_visible()


async def hear(page: Page, events: list[Event]) -> None:
    for event in events:
        await page.evaluate("(event) => talk.tell(event)", event)


async def test_what_a_turn_changes_is_marked_at_once_and_after_a_reload(
    page: Page, person: Person, talk: Json
) -> None:
    await page.goto(person.app)
    await mount(page, talk)
    await expect(lines(page)).to_have_count(4)

    events = person.caller.ask(talk, EDITS)
    await hear(page, events)

    async def is_marked() -> None:
        await expect(marked(page, "added").get_by_role("textbox")).to_have_value("Has a cat")
        await expect(marked(page, "changed").get_by_role("textbox")).to_have_value("Lives in Porto")
        await expect(marked(page, "changed")).to_contain_text("Before: Lives in Lisbon")
        await expect(marked(page, "removed")).to_contain_text("Likes tea")
        await expect(lines(page)).to_have_count(5)

    await is_marked()
    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await page.reload()
    await mount(page, talk, events[0]["turn_id"])
    await is_marked()

    await page.get_by_role("textbox", name="Line 1").fill("Name: Ada Lovelace")
    await expect(page.get_by_role("region", name="human")).to_contain_text("Saved")
    await is_marked()
    await page.reload()
    await mount(page, talk, events[0]["turn_id"])
    await is_marked()

    await hear(page, person.caller.ask(talk, NEXT))
    await expect(marked(page, "added").get_by_role("textbox")).to_have_value("Has a dog")
    await expect(marked(page, "changed")).to_have_count(0)
    await expect(marked(page, "removed")).to_have_count(0)


async def test_each_write_of_a_turn_is_seen_while_the_turn_goes_on(
    page: Page, person: Person, talk: Json
) -> None:
    await page.goto(person.app)
    await mount(page, talk)

    for number in range(3):
        again = f"And [tool:core_memory_append|block=human|content=Fact {number}] [say:Yes.]"
        events = person.caller.ask(talk, again)
        written = next(n for n, e in enumerate(events) if e["event_type"] == "TOOL_CALL_RESULT")
        await hear(page, events[: written + 1])  # the turn has not ended yet
        await expect(lines(page)).to_have_count(5 + number)
        await expect(marked(page, "added")).to_have_count(1)
    told = page.get_by_role("status").filter(has_text="Your agent has changed human.")
    await expect(told).to_have_count(1)


async def test_a_line_that_is_written_is_merged_with_what_the_agent_writes(
    page: Page, person: Person, talk: Json
) -> None:
    await page.goto(person.app)
    await mount(page, talk)
    await page.get_by_role("textbox", name="Line 1").press("End")
    await page.route("**/content", lambda route: route.abort())  # nothing is saved before

    await page.keyboard.type(" Lovelace")
    events = person.caller.ask(talk, NEXT)
    await page.unroute("**/content")
    await hear(page, events)

    await expect(page.get_by_role("textbox", name="Line 5")).to_have_value("Has a dog")
    await expect(page.get_by_role("region", name="human")).to_contain_text("Saved")
    await expect(page.get_by_role("textbox", name="Line 1")).to_be_focused()
    saved = person.caller.lines({"agent_id": talk["agent_id"]})
    assert saved == ["Name: Ada Lovelace", *LINES[1:], "Has a dog"]


_MERGES: list[tuple[list[str], list[str], list[str], list[Any]]] = [
    (["a", "b"], ["a", "b!"], ["a", "b", "c"], ["a", "b!", "c"]),
    (["a"], ["a", "mine"], ["a", "theirs"], ["a", "theirs", "mine"]),
    (["a"], ["a", "same"], ["a", "same"], ["a", "same"]),
    (["a", "b", "c"], ["a", "c"], ["a", "b", "c", "d"], ["a", "c", "d"]),
    (["a", "b"], ["b"], ["a"], []),
    ([], ["x"], [], ["x"]),
    (["a"], ["b"], ["c"], [{"base": "a", "mine": "b", "theirs": "c"}]),
    (["a", "b"], ["b"], ["a!", "b"], [{"base": "a", "mine": None, "theirs": "a!"}, "b"]),
]


async def test_lines_of_two_are_merged_one_by_one(page: Page, person: Person) -> None:
    await page.goto(person.app)
    merge = f"""async (cases) => {{
      const {{ merged }} = await ({_MODULE})("views/memory/merge.js");
      return cases.map(([base, mine, theirs]) => merged(base, mine, theirs));
    }}"""

    result = await page.evaluate(merge, [list(case[:3]) for case in _MERGES])

    assert result == [case[3] for case in _MERGES]


async def test_a_diff_tells_the_way_from_one_text_to_the_other(page: Page, person: Person) -> None:
    await page.goto(person.app)
    check = f"""async () => {{
      const {{ diffLines }} = await ({_MODULE})("components/diff.js");
      let seed = 1;
      const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
      const text = (most) => Array.from({{ length: random(most) }}, () => "abcd"[random(4)]);
      const without = (lines, kind) =>
        lines.filter((one) => one.kind !== kind).map(({{ line }}) => line);
      const wrong = [];
      for (let round = 0; round < 300; round++) {{
        const [before, after] = [text(30), text(30)];
        const lines = diffLines(before, after);
        const isRight = String(without(lines, "added")) === String(before)
          && String(without(lines, "removed")) === String(after)
          && lines.every((one) => one.kind === "added" || before[one.before - 1] === one.line)
          && lines.every((one) => one.kind === "removed" || after[one.after - 1] === one.line);
        if (!isRight) wrong.push([before, after]);
      }}
      const long = Array.from({{ length: 3000 }}, (_, at) => `line ${{at}}`);
      const changed = diffLines(long, [...long.slice(0, 10), ...long.slice(11), "end"]);
      const other = long.map((line) => `${{line}}!`);
      const far = diffLines(["head", ...long, "tail"], ["head", ...other, "tail"]);
      const small = diffLines(["a", "b", "c"], ["a", "x", "c"]);
      const count = (lines, kind) => lines.filter((line) => line.kind === kind).length;
      const counts = [count(changed, "added"), count(changed, "removed"), count(far, "same")];
      return [wrong, counts, small.map(({{ kind, line }}) => kind + line)];
    }}"""

    wrong, counts, small = await page.evaluate(check)

    assert wrong == []
    assert counts == [1, 1, 2]
    assert small == ["samea", "removedb", "addedx", "samec"]
