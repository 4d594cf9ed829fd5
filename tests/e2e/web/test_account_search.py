"""Ctrl-K: everything is found by typing, and reached by keys alone."""

import re

from playwright.async_api import Page, expect

from tests.e2e.browser import held
from tests.e2e.server import Json
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import Person

_HOSTILE = "<img src=x onerror=\"document.title = 'sourdough'\">"


async def test_a_message_is_found_and_reached_by_keys_alone(page: Page, person: Person) -> None:
    talk = _said(person, "Nothing of interest", "The 🍞🍞 sourdough rises overnight")
    await _search(page, person, "sourdough")
    found = page.get_by_role("option").filter(has_text="rises overnight")
    await expect(found).to_contain_text("sourdough")
    assert await found.locator("mark").all_inner_texts() == ["sourdough"]
    await _down_to(page, "rises overnight")

    await page.keyboard.press("Enter")

    message = person.caller.messages(talk)[1]
    place = f"#/c/{talk['conversation_id']}?m={message['message_id']}"
    await expect(page).to_have_url(re.compile(f"{re.escape(place)}$"))
    await expect(page.get_by_role("combobox")).to_have_count(0)
    await expect(page.get_by_role("main")).to_contain_text("sourdough rises overnight")


async def test_hits_stand_in_groups_and_each_leads_where_it_is(page: Page, person: Person) -> None:
    agent = person.caller.agent(agent_name="Sourdough friend")
    path = f"/agents/{agent['agent_id']}/archival-memory"
    person.caller.post(path, {"content": "The sourdough is fed at nine."})
    await _search(page, person, "sourdough")

    memories = page.get_by_role("group", name="Memories")
    await expect(memories.get_by_role("option")).to_contain_text("is fed at nine")
    agents = page.get_by_role("group", name="Agents")
    await expect(agents.get_by_role("option")).to_contain_text("Sourdough friend")
    await memories.get_by_role("option").click()

    place = f"#/memory/{agent['agent_id']}/archive?q=sourdough"
    await expect(page).to_have_url(re.compile(f"{re.escape(place)}$"))


async def test_pages_and_actions_are_found_by_name(page: Page, person: Person) -> None:
    await _search(page, person, "invoices")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Plan and usage")

    await page.keyboard.press("Control+k")
    await page.keyboard.type("dark")
    await expect(page.get_by_role("option", name="Dark colours")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_without_a_word_it_shows_where_one_can_go(page: Page, person: Person) -> None:
    talk = _said(person, "Hello")
    person.caller.http.put(
        f"/conversations/{talk['conversation_id']}", json={"title": "Bread at altitude"}
    )
    await _search(page, person, "")

    recent = page.get_by_role("group", name="Recent")
    await expect(recent.get_by_role("option")).to_have_text(["Bread at altitude"])
    await expect(page.get_by_role("option", name="API keys")).to_be_visible()


async def test_what_is_nowhere_is_said_and_escape_gives_the_focus_back(
    page: Page, person: Person
) -> None:
    await page.goto(person.at("account"))
    button = page.get_by_role("button", name="Sign out everywhere")
    await button.focus()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("xylophone")
    await expect(page.get_by_text("Nothing has these words.")).to_be_visible()

    await page.keyboard.press("Escape")

    await expect(page.get_by_role("combobox")).to_have_count(0)
    await expect(button).to_be_focused()


async def test_what_is_typed_while_the_search_is_coming_is_kept(page: Page, person: Person) -> None:
    await page.goto(person.at("account"))
    await page.get_by_role("button", name="Sign out everywhere").focus()
    arrive = await held(page, "**/views/search.js")
    await page.keyboard.press("Control+k")
    await page.keyboard.type(" two words")
    arrive.set()

    field = page.get_by_role("combobox", name="Search everything")
    await expect(field).to_be_focused()
    await page.keyboard.type(" more")
    await expect(field).to_have_value("two words more")
    await expect(page).to_have_url(person.at("account"))


async def test_only_the_last_question_is_asked(page: Page, person: Person) -> None:
    _said(person, "The sourdough rises overnight")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/search?" in r.url else None)

    await _search(page, person, "sourdough")

    await expect(page.get_by_role("option").filter(has_text="rises overnight")).to_be_visible()
    assert asked[-1].endswith("?q=sourdough&limit=20")
    assert len(asked) < len("sourdough")


async def test_what_is_found_is_text_and_the_search_is_for_everybody(
    page: Page, person: Person
) -> None:
    talk = _said(person, f"sourdough {_HOSTILE}")
    path = f"/conversations/{talk['conversation_id']}"
    person.caller.http.put(path, json={"title": f"sourdough {_HOSTILE}"})
    await _search(page, person, "sourdough")
    await expect(page.get_by_role("option").first).to_contain_text(_HOSTILE)
    assert await page.locator("[role=listbox] img").count() == 0

    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await page.set_viewport_size({"width": 360, "height": 740})
    assert not await overflows(page)


def _said(person: Person, *texts: str) -> Json:
    """A conversation in which somebody has said this."""
    talk = person.caller.conversation(person.caller.agent())
    messages = [
        {"role": "user", "content": text, "created_at": f"2026-03-01T09:1{index}:00Z"}
        for index, text in enumerate(texts)
    ]
    path = f"/conversations/{talk['conversation_id']}/messages:import"
    person.caller.post(path, {"messages": messages})
    return talk


async def _search(page: Page, person: Person, words: str) -> None:
    await page.goto(person.at("keys"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("API keys")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await page.keyboard.type(words)


async def _down_to(page: Page, text: str, presses: int = 20) -> None:
    chosen = page.get_by_role("option", selected=True)
    for _ in range(presses):
        if text in await chosen.inner_text():
            return
        await page.keyboard.press("ArrowDown")
    raise AssertionError("The arrow keys do not lead there.")
