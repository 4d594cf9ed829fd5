"""The frame around the views: signing in, caching, the policy, the documentation."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import held
from tests.e2e.server import ServerProcess
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import Person


async def test_who_is_signed_in_sees_the_app(page: Page, person: Person) -> None:
    await page.goto(person.app)

    await expect(page.get_by_role("navigation", name="Smriti")).to_contain_text(person.name)


async def test_what_is_nowhere_says_so(page: Page, person: Person) -> None:
    await page.goto(person.at("nowhere", "at-all"))

    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "There is nothing at this address"
    )
    await expect(page).to_have_title("Nothing here · Smriti")


@pytest.mark.parametrize("has_agent", [True, False])
async def test_a_page_that_comes_late_takes_the_focus_out_of_no_menu(
    page: Page, person: Person, has_agent: bool
) -> None:
    """Neither for its field, nor where it leads on to the first run because there is no agent."""
    if has_agent:
        person.caller.agent()
    arrive = await held(page, "**/agents")
    await page.goto(person.app)
    await page.get_by_role("button", name="Your account and this page").click()
    item = page.get_by_role("menuitem").first
    await expect(item).to_be_focused()

    arrive.set()

    came = page.get_by_label("Message", exact=True) if has_agent else page.get_by_role("radiogroup")
    await expect(came).to_be_visible()
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"
    )
    await expect(item).to_be_focused()


async def test_the_documentation_lists_every_operation(stranger: Page, site: ServerProcess) -> None:
    await stranger.goto(f"{site.url}/docs")

    await expect(stranger.locator("#operations")).to_contain_text("Send a message and stream")
    with site.client() as http:
        paths = http.get("/openapi.json").json()["paths"]
    operations = sum(len(path) for path in paths.values())
    assert await stranger.locator("details").count() == operations


async def test_the_documentation_is_for_everybody_and_fits_a_small_window(
    stranger: Page, site: ServerProcess
) -> None:
    await stranger.set_viewport_size({"width": 360, "height": 740})
    await stranger.goto(f"{site.url}/docs")
    await expect(stranger.locator("#operations")).to_contain_text("Send a message and stream")
    await stranger.evaluate(
        "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )

    async for _ in both_schemes(stranger):
        assert await axe(stranger) == []
    assert not await overflows(stranger)


async def test_on_a_telephone_the_navigation_opens_and_closes(page: Page, person: Person) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(person.at("account"))  # and is not led anywhere else
    navigation = page.get_by_role("navigation", name="Smriti")
    opener = page.get_by_role("button", name="Open the navigation")

    await expect(navigation).to_be_hidden()
    await opener.press("Enter")
    await expect(navigation.get_by_role("button", name="Close the navigation")).to_be_focused()
    assert not await overflows(page)
    await page.keyboard.press("Escape")

    await expect(navigation).to_be_hidden()
    await expect(opener).to_be_focused()
