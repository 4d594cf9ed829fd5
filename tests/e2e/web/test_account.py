"""The account: who one is, the password, everything taken along, everything ended."""

import json
import re
from pathlib import Path

from playwright.async_api import Page, expect

from tests.e2e.server import Json, ServerProcess
from tests.e2e.web.person import PASSWORD, Person

_OTHER = "another long enough password"


async def test_everything_is_downloaded_and_brought_back(
    page: Page, person: Person, tmp_path: Path
) -> None:
    agent = person.caller.agent(agent_name="Librarian")
    person.caller.ask(person.caller.conversation(agent), "I live in Paris")
    await page.goto(person.at("account"))

    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download everything").click()
    file = tmp_path / "everything.json"
    await (await download.value).save_as(file)

    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept["format"] == "smriti-account"
    assert [each["agent"]["agent_name"] for each in kept["agents"]] == ["Librarian"]

    await page.locator("input[type=file]").set_input_files(file)

    told = page.get_by_role("status").filter(has_text="is here.")
    await expect(told.get_by_role("link", name="Librarian (2)", exact=True)).to_be_visible()
    await expect(told).to_contain_text("1 conversation, 2 messages")
    assert {each["agent_name"] for each in _agents(person)} == {"Librarian", "Librarian (2)"}


async def test_a_file_that_is_none_of_ours_is_refused_with_the_reason(
    page: Page, person: Person, tmp_path: Path
) -> None:
    file = tmp_path / "<img src=x onerror=alert(1)>.json"
    file.write_text('{"name": "nobody"}', encoding="utf-8")
    await page.goto(person.at("account"))

    await page.locator("input[type=file]").set_input_files(file)

    await expect(page.get_by_role("alert")).to_contain_text("Nobody here knows this kind of file.")
    assert _agents(person) == []


async def test_a_file_that_is_wrong_in_places_says_where(
    page: Page, person: Person, tmp_path: Path
) -> None:
    file = tmp_path / "eliza.json"
    file.write_text('{"name": "Eliza", "bio": ["Listens.", 7]}', encoding="utf-8")
    await page.goto(person.at("account"))

    await page.locator("input[type=file]").set_input_files(file)

    place = page.get_by_role("alert").get_by_role("code")
    await expect(place).to_have_text(re.compile("^bio . 1$"))
    assert _agents(person) == []


async def test_a_new_password_ends_every_other_sign_in_but_not_this_one(
    page: Page, person: Person
) -> None:
    await page.goto(person.at("account"))
    await page.get_by_label("Present password").fill("a wrong password")
    await page.get_by_label("New password").fill(_OTHER)
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_label("Present password")).to_have_accessible_description(
        re.compile("The current password is not right.")
    )

    await page.get_by_label("Present password").fill(PASSWORD)
    await page.get_by_role("button", name="Change the password").click()

    await expect(page.get_by_text("Your password is changed.")).to_be_visible()
    await expect(page.get_by_label("Present password")).to_have_value("")
    assert person.caller.http.get("/agents").status_code == 401
    assert _logged_in(person, PASSWORD) == 401
    assert _logged_in(person, _OTHER) == 200
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Account")


async def test_who_signs_in_by_a_link_has_no_password(stranger: Page, site: ServerProcess) -> None:
    await stranger.goto(site.new_link())
    await expect(stranger.get_by_role("navigation", name="Smriti")).to_be_visible()

    await stranger.goto(f"{site.url}/app/#/account")

    await expect(stranger.get_by_text("You sign in with a link")).to_be_visible()
    await expect(stranger.get_by_label("New password")).to_have_count(0)


async def test_signing_out_everywhere_ends_this_sign_in_too(page: Page, person: Person) -> None:
    await page.goto(person.at("account"))
    await page.get_by_role("button", name="Sign out everywhere").click()

    await page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()

    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert person.caller.http.get("/agents").status_code == 401


async def test_an_account_is_deleted_by_typing_its_name(page: Page, person: Person) -> None:
    person.caller.agent()
    await page.goto(person.at("account"))
    await page.get_by_role("button", name="Delete my account").click()
    dialog = page.get_by_role("dialog")
    delete = dialog.get_by_role("button", name="Delete everything")
    await expect(delete).to_be_disabled()
    await dialog.get_by_role("textbox").fill(person.name)

    await delete.click()

    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert person.caller.http.get("/agents").status_code == 401
    assert _logged_in(person, PASSWORD) != 200


async def test_where_nothing_is_limited_the_plan_only_counts(page: Page, person: Person) -> None:
    await page.goto(person.at("plan"))

    await expect(page.get_by_text("This server sets you no limits.")).to_be_visible()
    await expect(page.get_by_text("Nothing is sold here")).to_be_visible()
    await expect(page.get_by_role("heading", name="Plans", exact=True)).to_have_count(0)


def _agents(person: Person) -> list[Json]:
    agents: list[Json] = person.caller.get("/agents")
    return agents


def _logged_in(person: Person, password: str) -> int:
    with person.site.client() as http:
        account = {"username": person.name, "password": password}
        return http.post("/auth/local/login", json=account).status_code
