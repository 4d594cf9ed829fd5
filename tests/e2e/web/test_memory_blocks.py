"""Blocks of an agent's memory as a page: edited in place, merged with others' edits, restored."""

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.browser import unhurried
from tests.e2e.server import Json
from tests.e2e.web.looks import axe, both_schemes
from tests.e2e.web.person import Person
from tests.fakes.stub_model import StubModel

LINES = ["Name: Ada", "Lives in Lisbon", "Likes tea"]


@pytest.fixture
def agent(person: Person) -> Json:
    """An agent that knows three things."""
    made = person.caller.agent()
    write(person, made, LINES)
    return made


def path_of(agent: Json, block: str = "human") -> str:
    return f"/agents/{agent['agent_id']}/memory-blocks/{block}"


def write(person: Person, agent: Json, lines: list[str], block: str = "human") -> None:
    """As somebody else does, in another window."""
    answer = person.caller.http.put(f"{path_of(agent, block)}/content", json={"lines": lines})
    assert answer.is_success, answer.text


def block_of(page: Page, name: str = "human") -> Locator:
    return page.get_by_role("region", name=name)


def line_of(page: Page, number: int, name: str = "human") -> Locator:
    return block_of(page, name).get_by_role("textbox", name=f"Line {number}")


async def test_an_edited_line_stands_in_the_next_prompt(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    write(person, stubbed, LINES)
    await page.goto(person.at("memory", stubbed["agent_id"]))

    await line_of(page, 2).fill("Lives in Porto")
    await expect(block_of(page)).to_contain_text("Saved")

    person.caller.ask(person.caller.conversation(stubbed), "Where do I live?")
    prompt = str(stub.questions[-1]["messages"][0]["content"])
    await page.reload()
    await expect(line_of(page, 2)).to_have_value("Lives in Porto")
    await expect(block_of(page).locator(".changed, .added")).to_have_count(0)
    assert "2: Lives in Porto" in prompt
    assert "Lisbon" not in prompt


async def test_lines_are_written_with_the_keyboard(page: Page, person: Person, agent: Json) -> None:
    await page.goto(person.at("memory", agent["agent_id"]))

    await line_of(page, 3).focus()
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await page.keyboard.type("Plays the viola")
    await expect(line_of(page, 4)).to_be_focused()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(line_of(page, 3)).to_have_value("Plays the viola")
    await expect(line_of(page, 3)).to_be_focused()
    await page.keyboard.press("ArrowUp")  # to its beginning, then to the line above
    await page.keyboard.press("ArrowUp")
    await page.keyboard.type(" by the sea")
    await page.keyboard.press("Escape")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Backspace")

    await expect(block_of(page)).to_contain_text("Saved")
    await expect(line_of(page, 5)).to_have_count(0)
    expected = ["Name: Ada", "Lives in Lisbon", "Plays the viola", "Likes tea"]
    assert person.caller.lines(agent) == expected


async def test_a_line_is_removed_and_the_first_one_is_written(
    page: Page, person: Person, agent: Json
) -> None:
    await page.goto(person.at("memory", agent["agent_id"]))

    await line_of(page, 1).hover()
    await block_of(page).get_by_role("button", name="Remove line 1").click()
    await block_of(page, "persona").get_by_role("button", name="Write the first line").click()
    await page.keyboard.type("Dry humour")

    await expect(block_of(page, "persona")).to_contain_text("Saved")
    await expect(block_of(page)).to_contain_text("Saved")
    assert person.caller.lines(agent) == LINES[1:]
    assert person.caller.lines(agent, "persona") == ["Dry humour"]


async def test_what_others_write_meanwhile_is_merged(
    page: Page, person: Person, agent: Json
) -> None:
    async def be_late(route: Route) -> None:
        write(person, agent, ["Name: Ada Lovelace", *LINES[1:], "Has a cat"])
        await route.continue_()

    await page.goto(person.at("memory", agent["agent_id"]))
    await expect(line_of(page, 3)).to_be_visible()
    await page.route("**/memory-blocks/human/content", be_late, times=1)

    async with page.expect_response(lambda answer: answer.status == 409):
        await line_of(page, 3).fill("Likes green tea")

    await expect(block_of(page)).to_contain_text("changed this block meanwhile; both")
    await expect(line_of(page, 4)).to_have_value("Has a cat")
    await expect(block_of(page)).to_contain_text("Saved")
    expected = ["Name: Ada Lovelace", "Lives in Lisbon", "Likes green tea", "Has a cat"]
    assert person.caller.lines(agent) == expected


async def test_of_a_line_that_both_changed_somebody_chooses(
    page: Page, person: Person, agent: Json
) -> None:
    async def be_late(route: Route) -> None:
        write(person, agent, ["Name: Ada", "Lives in Faro", "Likes tea", "Has a cat"])
        await route.continue_()

    await page.goto(person.at("memory", agent["agent_id"]))
    await expect(line_of(page, 2)).to_be_visible()
    await page.route("**/memory-blocks/human/content", be_late, times=1)

    await line_of(page, 2).fill("Lives in Porto")
    await expect(page.get_by_role("alert")).to_contain_text("changed a line while you did")
    assert await axe(page) == []
    assert person.caller.lines(agent)[1] == "Lives in Faro"
    await page.get_by_role("button", name="Keep both").click()

    await expect(block_of(page)).to_contain_text("Saved")
    expected = ["Name: Ada", "Lives in Faro", "Lives in Porto", "Likes tea", "Has a cat"]
    assert person.caller.lines(agent) == expected


async def test_a_change_elsewhere_appears_while_a_line_is_written(
    page: Page, person: Person, agent: Json
) -> None:
    await page.goto(person.at("memory", agent["agent_id"]))
    other = await page.context.new_page()
    await other.goto(person.at("memory", agent["agent_id"]))
    await line_of(page, 1).focus()

    await line_of(other, 3).fill("Likes coffee")
    await expect(block_of(other)).to_contain_text("Saved")

    await expect(line_of(page, 3)).to_have_value("Likes coffee")
    await expect(line_of(page, 1)).to_be_focused()


async def test_what_could_not_be_saved_is_kept_and_saved_later(
    page: Page, person: Person, agent: Json
) -> None:
    await page.goto(person.at("memory", agent["agent_id"]))
    await expect(line_of(page, 1)).to_be_visible()

    await page.context.set_offline(True)
    await line_of(page, 1).fill("Name: Ada Lovelace")
    await expect(block_of(page)).to_contain_text("Not saved. You are offline.")
    await page.context.set_offline(False)

    await expect(block_of(page)).to_contain_text("Saved")
    assert person.caller.lines(agent)[0] == "Name: Ada Lovelace"


async def test_history_shows_what_changed_and_gives_it_back(
    page: Page, person: Person, agent: Json
) -> None:
    write(person, agent, ["Name: Ada", "Likes coffee"])
    await unhurried(page)
    await page.goto(person.at("memory", agent["agent_id"]))
    await page.get_by_role("button", name="History of human").click()
    dialog = page.get_by_role("dialog", name="History of human")
    changes = dialog.get_by_role("list", name="Lines and changes")

    await expect(changes.locator(".removed")).to_have_text(
        ["2\N{MINUS SIGN}removedLives in Lisbon", "3\N{MINUS SIGN}removedLikes tea"]
    )
    await expect(changes.locator(".added")).to_have_text(["2+addedLikes coffee"])
    await dialog.get_by_role("button", name="Version 1").click()
    await expect(changes.locator(".added")).to_have_count(3)
    await dialog.get_by_label("Compare with now").check()
    await expect(changes.locator(".removed")).to_have_count(2)
    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await dialog.get_by_role("button", name="Restore this version").click()

    await expect(line_of(page, 3)).to_have_value("Likes tea")
    assert person.caller.lines(agent) == LINES
    await page.get_by_role("button", name="Undo").click()
    await expect(line_of(page, 2)).to_have_value("Likes coffee")
    await expect(line_of(page, 3)).to_have_count(0)


async def test_a_block_is_made_and_deleted(page: Page, person: Person, agent: Json) -> None:
    await page.goto(person.at("memory", agent["agent_id"]))
    await page.get_by_role("button", name="New block").click()
    form = page.get_by_role("dialog", name="New block")
    await expect(form.get_by_label("Name")).to_be_focused()

    await form.get_by_label("Name").press_sequentially("Human")
    await form.get_by_label("What it is for").fill("What she works on")
    await form.get_by_role("button", name="Make the block").click()
    await expect(form.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    await form.get_by_label("Name").fill("")
    await form.get_by_label("Name").press_sequentially("2 Big Projects")
    await form.get_by_role("button", name="Make the block").click()

    await expect(block_of(page, "big_projects")).to_contain_text("What she works on")
    await page.get_by_role("button", name="Delete big_projects").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete block").click()
    await expect(block_of(page, "big_projects")).to_have_count(0)
    assert len(person.caller.get(f"/agents/{agent['agent_id']}/memory-blocks")) == 2


async def test_a_crowded_block_warns_and_a_full_one_says_what_to_do(
    page: Page, person: Person, agent: Json
) -> None:
    block = {"name": "projects", "description": "Work", "word_limit": 100}
    person.caller.post(f"/agents/{agent['agent_id']}/memory-blocks", block)
    write(person, agent, ["word " * 79], "projects")
    await page.goto(person.at("memory", agent["agent_id"], "projects"))
    await expect(block_of(page, "projects")).to_be_visible()
    await expect(block_of(page)).to_have_count(0)

    await page.get_by_role("button", name="Add a line").click()
    await page.keyboard.type("one more")
    await expect(block_of(page, "projects")).to_contain_text("Nearly full")
    await page.keyboard.type(" and too many" * 10)

    await expect(block_of(page, "projects")).to_contain_text("holds 100 words at most")
    await line_of(page, 2, "projects").fill("one more")
    await expect(block_of(page, "projects")).to_contain_text("Saved")
    assert person.caller.lines(agent, "projects")[1] == "one more"


async def test_memory_of_an_agent_that_is_gone_says_so(page: Page, person: Person) -> None:
    await page.goto(person.at("memory", "nobody"))

    await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such agent")


async def test_the_navigation_leads_to_the_agent_that_was_talked_with_last(
    page: Page, person: Person, agent: Json
) -> None:
    other = person.caller.agent(agent_name="Tutor")
    person.caller.conversation(agent)
    person.caller.conversation(other)
    await page.goto(person.app)

    await page.get_by_role("link", name="Memory", exact=True).click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Memory of Tutor")
    await page.get_by_label("Agent", exact=True).select_option("Librarian")
    await expect(line_of(page, 1)).to_have_value("Name: Ada")
    await expect(page).to_have_title("Memory of Librarian · Smriti")


async def test_without_an_agent_memory_says_what_it_is_for(page: Page, person: Person) -> None:
    await page.goto(person.at("memory"))

    await expect(page.get_by_role("main")).to_contain_text("what your agents remember of you")
