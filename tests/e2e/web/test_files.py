"""The app's files on their way to the browser: how many bytes, how often, of which version."""

import re

from playwright.async_api import Page, Route, expect

from pages import painted, transferred
from tests.e2e.browser import held
from tests.e2e.server import ServerProcess
from tests.e2e.web.person import Person

_BUDGET_BYTES = 100 * 1000
_FIRST_PAGE = ("/messages?inactive=true&limit=30", "/turns?limit=30")
_NOT_MODIFIED_BYTES = 1200  # no more than headers


async def test_the_first_paint_of_a_chat_is_small(page: Page, person: Person) -> None:
    """What comes later, to make Markdown of the words, is not counted."""
    person.seed(person.caller.agent(), messages=30)

    paint = await painted(page, person.app, "Message 29.")

    assert person.app in paint.sizes
    assert sum(paint.sizes.values()) <= _BUDGET_BYTES, paint.sizes


async def test_what_a_chat_shows_first_comes_in_one_file(page: Page, person: Person) -> None:
    person.seed(person.caller.agent(), messages=3)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    words = await held(page, "**/prose.js")

    await page.goto(person.app)
    await expect(page.get_by_text("Message 2.")).to_be_visible()

    names = {url.rpartition("/")[2] for url in loaded if url.endswith(".js")}
    assert names <= {"scheme.js", "early.js", "first.js", "main.js", "prose.js"}
    words.set()


async def test_what_a_chat_shows_is_asked_for_once_and_before_its_modules_are_there(
    page: Page, person: Person
) -> None:
    talk = person.seed(person.caller.agent(), messages=3)["conversation_id"]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(person.site.url)))
    arrive = await held(page, "**/main.js")
    needed = ["/auth/me", "/agents", "/conversations/?limit=50"]
    needed += [f"/conversations/{talk}{rest}" for rest in ("", *_FIRST_PAGE)]

    async with page.expect_response(f"**{needed[-1]}"):
        await page.goto(person.at("c", talk), wait_until="commit")
    arrive.set()
    await expect(page.get_by_text("Message 2.")).to_be_visible()

    assert [path for path in needed if asked.count(path) != 1] == []


async def test_a_second_visit_asks_for_the_page_only(page: Page, person: Person) -> None:
    await page.goto(person.at("nowhere"))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    async with transferred(page) as sizes:
        await page.reload()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()

    assert {url for url, size in sizes.items() if size and "/app/v/" in url} == set()
    assert sizes[person.app] < _NOT_MODIFIED_BYTES


async def test_a_page_of_the_version_before_says_so_when_it_wants_more(
    page: Page, person: Person, site: ServerProcess
) -> None:
    async def gone(route: Route) -> None:
        await route.fulfill(status=404)

    async def next_version(route: Route) -> None:
        page_now = await (await route.fetch()).text()
        await route.fulfill(body=re.sub(r"v/[0-9a-f]{16}/", "v/0123456789abcdef/", page_now))

    await page.goto(person.at("nowhere"))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.evaluate(
        """async () => {
          window.base = document.querySelector("script[type=module]").src;
          window.router = await import(new URL("router.js", base));
        }"""
    )
    await page.route(f"{site.url}/app/v/**", gone)
    await page.route(f"{site.url}/app/", next_version)

    await page.evaluate(
        """() => {
          router.routes["later"] = () => import(new URL("views/later.js", base));
          router.go("#/later");
        }"""
    )

    await expect(page.get_by_role("heading", level=1)).to_have_text("Smriti was updated")
    await page.unroute_all()
    await page.get_by_role("button", name="Reload").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "There is nothing at this address"
    )


async def test_a_module_that_comes_while_its_view_is_drawn_is_shown(
    page: Page, person: Person
) -> None:
    await page.goto(person.at("nowhere"))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()

    await page.evaluate(
        """async () => {
          const base = document.querySelector("script[type=module]").src;
          const { routes, go } = await import(new URL("router.js", base));
          const { prefetch } = await import(new URL("views/lazy.js", base));
          const { html } = await import(new URL("vendor/preact.js", base));
          let arrive;
          const coming = new Promise((resolve) => { arrive = resolve; });
          routes.later = () => coming;
          prefetch(routes.later);
          go("#/later");
          for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
          arrive({ View: () => html`<h1>Later</h1>`, title: "Later" });
        }"""
    )

    await expect(page.get_by_role("heading", level=1)).to_have_text("Later")
    await expect(page).to_have_title("Later · Smriti")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
