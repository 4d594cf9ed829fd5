"""The list of conversations, files that go with a question, and limits of the plan."""

import re
from base64 import b64decode
from collections.abc import Iterator

import orjson
import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.e2e.browser import context, unhurried
from tests.e2e.server import ROOT, Json, ServerProcess
from tests.e2e.web.chatting import answers, link_to, listed, questions, say
from tests.e2e.web.looks import axe, both_schemes
from tests.e2e.web.person import Person
from tests.fakes.stub_model import StubModel


def _titled(person: Person, agent: Json, *titles: str) -> list[Json]:
    talks = []
    for title in titles:
        talk = person.caller.conversation(agent)
        path = f"/conversations/{talk['conversation_id']}"
        person.caller.http.put(path, json={"title": title})
        talks.append(talk)
    return talks


async def _open_menu(page: Page, talk: Json) -> None:
    row = page.locator(".chat-row", has=link_to(page, talk))
    await row.hover()
    await row.get_by_role("button", name="Rename or delete").click()


async def _delete(page: Page, talk: Json) -> None:
    await _open_menu(page, talk)
    await page.get_by_role("menuitem", name="Delete").click()


async def test_conversations_are_renamed_and_deleted_with_a_way_back(
    page: Page, person: Person
) -> None:
    tea, _ = _titled(person, person.caller.agent(), "Tea <b>", "Coffee")
    await unhurried(page)
    await page.goto(person.at("c", tea["conversation_id"]))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tea <b>")

    await _open_menu(page, tea)
    await page.get_by_role("menuitem", name="Rename").click()
    await page.get_by_label("Title").fill("Green tea")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Green tea")
    await expect(link_to(page, tea)).to_have_text("Green tea")

    await _delete(page, tea)
    await expect(listed(page)).to_have_text(["Coffee"])
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Green tea")
    async with page.expect_event("requestfinished", lambda call: call.method == "DELETE"):
        await _delete(page, tea)
        await expect(listed(page)).to_have_text(["Coffee"])

    await page.reload()
    await expect(listed(page)).to_have_text(["Coffee"])
    await page.goto(person.at("c", tea["conversation_id"]))
    await expect(page.get_by_role("heading", level=1)).to_have_text("This conversation is not here")


async def test_conversations_are_found_by_title_and_by_what_was_said(
    page: Page, person: Person
) -> None:
    agent = person.caller.agent()
    tea, _ = _titled(person, agent, "A cup", "Bicycles")
    person.caller.ask(tea, "My name is Ada and I like gyokuro")
    await page.goto(person.app)
    search = page.get_by_label("Search your conversations")

    await search.fill("bicy")
    await expect(listed(page)).to_have_text(["Bicycles"])
    await search.fill("gyokuro")
    await page.locator(".chat-hit").first.click()
    await expect(questions(page)).to_contain_text("gyokuro")
    await search.press("Escape")
    await expect(listed(page)).to_have_count(2)


async def test_a_conversation_is_found_by_its_title_though_it_is_too_old_to_be_listed(
    page: Page, person: Person
) -> None:
    agent = person.caller.agent()
    _titled(person, agent, "Bicycles", *(f"Talk {number}" for number in range(55)))
    await page.goto(person.app)
    await expect(listed(page).first).to_be_visible()
    await expect(page.get_by_text("Bicycles")).to_have_count(0)

    await page.get_by_label("Search your conversations").fill("bicy")
    await page.locator(".chat-hit").filter(has_text="Bicycles").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Bicycles")


async def test_a_found_message_is_shown_where_it_was_said(page: Page, person: Person) -> None:
    talk = person.seed(person.caller.agent(), messages=120)
    message = person.caller.messages(talk)[4]
    await page.goto(f"{person.at('c', talk['conversation_id'])}?m={message['message_id']}")

    await expect(page.locator(f"#message-{message['message_id']}")).to_be_in_viewport()


async def test_files_go_with_a_question_and_come_back_when_it_is_edited(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    choose = page.locator("input[type=file]")
    await choose.set_input_files([_file("<i>tea.md", b"# Gyokuro"), _file("dot.png", _DOT)])
    await choose.set_input_files(_file("song.mp3", b"la la la"))
    await expect(page.locator(".notice")).to_contain_text("of a kind that agents cannot read")
    await page.get_by_role("button", name="Remove dot.png").click()
    await say(page, "What is in it? [say:Tea.]")

    await expect(answers(page)).to_have_text(["Tea."])
    await expect(page.get_by_role("list", name="Attached files")).to_contain_text("<i>tea.md")
    assert "Gyokuro" in str(stub.questions[-1])
    await expect(page.get_by_role("button", name="Edit and ask again")).to_be_enabled()
    await page.get_by_role("button", name="Edit and ask again").click()
    await expect(page.get_by_label("Edit your message")).to_be_focused()
    await page.keyboard.type(" Again.")
    await page.keyboard.press("Enter")
    await expect(questions(page)).to_have_text(["What is in it? [say:Tea.] Again."])
    await expect(answers(page)).to_have_text(["Tea."])
    assert "Gyokuro" in str(stub.questions[-1]["messages"][-1])


async def test_a_picture_is_pasted_and_a_file_is_dropped(
    page: Page, person: Person, stubbed: Json
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await page.get_by_label("Message", exact=True).click()
    await page.evaluate(_HAND_OVER, {"paste": ".chat-box textarea", "drop": ".chat-talk"})

    files = page.get_by_role("list", name="Files to send")
    await expect(files.get_by_role("listitem")).to_have_count(2)
    await say(page, "Two files [say:Seen.]")
    await expect(answers(page)).to_have_text(["Seen."])
    sent = page.get_by_role("list", name="Attached files")
    await expect(sent).to_contain_text("paste.txt")
    await expect(sent).to_contain_text("drop.txt")


_DOT = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def _file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": content}


# Both at once: neither may push out the other while it is read.
_HAND_OVER = """(places) => {
  for (const [kind, on] of Object.entries(places)) {
    const data = new DataTransfer();
    data.items.add(new File(["Tea is green."], `${kind}.txt`, { type: "text/plain" }));
    const options = { bubbles: true, cancelable: true };
    document.querySelector(on).dispatchEvent(kind === "paste"
      ? new ClipboardEvent("paste", { ...options, clipboardData: data })
      : new DragEvent("drop", { ...options, dataTransfer: data }));
  }
}"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose plans are kept."""
    data_dir = tmp_path_factory.mktemp("limited") / "data"
    plans = orjson.loads((ROOT / "pricing_config.json").read_bytes())
    plans["tiers"][0]["limits"]["messages_per_month"] = 1
    few = data_dir.with_name("plans.json")
    few.write_bytes(orjson.dumps(plans))
    settings = {"PLAN_LIMITS": "on", "PRICING_CONFIG": str(few)}
    with ServerProcess.running(data_dir, SHUTDOWN_GRACE_S="0.1", **settings) as server:
        yield server


async def test_a_used_up_plan_says_when_it_begins_anew_and_keeps_the_question(
    browser: Browser, limited: ServerProcess
) -> None:
    with Person.signed_up(limited, "ada") as person:
        agent = person.caller.agent()
        async with context(browser) as windows:
            await person.enter(windows)
            page = await windows.new_page()
            await page.goto(person.at("new", agent["agent_id"]))
            await say(page, "Hello")
            await expect(answers(page)).to_have_count(1)

            await say(page, "And now?")

            told = page.get_by_role("alert")
            await expect(told).to_contain_text(re.compile("It resets (on|at|in) "))
            await expect(told.get_by_role("link")).to_have_attribute("href", "#/plan")
            await expect(page.get_by_label("Message", exact=True)).to_have_value("And now?")
            await expect(questions(page)).to_have_text(["Hello"])
            async for scheme in both_schemes(page):
                assert await axe(page) == [], scheme
