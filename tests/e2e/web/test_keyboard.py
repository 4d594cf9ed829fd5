"""The app by keyboard alone: no mouse, and no script that puts the focus anywhere."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import unhurried
from tests.e2e.server import ServerProcess
from tests.e2e.web.chatting import answers, listed
from tests.e2e.web.keyboard import Keyboard
from tests.e2e.web.person import PASSWORD, Person


async def test_from_the_link_to_an_answer_from_edited_memory(
    stranger: Page, site: ServerProcess
) -> None:
    page = stranger
    await page.goto(site.new_link())
    keyboard = await Keyboard.of(page)
    await _first_run(keyboard)

    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    await keyboard.write("My name is Alice and I work at Google")
    await keyboard.press("Enter")
    await expect(answers(page)).to_contain_text("Nice to meet you, Alice!")
    assert await keyboard.here() == "textbox: Message"

    await keyboard.press("ControlOrMeta+.")
    await expect(page.get_by_role("complementary", name="Memory")).to_be_visible()
    lines = page.get_by_role("region", name="human").get_by_role("textbox", name="Line")
    await expect(lines.first).to_be_visible()
    await keyboard.to("textbox", "Line")
    for _ in range(await lines.count()):
        if "Google" in await page.evaluate("document.activeElement.value"):
            break
        await keyboard.press("ArrowDown")
    await keyboard.write("Works at: CERN")
    await expect(page.get_by_role("region", name="human")).to_contain_text("Saved")
    written = [await line.input_value() for line in await lines.all()]
    assert "Works at: CERN" in written
    assert "Google" not in " ".join(written)
    await keyboard.to("textbox", "Message", key="Shift+Tab")
    await keyboard.write("Where do I work?")
    await keyboard.press("Enter")
    await expect(answers(page).last).to_contain_text("CERN")

    await keyboard.to("button", "Close the memory")
    await keyboard.press("Enter")
    await expect(page.get_by_role("complementary", name="Memory")).to_have_count(0)


async def test_a_message_is_found_and_a_conversation_renamed_and_deleted(
    page: Page, person: Person
) -> None:
    agent = person.caller.agent()
    for text in ("The sourdough rises overnight", "Tea is at four", "The cat is called Minka"):
        person.caller.ask(person.caller.conversation(agent), text)
    await unhurried(page)
    await page.goto(person.app)
    keyboard = await Keyboard.of(page)
    await expect(listed(page)).to_have_count(3)

    await keyboard.press("ControlOrMeta+k")
    await page.keyboard.type("sourdough")
    said = page.get_by_role("group", name="Messages").get_by_role("option")
    await expect(said.filter(has_text="rises").first).to_be_visible()
    for _ in range(await page.get_by_role("option").count()):
        if "Messages" in await _chosen(page):
            break
        await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_contain_text("sourdough rises overnight")
    await expect(page).to_have_url(re.compile(r"\?m="))

    await _rename(keyboard, "Baking")

    await keyboard.to("link", "Tea is at four")
    await keyboard.to("button", "Rename or delete")
    await keyboard.press("Enter")
    await keyboard.press("ArrowDown", "Enter")
    await expect(listed(page)).to_have_count(2)
    await keyboard.press("ControlOrMeta+z")
    await expect(listed(page)).to_have_count(3)

    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("undoCtrl-Z")


async def _chosen(page: Page) -> str:
    """The group of the option that Enter would take."""
    group = page.get_by_role("group").filter(has=page.locator("[aria-selected=true]"))
    return await group.get_attribute("aria-label") or await group.inner_text()


async def test_an_agent_a_key_the_other_pages_and_the_way_out_and_in(
    stranger: Page, person: Person
) -> None:
    page = stranger
    agent = person.caller.agent()
    await page.goto(person.app)
    keyboard = await Keyboard.of(page)
    await _sign_in(keyboard, person)

    await keyboard.to("link", "Agents")
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await keyboard.to("link", "Librarian")
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Librarian")
    await keyboard.to("textbox", "Persona")
    await keyboard.write("Knows every shelf, and the cellar.")
    await keyboard.to("button", "Save")
    await keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="saved")).to_be_visible()
    path = f"/agents/{agent['agent_id']}"
    assert person.caller.get(path)["agent_persona"] == "Knows every shelf, and the cellar."

    await _make_and_revoke_a_key(keyboard)
    for name, title in [("Devices", "Devices"), ("Plan and usage", "Plan and usage")]:
        await keyboard.to("link", name)
        await keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1, name=title)).to_be_focused()

    await _choose(keyboard, "Sign out")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await _sign_in(keyboard, person)


async def test_on_a_small_window_the_memory_takes_the_focus_and_gives_it_back(
    page: Page, person: Person
) -> None:
    talk = person.caller.conversation(person.caller.agent())
    person.caller.ask(talk, "My name is Alice and I work at Google")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(person.at("c", talk["conversation_id"]))
    keyboard = await Keyboard.of(page)
    memory = page.get_by_role("complementary", name="Memory")

    for leave in ("Escape", "Shift+Tab"):
        await keyboard.to("button", "Memory", key="Shift+Tab")
        await keyboard.press("Enter")
        await expect(memory).to_be_focused()
        await keyboard.press(leave)
        await expect(memory).to_have_count(0)
        await keyboard.is_seen()

    await page.reload()
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    await expect(memory).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 360])
async def test_tab_goes_through_every_page_and_out_of_it(
    page: Page, person: Person, width: int
) -> None:
    agent = person.caller.agent()
    talk = person.caller.conversation(agent)
    for text in ("My name is Alice and I work at Google", "Where do I work?"):
        person.caller.ask(talk, text)
    await page.set_viewport_size({"width": width, "height": 740})
    await page.goto(person.app)
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    keyboard = await Keyboard.of(page)
    places = [
        ["c", talk["conversation_id"]],
        ["memory", agent["agent_id"]],
        ["agents", agent["agent_id"]],
        ["devices"],
    ]
    if width == 1280:
        await page.keyboard.press("ControlOrMeta+.")
        places += [
            ["memory", agent["agent_id"], "archive"],
            ["agents", "new"],
            ["context", talk["conversation_id"]],
            *[[name] for name in ("welcome", "agents", "models", "keys", "plan", "account")],
        ]

    for place in places:
        await page.goto(person.at(*place))
        await expect(page.locator("main:focus, main :focus")).to_be_attached()
        await expect(page.locator(".skeleton")).to_have_count(0)
        assert await keyboard.lap() > 0, place


async def _make_and_revoke_a_key(keyboard: Keyboard) -> None:
    page = keyboard.page
    await _choose(keyboard, "API keys")
    await keyboard.to("button", "Make a key")
    await keyboard.press("Enter")
    await keyboard.to("textbox", "Name")
    await keyboard.write("By hand")
    await keyboard.press("Enter")
    await expect(page.get_by_label("The key", exact=True)).to_be_visible()
    await keyboard.to("button", "I have copied it")
    await keyboard.press("Enter")
    await keyboard.to("button", "Change or revoke By hand")
    await keyboard.press("Enter")
    await keyboard.press("ArrowUp", "Enter")
    cancel = page.get_by_role("dialog").get_by_role("button", name="Cancel")
    await expect(cancel).to_be_focused()
    await keyboard.to("button", "Revoke key")
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="No keys yet")).to_be_visible()
    await keyboard.is_seen()


async def _rename(keyboard: Keyboard, title: str) -> None:
    """The conversation that is open, by the menu of its head."""
    await keyboard.to("button", "Rename or delete", key="Shift+Tab")
    await keyboard.press("Enter")
    assert await keyboard.here() == "menuitem: Rename"
    await keyboard.press("Escape")
    assert await keyboard.here() == "button: Rename or delete"
    await keyboard.press("Enter", "Enter")
    await keyboard.to("textbox", "Title")
    await keyboard.write(title)
    await keyboard.press("Enter")
    await expect(listed(keyboard.page).filter(has_text=title)).to_be_visible()
    assert await keyboard.here() == "button: Rename or delete"


async def _choose(keyboard: Keyboard, name: str) -> None:
    """In the menu at the end of the navigation."""
    await keyboard.to("button", "Your account and this page", key="Shift+Tab")
    await keyboard.press("Enter")
    await keyboard.to("menuitem", name, key="ArrowDown")
    await keyboard.page.keyboard.press("Enter")


async def _first_run(keyboard: Keyboard) -> None:
    page = keyboard.page
    await expect(page.get_by_role("heading", level=1)).to_have_text("Choose a model")
    await keyboard.to("radio", "Demo")
    await keyboard.to("button", "Go on")
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Choose an agent")
    await keyboard.to("radio", "Companion")
    await keyboard.press("ArrowDown")
    await keyboard.to("button", "Create agent")
    await keyboard.press("Enter")


async def _sign_in(keyboard: Keyboard, person: Person) -> None:
    await expect(keyboard.page.get_by_label("Name")).to_be_visible()
    await keyboard.to("textbox", "Name")
    await keyboard.write(person.name)
    await keyboard.to("textbox", "Password")
    await keyboard.write(PASSWORD)
    await keyboard.press("Enter")
    await expect(keyboard.page.get_by_role("navigation", name="Smriti")).to_be_visible()
