"""Signing in to the app, and being asked to do it again in the middle of something."""

import re
from typing import Final

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from tests.e2e.server import ServerProcess
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import PASSWORD, Person

_ALL_WAYS: Final = '{"local_accounts":true,"google":true,"link":true}'
_BEGIN: Final = """async (agent) => {
  const base = document.querySelector("script[type=module]").src;
  const { json } = await import(new URL("api.js", base));
  window.begun = json("/conversations/", { method: "POST", body: { agent_id: agent } })
    .then(({ conversation_id: id }) => id);
}"""


async def _offer_all(route: Route) -> None:
    await route.fulfill(content_type="application/json", body=_ALL_WAYS)


async def _fill(page: Page, name: str, password: str = PASSWORD) -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password)


async def test_a_newcomer_makes_an_account_and_stays_signed_in(
    stranger: Page, site: ServerProcess
) -> None:
    await stranger.goto(f"{site.url}/app/")
    await expect(stranger).to_have_title("Sign in · Smriti")
    await stranger.get_by_role("button", name="Make an account").click()
    await _fill(stranger, "newcomer")
    await stranger.keyboard.press("Enter")

    navigation = stranger.get_by_role("navigation", name="Smriti")
    await expect(navigation).to_contain_text("newcomer")
    await stranger.reload()
    await expect(navigation).to_contain_text("newcomer")
    assert await stranger.evaluate("() => document.cookie") == ""


async def test_a_link_signs_in(stranger: Page, site: ServerProcess) -> None:
    await stranger.goto(site.new_link())

    await expect(stranger.get_by_role("navigation", name="Smriti")).to_be_visible()


async def test_who_signs_in_at_the_address_of_a_chat_is_shown_it(
    stranger: Page, person: Person
) -> None:
    talk = person.seed(person.caller.agent(), messages=3)
    await stranger.goto(person.at("c", talk["conversation_id"]))

    await _fill(stranger, person.name)
    await stranger.keyboard.press("Enter")

    await expect(stranger.get_by_text("Message 2.")).to_be_visible()


async def test_who_has_a_wrong_password_or_a_taken_name_reads_so(
    stranger: Page, person: Person
) -> None:
    await stranger.goto(person.app)
    await _fill(stranger, person.name, "not her password")
    await stranger.keyboard.press("Enter")
    problem = stranger.get_by_role("alert")
    await expect(problem).to_contain_text("password")

    await stranger.get_by_role("button", name="Make an account").click()
    await expect(problem).to_be_hidden()
    await _fill(stranger, person.name)
    await stranger.keyboard.press("Enter")

    await expect(problem).to_contain_text("taken")
    await expect(stranger.get_by_label("Name")).to_have_value(person.name)


async def test_a_field_that_is_wrong_says_so_itself(stranger: Page, site: ServerProcess) -> None:
    await stranger.goto(f"{site.url}/app/")
    await _fill(stranger, "<b>&")
    await stranger.keyboard.press("Enter")

    name = stranger.get_by_label("Name")
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_accessible_description(re.compile("pattern"))


async def test_every_way_of_this_server_is_offered(stranger: Page, site: ServerProcess) -> None:
    await stranger.route("**/auth/methods", _offer_all)
    await stranger.goto(f"{site.url}/app/?error=access_denied")

    google = stranger.get_by_role("link", name="Go on with Google")
    await expect(google).to_have_attribute("href", "/auth/google")
    await expect(stranger.get_by_text("smriti login-link")).to_be_visible()
    await expect(stranger.get_by_role("alert")).to_contain_text("You did not allow")
    await expect(stranger).to_have_url(f"{site.url}/app/")
    async for scheme in both_schemes(stranger):
        assert await axe(stranger) == [], scheme
    await stranger.set_viewport_size({"width": 360, "height": 740})
    assert not await overflows(stranger)


async def test_what_was_asked_when_the_sign_in_ended_is_done_once_after_the_next(
    page: Page, person: Person, windows: BrowserContext
) -> None:
    agent = person.caller.agent()
    await page.goto(person.at("nowhere"))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await windows.clear_cookies()

    await page.evaluate(_BEGIN, agent["agent_id"])
    dialog = page.get_by_role("dialog", name="Your sign-in has ended")
    await expect(dialog).to_be_visible()
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_visible()
    await expect(dialog.get_by_label("Name")).to_have_value(person.name)
    await dialog.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")

    await expect(dialog).to_be_hidden()
    begun = await page.evaluate("() => window.begun")
    items = person.caller.get("/conversations/")["items"]
    assert [item["conversation_id"] for item in items] == [begun]
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "There is nothing at this address"
    )


async def test_a_sign_in_in_another_tab_is_one_here_too(
    page: Page, person: Person, windows: BrowserContext
) -> None:
    agent = person.caller.agent()
    await page.goto(person.app)
    await expect(page.get_by_role("navigation", name="Smriti")).to_be_visible()
    await windows.clear_cookies()
    await page.evaluate(_BEGIN, agent["agent_id"])
    dialog = page.get_by_role("dialog", name="Your sign-in has ended")
    await expect(dialog).to_be_visible()

    await person.enter(windows)
    await (await windows.new_page()).goto(person.app)

    await expect(dialog).to_be_hidden()
    assert await page.evaluate("() => window.begun")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
async def test_the_scheme_is_chosen_and_remembered(page: Page, person: Person, theme: str) -> None:
    await page.emulate_media(color_scheme="dark" if theme == "Light" else "light")
    await page.goto(person.app)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    before = await page.evaluate(ground)

    await page.get_by_role("button", name="Your account and this page").click()
    await page.get_by_role("menuitemradio", name=theme).click()
    chosen = await page.evaluate(ground)
    await page.reload()

    assert before != chosen == await page.evaluate(ground)


async def test_signing_out_ends_it_in_every_tab(
    page: Page, person: Person, windows: BrowserContext
) -> None:
    other = await windows.new_page()
    for tab in (page, other):
        await tab.goto(person.app)
        await expect(tab.get_by_role("navigation", name="Smriti")).to_be_visible()
    await page.evaluate("() => sessionStorage.setItem('draft:1', 'mine')")

    await page.get_by_role("button", name="Your account and this page").press("Enter")
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")

    for tab in (page, other):
        await expect(tab.get_by_label("Password")).to_be_visible()
    assert await page.evaluate("() => sessionStorage.length") == 0
