"""What the app knows: kept, loaded anew when it has changed, and told between tabs."""

from typing import Any, Final

from playwright.async_api import BrowserContext, Page, expect

from tests.e2e.browser import held
from tests.e2e.web.person import Person

_MODULES: Final = """async (names) => {
  const base = document.querySelector("script[type=module]").src;
  for (const name of names) {
    window[name.split("/").pop()] = await import(new URL(`${name}.js`, base));
  }
  window.preact = await import(new URL("vendor/preact.js", base));
}"""
_WATCH: Final = """(path) => {
  const kept = window.store.resource(path);
  window.seen = [];
  window.stop = window.preact.effect(() => {
    if (kept.data.value) window.seen.push(kept.data.value.map((agent) => agent.agent_name));
  });
}"""
_SEEN: Final = "() => window.seen.at(-1)"


async def open_with(page: Page, address: str, *modules: str) -> None:
    """Show the page, and have these modules of it at hand."""
    await page.goto(address)
    await expect(page.get_by_role("navigation", name="Smriti")).to_be_visible()
    await page.evaluate(_MODULES, list(modules))


async def until_seen(page: Page, names: list[str]) -> None:
    await page.wait_for_function("(names) => `${window.seen.at(-1)}` === `${names}`", arg=names)


async def test_what_is_changed_in_one_tab_is_seen_in_the_other(
    page: Page, person: Person, windows: BrowserContext
) -> None:
    other = await windows.new_page()
    for tab in (page, other):
        await open_with(tab, person.app, "state/store", "api")
        await tab.evaluate(_WATCH, "/agents")
    await until_seen(page, [])

    await page.evaluate(
        """async (values) => {
          await window.api.json("/agents", { method: "POST", body: values });
          window.store.changed("/agents");
        }""",
        {
            "agent_name": "Librarian",
            "agent_architecture": "krishna-memgpt",
            "agent_provider": "Demo",
            "agent_persona": "Knows every shelf.",
        },
    )

    for tab in (page, other):
        await until_seen(tab, ["Librarian"])


async def test_what_nobody_looks_at_is_not_loaded(page: Page, person: Person) -> None:
    await open_with(page, person.app, "state/store")
    await page.evaluate(_WATCH, "/agents?who=looks")
    await until_seen(page, [])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await page.evaluate("() => { window.stop(); window.store.changed('/agents'); }")
    person.caller.agent()
    await page.evaluate(_WATCH, "/agents?who=looks")
    await until_seen(page, ["Librarian"])

    assert sum(url.endswith("?who=looks") for url in asked) == 1


async def test_what_was_set_stays_although_an_older_answer_comes_later(
    page: Page, person: Person
) -> None:
    arrive = await held(page, "**/agents?late")
    await open_with(page, person.app, "state/store")

    await page.evaluate(_WATCH, "/agents?late")
    await page.wait_for_function("() => window.store.resource('/agents?late').busy.value")
    await page.evaluate("() => window.store.resource('/agents?late').set([{ agent_name: 'New' }])")
    async with page.expect_response("**/agents?late") as late:
        arrive.set()
    assert await (await late.value).body()
    await page.wait_for_timeout(100)

    assert await page.evaluate(_SEEN) == ["New"]


async def test_a_list_comes_page_by_page_and_is_loaded_anew_as_far_as_it_was_shown(
    page: Page, person: Person
) -> None:
    agent = person.caller.agent()
    for _ in range(7):
        person.caller.conversation(agent)
    await open_with(page, person.app, "state/store")

    shown: Any = await page.evaluate(
        """async () => {
          const list = window.store.pages("/conversations/", { limit: 3 });
          const lengths = [];
          const note = () => lengths.push([list.items.value.length, list.hasMore]);
          for (const step of ["load", "more", "more", "more", "load"]) {
            await list[step]();
            note();
          }
          return lengths;
        }"""
    )

    assert shown == [[3, True], [6, True], [7, False], [7, False], [7, False]]


async def test_names_of_every_kind_travel_in_an_address(page: Page, person: Person) -> None:
    await open_with(page, person.app, "router")
    strange = "a/b?c#d%20 ü"

    link = await page.evaluate("(id) => window.router.link('agents', id, 'x')", strange)

    assert link == "#/agents/a%2Fb%3Fc%23d%2520%20%C3%BC/x"


async def test_a_view_that_corrects_its_address_calls_nobody_back(
    page: Page, person: Person
) -> None:
    await open_with(page, person.at("models"), "router")

    await page.evaluate(
        """() => {
          location.hash = "#/account";
          window.router.go("#/welcome", { replace: true });
        }"""
    )

    await expect(page.get_by_role("heading", level=1)).to_have_text("Account")
    assert page.url.endswith("#/account")


async def test_what_could_not_be_loaded_is_asked_for_again(page: Page, person: Person) -> None:
    await open_with(page, person.app, "state/store")
    person.caller.agent()
    await page.route("**/agents?lost", lambda route: route.abort())

    async with page.expect_event("requestfailed"):
        await page.evaluate(_WATCH, "/agents?lost")
    await page.unroute_all()

    await until_seen(page, ["Librarian"])


async def test_a_view_whose_files_did_not_come_is_there_after_a_reload(
    page: Page, person: Person
) -> None:
    await open_with(page, person.at("models"), "router")
    await page.route("**/views/account.js", lambda route: route.abort())

    await page.evaluate("() => window.router.go('#/account')")
    await expect(page.get_by_role("heading", level=1)).to_have_text("This page could not be loaded")
    await page.unroute_all()
    await page.get_by_role("button", name="Reload").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Account")


# An answer of which some is told, and the same answer as the store has it when its turn is over.
_MERGED: Final = """(isHeard) => {
  const { row, said, textOf } = window["talk-rows"];
  const answer = row({ role: "assistant", status: "running", turnId: "t" });
  answer.pieces.value = [said("Half")];
  const message = { message_id: "m", role: "assistant", turn_id: "t", status: "complete",
    active: true, created_at: "2026-01-01T00:00:00Z", attachments: [], content: "Whole",
    parts: [] };
  const turns = new Map([["t", { turn_id: "t", question_id: "q", status: "complete" }]]);
  const stored = { messages: [message], isWhole: true, turns, questionOf: () => "",
    isHeard: () => isHeard };
  const rows = window["talk-merge"].merged([answer], stored);
  return rows.map((one) => [textOf(one), one.status.peek()]);
}"""


async def test_an_answer_that_is_still_told_is_not_stored_twice_in_its_row(
    page: Page, person: Person
) -> None:
    await open_with(page, person.app, "state/talk-rows", "state/talk-merge")

    assert await page.evaluate(_MERGED, True) == [["Half", "running"]]
    assert await page.evaluate(_MERGED, False) == [["Whole", "complete"]]


async def test_an_answer_that_is_still_told_stays_though_the_store_has_only_its_end(
    page: Page, person: Person
) -> None:
    await open_with(page, person.app, "state/talk-rows", "state/talk-merge")
    unstored = _MERGED.replace("messages: [message]", "messages: []")

    assert await page.evaluate(unstored, True) == [["Half", "running"]]
    assert await page.evaluate(unstored, False) == []


async def test_an_answer_that_broke_off_says_so_once(page: Page, person: Person) -> None:
    """When its stream says it, or when nothing is heard of it any more."""
    await open_with(page, person.app, "state/talk-rows", "state/talk-merge")
    failed = _MERGED.replace('message_id: "m", role: "assistant"', 'message_id: "q", role: "user"')
    failed = failed.replace(
        'question_id: "q", status: "complete"', 'question_id: "q", status: "failed", error: "No."'
    )
    failed = failed.replace("textOf(one)", "one.pieces.peek().map(({ kind }) => kind)")

    heard = await page.evaluate(failed, True)
    over = await page.evaluate(failed, False)

    assert [pieces for pieces, _ in heard] == [["text"], ["text"]]
    assert [pieces for pieces, _ in over] == [["text"], ["text", "error"]]
