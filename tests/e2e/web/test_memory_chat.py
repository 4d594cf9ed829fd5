"""Memory beside a real chat: what is corrected there, and what an answer has changed."""

from playwright.async_api import Locator, Page, expect

from tests.e2e.browser import held
from tests.e2e.server import Json
from tests.e2e.web.chatting import answers, questions, say
from tests.e2e.web.person import Person

_NOTES = (
    "Listen [tool:core_memory_append|block=human|content=Has a cat]"
    " [tool:core_memory_replace|block=human|line_number=1|new_content=Lives in Porto] [say:Noted.]"
)


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Memory")


async def greeted_beside_memory(page: Page, person: Person, agent: Json, line: str) -> None:
    """A first exchange, and beside it the block that says this."""
    path = f"/agents/{agent['agent_id']}/memory-blocks/human/content"
    assert person.caller.http.put(path, json={"lines": [line]}).is_success
    await page.goto(person.at("new", agent["agent_id"]))
    await say(page, "Hello [say:Good day.]")
    await expect(answers(page)).to_have_text("Good day.")
    await page.get_by_role("button", name="Memory", exact=True).click()
    await expect(panel(page).get_by_role("textbox", name="Line 1")).to_have_value(line)


async def test_what_is_corrected_beside_the_chat_counts_in_the_next_answer(
    page: Page, person: Person
) -> None:
    agent = person.caller.agent()
    await page.goto(person.at("new", agent["agent_id"]))
    await say(page, "My name is Alice and I work at Google")
    await expect(answers(page)).to_contain_text("Nice to meet you, Alice!")

    await page.get_by_role("button", name="Memory", exact=True).click()
    await panel(page).get_by_role("textbox", name="Line 2").fill("Works at: CERN")
    await say(page, "Where do I work?")

    await expect(answers(page).last).to_contain_text("CERN")
    assert person.caller.lines(agent)[1] == "Works at: CERN"


async def test_a_question_waits_for_what_was_corrected_before_it(
    page: Page, person: Person, stubbed: Json
) -> None:
    await greeted_beside_memory(page, person, stubbed, "Works at: Google")
    happened: list[str] = []
    page.on("request", lambda asked: happened.append(asked.url.rpartition("/")[2]))
    page.on("requestfinished", lambda asked: happened.append(f"{asked.method} done"))
    save = await held(page, "**/memory-blocks/human/content")

    await panel(page).get_by_role("textbox", name="Line 1").fill("Works at: CERN")
    await say(page, "Where do I work? [say:At CERN.]")
    await expect(questions(page)).to_have_count(2)
    save.set()

    await expect(answers(page).last).to_have_text("At CERN.")
    assert happened.index("PUT done") < happened.index("send-message")


async def test_what_an_answer_changes_is_marked_beside_it_also_after_a_reload(
    page: Page, person: Person, stubbed: Json
) -> None:
    await greeted_beside_memory(page, person, stubbed, "Lives in Lisbon")

    await say(page, _NOTES)

    for _ in range(2):
        changed = panel(page).get_by_role("textbox", name="Line 1, changed")
        await expect(changed).to_have_value("Lives in Porto")
        added = panel(page).get_by_role("textbox", name="Line 2, added")
        await expect(added).to_have_value("Has a cat")
        await page.reload()

    await say(page, "And now? [say:Nothing.]")
    await expect(answers(page).last).to_have_text("Nothing.")
    await expect(panel(page).get_by_role("textbox", name="Line 2", exact=True)).to_be_visible()
