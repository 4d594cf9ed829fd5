"""The archive of an agent: searched, written, carried in and out of files."""

import json
import re
from collections.abc import Sequence

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.browser import unhurried
from tests.e2e.server import Json
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import Person
from tests.patience import PATIENCE_S

HOSTILE = "<img src=x onerror=alert(1)> <script>alert(2)</script> javascript:alert(3)"
BREAD = "🍞🍞 Grandma's bread is baked in a hot pot"

_SCROLL = """async ([count, patienceMs]) => {
  const main = document.querySelector("main");
  const end = performance.now() + patienceMs;
  while (document.querySelectorAll("article").length < count && performance.now() < end) {
    main.scrollTo(0, main.scrollHeight);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}"""
_TELL_LATE = """{
  const told = [];
  window.tellAll = () => { for (const tell of told.splice(0)) tell(); };
  window.IntersectionObserver = class extends IntersectionObserver {
    constructor(tell, options) {
      const seen = [];
      super((entries) => {
        seen.push(...entries);
        told.push(() => { if (seen.length) tell(seen.splice(0), this); });
      }, options);
    }
  };
}"""


@pytest.fixture
def agent(person: Person) -> Json:
    return person.caller.agent()


def fill(person: Person, agent: Json, passages: Sequence[str | Json]) -> None:
    items = [{"content": each} if isinstance(each, str) else each for each in passages]
    for start in range(0, len(items), 1000):
        batch = {"items": items[start : start + 1000]}
        person.caller.post(f"/agents/{agent['agent_id']}/archival-memory:batch", batch)


def stored(person: Person, agent: Json) -> list[Json]:
    """All passages, newest first."""
    path = f"/agents/{agent['agent_id']}/archival-memory?limit=100"
    page = person.caller.get(path)
    items: list[Json] = page["items"]
    while page["next_cursor"]:
        page = person.caller.get(f"{path}&cursor={page['next_cursor']}")
        items += page["items"]
    return items


def passages(page: Page) -> Locator:
    return page.get_by_role("article")


async def enter(page: Page, person: Person, agent: Json, query: str = "") -> None:
    await page.goto(person.at("memory", agent["agent_id"], "archive") + query)


async def choose(page: Page, name: str, content: str) -> Locator:
    """A file, in the dialog of an import."""
    await page.get_by_role("button", name="Import", exact=True).click()
    file = {"name": name, "mimeType": "text/plain", "buffer": content.encode()}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    return page.get_by_role("dialog", name="Import passages")


async def test_a_search_ranks_and_lights_what_it_found(
    page: Page, person: Person, agent: Json
) -> None:
    long = "Nothing here. " * 100 + "At last a pot for baking."
    fill(person, agent, ["The harbour at dawn", BREAD, long])
    await enter(page, person, agent)
    await expect(passages(page)).to_have_count(3)

    await page.get_by_role("searchbox", name="Search the archive").fill("baking pot")

    await expect(passages(page)).to_have_count(2)
    await expect(page.get_by_role("status")).to_contain_text(["Best matches first: 2 passages."])
    lit = passages(page).filter(has_text="Grandma").locator("mark")
    await expect(lit).to_have_text(["baked", "pot"])
    cut = passages(page).filter(has_text="At last")
    await expect(cut).to_contain_text("…")
    await cut.get_by_role("button", name="Show all").click()
    await expect(cut.locator(".memory-content")).to_contain_text(long[:60])
    await page.reload()
    await expect(passages(page)).to_have_count(2)


async def test_tags_and_dates_narrow_it_down(page: Page, person: Person, agent: Json) -> None:
    old = {"content": "Old soup", "tags": ["food"], "created_at": "2024-05-01T12:00:00Z"}
    new = {"content": "New soup", "tags": ["food", "new"], "created_at": "2026-05-01T12:00:00Z"}
    fill(person, agent, [old, new, {"content": "A boat", "tags": ["sea"]}])
    await enter(page, person, agent)
    await expect(passages(page)).to_have_count(3)

    tag = page.get_by_role("button", name="food", exact=True).first
    await tag.click()
    await expect(passages(page)).to_have_count(2)
    await page.get_by_label("From").fill("2026-05-01")
    await expect(passages(page)).to_have_count(1)
    await page.get_by_label("to", exact=True).fill("2026-05-01")
    await expect(passages(page)).to_contain_text("New soup")
    await page.get_by_label("to", exact=True).fill("2026-04-30")
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await expect(passages(page)).to_have_count(3)


async def test_passages_are_added_changed_and_deleted(
    page: Page, person: Person, agent: Json
) -> None:
    await unhurried(page)
    await enter(page, person, agent)
    await page.get_by_role("button", name="Add the first passage").click()
    form = page.get_by_role("dialog", name="Add a passage")
    await expect(form.get_by_label("Passage")).to_be_focused()
    await form.get_by_label("Passage").fill(HOSTILE)
    await form.get_by_label("Tags").fill("risk, <b>bold</b>, risk")
    await page.keyboard.press("Control+Enter")
    await expect(passages(page)).to_contain_text(HOSTILE)

    await page.get_by_role("button", name="Edit this passage").click()
    await page.get_by_label("Passage", exact=True).fill("A harmless text")
    await page.get_by_role("button", name="Save the passage").click()
    await expect(passages(page)).to_contain_text("A harmless text")
    [passage] = stored(person, agent)
    assert (passage["content"], passage["tags"]) == ("A harmless text", ["risk", "<b>bold</b>"])

    await page.get_by_role("button", name="Delete this passage").click()
    await expect(passages(page)).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(passages(page)).to_have_count(1)
    async with page.expect_request(lambda request: request.method == "DELETE"):
        await page.get_by_role("button", name="Delete this passage").click()
    await expect(page.get_by_role("heading", name="Nothing is kept here yet")).to_be_visible()


async def test_an_address_leads_to_one_passage(page: Page, person: Person, agent: Json) -> None:
    fill(person, agent, ["One", "Two", "Three"])
    wanted = next(each for each in stored(person, agent) if each["content"] == "Two")
    await enter(page, person, agent)
    await expect(passages(page)).to_have_count(3)

    await enter(page, person, agent, f"?memory={wanted['memory_id']}")

    meant = page.get_by_role("region", name="The passage that was found")
    await expect(meant).to_contain_text("Two")
    await page.get_by_role("searchbox", name="Search the archive").fill("three")
    await expect(meant).to_have_count(0)
    await expect(passages(page)).to_have_text([re.compile("Three")])


async def test_a_text_that_another_passage_has_is_refused(
    page: Page, person: Person, agent: Json
) -> None:
    fill(person, agent, ["One", "Two"])
    await enter(page, person, agent)

    await passages(page).filter(has_text="Two").get_by_label("Edit this passage").click()
    await page.get_by_label("Passage", exact=True).fill("One")
    await page.get_by_role("button", name="Save the passage").click()

    await expect(page.get_by_role("alert")).to_contain_text("has this text already")
    await page.keyboard.press("Escape")
    await expect(passages(page)).to_have_count(2)


async def test_five_thousand_are_imported_with_a_pause_and_none_twice(
    page: Page, person: Person, agent: Json
) -> None:
    lines = [json.dumps({"content": f"Note {number}", "tags": ["a"]}) for number in range(5000)]
    sent = 0

    async def stop_in_the_middle(route: Route) -> None:
        nonlocal sent
        sent += 1
        if sent == 5:
            await page.get_by_role("button", name="Stop").click()
        await route.continue_()

    await page.route("**/archival-memory:batch", stop_in_the_middle)
    await enter(page, person, agent)
    dialog = await choose(page, "notes.jsonl", "\n".join(lines))
    await expect(dialog.get_by_role("listitem")).to_have_text([f"Note {n}" for n in range(5)])
    await dialog.get_by_label("Tags for all").fill("b")
    await dialog.get_by_role("button", name="Import 5,000 passages").click()

    bar = page.get_by_role("progressbar", name="Import")
    await expect(page.get_by_text("Import is stopped.")).to_be_visible()
    await expect(bar).to_have_js_property("value", 800)
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("Import is done.")).to_be_visible(timeout=60_000)

    await expect(bar).to_have_js_property("value", 5000)
    everything = stored(person, agent)
    assert len({each["content"] for each in everything}) == len(everything) == 5000
    assert everything[0]["tags"] == ["a", "b"]


async def test_an_import_tells_what_it_left_out(page: Page, person: Person, agent: Json) -> None:
    lines = ['{"content": "Good"}', "{broken", '"Plain"', '{"content": "Old", "created_at": "?"}']
    fill(person, agent, ["Plain"])
    await enter(page, person, agent)
    dialog = await choose(page, "notes.jsonl", "\n".join([*lines, '{"tags": []}']))
    await expect(dialog).to_contain_text("2 cannot be read and will be left out")
    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await dialog.get_by_role("button", name="Import 3 passages").click()

    await expect(page.get_by_text("1 new, 1 there already.")).to_be_visible()
    await page.get_by_text("1 were not taken").click()
    await expect(page.get_by_text("Passage 3: created_at")).to_be_visible()
    await expect(passages(page)).to_have_count(2)


async def test_a_plain_text_is_imported_by_paragraphs_and_nonsense_is_refused(
    page: Page, person: Person, agent: Json
) -> None:
    await enter(page, person, agent)
    dialog = await choose(page, "broken.json", "[1")
    await expect(dialog.get_by_role("alert")).to_contain_text("not valid JSON")
    await page.keyboard.press("Escape")

    dialog = await choose(page, "diary.txt", "First day.\nIt rained.\r\n\r\n  \nSecond day.\n")
    await dialog.get_by_role("button", name="Import 2 passages").click()

    await expect(page.get_by_text("Import is done.")).to_be_visible()
    texts = {each["content"] for each in stored(person, agent)}
    assert texts == {"First day.\nIt rained.", "Second day."}


async def test_an_export_can_be_imported_again(page: Page, person: Person, agent: Json) -> None:
    said = {"content": BREAD, "author": "Ada", "conversation_id": "there", "sequence": 3}
    fill(person, agent, [said, *(f"Note {number}" for number in range(120))])
    await enter(page, person, agent)
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Export").click()
    download = await downloading.value
    file = json.loads((await download.path()).read_text(encoding="utf-8"))
    assert download.suggested_filename == "Librarian archive.json"

    other = person.caller.agent(agent_name="Other")
    person.caller.post(f"/agents/{other['agent_id']}/archival-memory:batch", file)
    kept = {"content", "author", "created_at", "conversation_id", "sequence", "tags"}
    before, after = (
        sorted(({name: each[name] for name in kept} for each in stored(person, one)), key=str)
        for one in (agent, other)
    )
    assert before == after
    assert len(after) == 121


async def test_two_thousand_passages_scroll(page: Page, person: Person, agent: Json) -> None:
    fill(person, agent, [f"Note {number}. " + "Some words. " * 20 for number in range(2000)])
    await enter(page, person, agent)
    await expect(passages(page)).to_have_count(100)

    await page.evaluate(_SCROLL, [2000, 1000 * PATIENCE_S])

    await expect(page.get_by_text("Newest first: 2,000 passages.")).to_be_visible()
    await expect(passages(page)).to_have_count(2000)


async def test_more_comes_though_the_page_hears_late_that_its_end_is_seen(
    page: Page, person: Person, agent: Json
) -> None:
    """A busy page hears at once that the end was not to be seen, and that it is."""
    fill(person, agent, [f"Note {number}. " + "Some words. " * 20 for number in range(150)])
    await page.add_init_script(_TELL_LATE)
    await enter(page, person, agent)
    await expect(passages(page)).to_have_count(100)
    await page.evaluate("() => new Promise(requestAnimationFrame)")

    await page.evaluate(_SCROLL, [150, 200])
    await page.evaluate("tellAll()")

    await expect(passages(page)).to_have_count(150)


async def test_the_archive_is_for_everybody(page: Page, person: Person, agent: Json) -> None:
    fill(person, agent, [{"content": HOSTILE + " x" * 900, "tags": ["y" * 50], "author": HOSTILE}])
    await enter(page, person, agent, "?q=alert")

    await expect(passages(page).locator("mark").first).to_be_visible()
    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await page.set_viewport_size({"width": 360, "height": 740})
    assert not await overflows(page)
