"""Keys of programs: made, shown once, used, extended, revoked; and one whose answer was lost."""

import httpx2
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.server import Json, ServerProcess
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import Person

_HOSTILE = '<img src=x onerror="document.title = 1">'


async def test_a_key_is_shown_once_opens_what_it_may_and_nothing_once_it_is_revoked(
    page: Page, person: Person, site: ServerProcess
) -> None:
    await page.goto(person.at("keys"))
    await page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Nightly report")
    await dialog.get_by_role("button", name="Make the key").click()
    secret = await dialog.get_by_label("The key", exact=True).inner_text()
    await page.keyboard.press("Escape")  # by mistake
    await dialog.get_by_role("button", name="I have copied it").click()

    assert _asked(site, secret, "/conversations/") == 200
    assert _asked(site, secret, "/agents") == 403
    await page.reload()
    row = page.get_by_role("listitem").filter(has_text="Nightly report")
    await expect(row).to_contain_text("last used")
    await expect(row).to_contain_text(secret[-4:])
    assert secret not in await page.content()

    await row.get_by_role("button", name="Change or revoke Nightly report").click()
    await page.get_by_role("menuitem", name="Revoke").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()

    await expect(page.get_by_role("heading", name="No keys yet")).to_be_visible()
    assert _asked(site, secret, "/conversations/") == 401


async def test_a_key_whose_answer_was_lost_is_revoked_and_made_anew(
    page: Page, person: Person
) -> None:
    lost: list[str] = []

    async def lose_the_first_answer(route: Route) -> None:
        if route.request.method != "POST" or lost:
            await route.continue_()
            return
        lost.append(route.request.headers["idempotency-key"])
        await person.answer_to(route)
        await route.abort("connectionreset")

    await page.route("**/api-keys", lose_the_first_answer)
    await page.goto(person.at("keys"))
    await page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Nightly report")
    await dialog.get_by_role("button", name="Make the key").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("does not answer")

    await dialog.get_by_role("button", name="Make the key").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("nobody can read this one")
    (unread,) = _keys(person)
    await dialog.get_by_role("button", name="Revoke it and make another").click()

    secret = await dialog.get_by_label("The key", exact=True).inner_text()
    (kept,) = _keys(person)
    assert kept["key_id"] != unread["key_id"]
    assert kept["key_id"] in secret


async def test_a_key_that_ends_soon_says_so_and_is_extended(page: Page, person: Person) -> None:
    body = {"name": "Nightly report", "scopes": ["chat"], "expires_in_days": 3}
    person.caller.post("/api-keys", body)
    await page.goto(person.at("keys"))
    row = page.get_by_role("listitem").filter(has_text="Nightly report")
    await expect(row).to_contain_text("Extend it before, and nothing stops.")

    await row.get_by_role("button", name="Extend").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("See agents").check()
    await dialog.get_by_label("Expires").select_option("In 90 days from now")
    await dialog.get_by_role("button", name="Save").click()

    await expect(row.get_by_role("button", name="Extend")).to_have_count(0)
    await expect(row).to_contain_text("See agents")
    (key,) = _keys(person)
    assert key["scopes"] == ["agents:read", "chat"]


async def test_a_key_that_may_do_nothing_is_not_made(page: Page, person: Person) -> None:
    await page.goto(person.at("keys"))
    await page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Nightly report")
    await dialog.get_by_label("Talk").uncheck()

    await dialog.get_by_role("button", name="Make the key").click()

    await expect(dialog.get_by_role("alert")).to_have_text("Choose what the key may do.")
    assert _keys(person) == []


async def test_keys_are_made_by_keyboard_alone(page: Page, person: Person) -> None:
    await page.goto(person.at("keys"))
    await page.get_by_role("button", name="Make a key").focus()
    await page.keyboard.press("Enter")
    name = page.get_by_role("dialog").get_by_label("Name")
    await _tab_to(page, name)
    await page.keyboard.type("By hand")
    await page.keyboard.press("Enter")

    await expect(page.get_by_label("The key", exact=True)).to_be_visible()
    done = page.get_by_role("button", name="I have copied it")
    await _tab_to(page, done)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="By hand")).to_be_visible()


async def test_names_of_keys_are_text_and_the_page_is_for_everybody(
    page: Page, person: Person
) -> None:
    person.caller.post("/api-keys", {"name": _HOSTILE, "scopes": ["chat"], "expires_in_days": 2})
    await page.goto(person.at("keys"))
    await expect(page.get_by_role("heading", name=_HOSTILE)).to_be_visible()
    await expect(page).to_have_title("API keys · Smriti")

    await page.set_viewport_size({"width": 360, "height": 740})
    assert not await overflows(page)
    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await page.get_by_role("button", name="New key").click()
    await expect(page.get_by_role("dialog").get_by_label("Name")).to_be_visible()
    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await page.get_by_label("Name").fill("Another")
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.get_by_label("The key", exact=True)).to_be_visible()
    assert not await overflows(page)
    assert await axe(page) == []


def _keys(person: Person) -> list[Json]:
    keys: list[Json] = person.caller.get("/api-keys")
    return keys


def _asked(site: ServerProcess, secret: str, path: str) -> int:
    """What a program with this key is answered."""
    return httpx2.get(f"{site.url}{path}", headers={"X-API-Key": secret}, timeout=20).status_code


async def _tab_to(page: Page, wanted: Locator, presses: int = 20) -> None:
    for _ in range(presses):
        if await wanted.evaluate("(node) => node === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there.")
