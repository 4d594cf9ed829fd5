"""The first run, and agents: made, renamed, copied, imported, shown on a site, deleted."""

import re
from pathlib import Path

import orjson
from playwright.async_api import Locator, Page, expect

from smriti.llm.providers.demo import INTRODUCTION
from tests.e2e.server import Json
from tests.e2e.web.person import Person

_PATIENCE = 40


async def tab_to(page: Page, target: Locator) -> None:
    """Walk with the Tab key alone."""
    for _ in range(_PATIENCE):
        if await target.evaluate("node => node === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{target} cannot be reached by Tab.")


def only_agent(person: Person) -> Json:
    (agent,) = person.caller.get("/agents")
    return dict(agent)


async def test_the_first_run_leads_to_the_first_answer_without_a_mouse(
    page: Page, person: Person
) -> None:
    await page.goto(person.at("welcome"))
    await expect(page.get_by_role("radio", name=re.compile("^Demo"))).to_be_checked()

    await tab_to(page, page.get_by_role("button", name="Go on"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Choose an agent")).to_be_focused()
    await tab_to(page, page.get_by_role("radio", name="Companion"))
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("radio", name="Tutor")).to_be_checked()
    await tab_to(page, page.get_by_label("Name"))
    await page.keyboard.press("Enter")

    await page.wait_for_url(re.compile(r"#/new/"))
    agent = only_agent(person)
    assert page.url.endswith(f"#/new/{agent['agent_id']}")
    assert (agent["agent_name"], agent["agent_provider"]) == ("Tutor", "Demo")

    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    await page.keyboard.type("Who are you?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("article", name="Your agent")).to_contain_text(INTRODUCTION)


async def test_a_name_that_is_taken_is_not_given_twice(page: Page, person: Person) -> None:
    person.caller.agent(agent_name="Companion")
    await page.goto(person.at("welcome"))
    await page.get_by_role("button", name="Go on").click()

    name = page.get_by_label("Name")
    await expect(name).to_have_value("Companion 2")
    await name.fill("Companion")
    await page.get_by_role("button", name="Create agent").click()

    await expect(page.get_by_role("alert")).to_contain_text("“Companion 2” is free.")
    assert len(person.caller.get("/agents")) == 1


async def test_an_empty_list_teaches_and_leads_to_the_first_run(page: Page, person: Person) -> None:
    await page.goto(person.at("agents"))

    await page.get_by_role("link", name="Make the first one").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Choose a model")


async def test_an_agent_is_made_from_a_template_in_the_form(page: Page, person: Person) -> None:
    await page.goto(person.at("agents", "new"))

    await page.get_by_role("radio", name="Machine keeper").check(force=True)
    await expect(page.get_by_label("Agent Name")).to_have_value("Machine keeper")
    await page.get_by_role("button", name="Create agent").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Machine keeper")
    assert only_agent(person)["capabilities"] == ["devices"]


async def test_an_agent_is_renamed_in_its_title(page: Page, person: Person) -> None:
    person.caller.agent(agent_name="Archivist")
    agent = person.caller.agent()
    await page.goto(person.at("agents", agent["agent_id"]))

    await page.get_by_role("button", name="Rename").click()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.type("Archivist")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name", exact=True)).to_have_accessible_description(
        re.compile("another agent called 'Archivist'")
    )
    await page.get_by_label("Name", exact=True).fill("Keeper of shelves")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Keeper of shelves")
    await expect(page.get_by_role("button", name="Rename")).to_be_focused()
    await expect(page).to_have_title("Keeper of shelves · Smriti")


async def test_a_copy_has_the_memory_only_when_it_is_wanted(page: Page, person: Person) -> None:
    agent = person.caller.agent()
    content = f"/agents/{agent['agent_id']}/memory-blocks/human/content"
    assert person.caller.http.put(content, json={"lines": ["Name: Ada"]}).is_success
    person.caller.post(f"/agents/{agent['agent_id']}/archival-memory", {"content": "Drinks tea"})

    for name, remembers in [("With", True), ("Without", False)]:
        await page.goto(person.at("agents", agent["agent_id"]))
        await page.get_by_role("button", name="Duplicate and export").click()
        await page.get_by_role("menuitem", name="Duplicate…").click()
        await page.get_by_label("Name of the new one").fill(name)
        await page.get_by_label("With its memory").set_checked(remembers)
        await page.get_by_role("button", name="Duplicate", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(name)

    made = {each["agent_name"]: each for each in person.caller.get("/agents")}
    assert [person.caller.lines(made[name]) for name in ("With", "Without")] == [["Name: Ada"], []]
    archives = [
        person.caller.get(f"/agents/{made[name]['agent_id']}/archival-memory")["items"]
        for name in ("With", "Without")
    ]
    assert [[each["content"] for each in archive] for archive in archives] == [["Drinks tea"], []]


async def test_a_character_that_is_dropped_becomes_an_agent_and_says_what_it_lost(
    page: Page, person: Person
) -> None:
    character = {"name": "Eliza", "bio": ["Listens."], "settings": {"secrets": {"KEY": "hush"}}}
    await page.goto(person.at("agents"))
    dropped = await page.evaluate_handle(
        """(text) => {
          const data = new DataTransfer();
          data.items.add(new File([text], "eliza.json", { type: "application/json" }));
          return data;
        }""",
        orjson.dumps(character).decode(),
    )

    told = page.get_by_role("status").filter(has_text="is here.")
    for place, name in [(".drop", "Eliza"), ("h1", "Eliza (2)")]:  # beside the field, too
        await page.locator(place).dispatch_event("drop", {"dataTransfer": dropped})
        await expect(told.get_by_role("link", name=name, exact=True)).to_be_visible()
    await expect(told).to_contain_text("it names no provider; it is 'Demo' now")
    await told.get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Eliza (2)")


async def test_an_import_that_is_refused_says_why(
    page: Page, person: Person, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.json"
    letter.write_text('{"dear": "diary"}')
    await page.goto(person.at("agents"))

    await page.locator("input[type=file]").set_input_files(letter)

    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("letter.json was not imported.")
    await expect(alert).to_contain_text("Nothing was made.")
    assert person.caller.get("/agents") == []


async def test_an_import_that_a_plan_refuses_blames_no_file(
    page: Page, person: Person, tmp_path: Path
) -> None:
    letter = tmp_path / "eliza.json"
    letter.write_text('{"name": "Eliza"}')
    detail = {"message": "Agent limit reached (2).", "upgrade_url": "/app/#/plan"}
    await page.route(
        "**/agents/import", lambda route: route.fulfill(status=429, json={"detail": detail})
    )
    await page.goto(person.at("agents"))

    await page.locator("input[type=file]").set_input_files(letter)

    await expect(page.get_by_role("alert")).to_have_text(
        re.compile(
            r"^eliza.json was not imported. Agent limit reached \(2\)\.\s*Nothing was made\.\s*$"
        )
    )


async def test_a_key_for_a_site_shows_its_line_and_a_page_to_try_it(
    page: Page, person: Person
) -> None:
    agent = person.caller.agent()
    await page.goto(person.at("agents", agent["agent_id"]))

    await page.get_by_role("button", name="Make a key for a site").click()
    await page.get_by_label("Name of the site").fill("Shop")
    await page.get_by_label("Its addresses").fill("not an address")
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.get_by_label("Its addresses")).to_have_accessible_description(
        re.compile("origin of a web site")
    )
    await page.get_by_label("Its addresses").fill("https://shop.example http://localhost:3000")
    await page.get_by_role("button", name="Make the key").click()

    card = page.get_by_role("article", name="Shop")
    await expect(card).to_contain_text("For https://shop.example, http://localhost:3000.")
    (key,) = person.caller.get(f"/agents/{agent['agent_id']}/api-keys")
    await expect(card.locator("code")).to_have_text(
        f'<script src="{person.site.url}/widget.js" data-api-key="{key["public_key"]}" async>'
        "</script>"
    )
    async with page.context.expect_page() as opened:
        await card.get_by_role("link", name="Try it").click()
    await expect((await opened.value).get_by_role("button").first).to_be_visible()

    await card.get_by_role("button", name="Turn off").click()
    await expect(card.get_by_text("Off", exact=True)).to_be_visible()
    await card.get_by_role("button", name="Delete key").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete key").click()
    await expect(card).to_have_count(0)
    assert person.caller.get(f"/agents/{agent['agent_id']}/api-keys") == []


async def test_an_agent_is_deleted_only_when_its_name_is_typed(page: Page, person: Person) -> None:
    agent = person.caller.agent()
    await page.goto(person.at("agents", agent["agent_id"]))

    await page.get_by_role("button", name="Delete agent…").click()
    delete = page.get_by_role("dialog").get_by_role("button", name="Delete agent")
    await expect(delete).to_be_disabled()
    await page.get_by_label("Type Librarian to go on").fill("Librarian")
    await delete.click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    await expect(page.get_by_text("No agent yet")).to_be_visible()
    assert person.caller.get("/agents") == []


async def test_the_tools_of_an_agent_are_told(page: Page, person: Person) -> None:
    agent = person.caller.agent()
    await page.goto(person.at("agents", agent["agent_id"]))

    await page.locator("summary").filter(has_text="memory").click()

    await expect(page.get_by_role("term").first).to_be_visible()
    offered = person.caller.get(f"/agents/{agent['agent_id']}/tools")
    assert await page.get_by_role("term").all_text_contents() == [tool["name"] for tool in offered]


async def test_an_agent_of_somebody_else_is_no_agent(page: Page, person: Person) -> None:
    await page.goto(person.at("agents", "of-somebody-else"))

    await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such agent")
