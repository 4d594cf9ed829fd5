"""Talking to an agent, in a real browser."""

import asyncio
import re

from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.browser import SLOW, WHOLE, home, page
from tests.e2e.server import ServerProcess
from tests.e2e.test_chat_devices import device_talk, machine
from tests.e2e.wire import Wire
from tests.fakes.faulty_model import FaultyModel
from tests.fakes.stub_model import StubModel

__all__ = ["home", "page"]


async def create_agent(page: Page, name: str) -> None:
    await page.get_by_label("Agent Name").fill(name)
    await page.get_by_label("Persona").fill("Knows every shelf.")
    await page.get_by_label("Architecture").select_option("krishna-memgpt")
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator("#agents")).to_contain_text(name)


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


async def begin(page: Page, home: ServerProcess, stub: StubModel, *, at: str) -> None:
    """Sign in at this address, with an agent that thinks with the stub."""
    with home.owner() as owner:
        owner.stub_agent(stub.url)
    await page.goto(home.new_link().replace(home.url, at))
    await expect(page.locator("#agents")).to_contain_text("Librarian")


def answers(page: Page) -> Locator:
    return page.locator("#messages .assistant")


async def test_a_newcomer_creates_an_agent_that_remembers_her(
    page: Page, home: ServerProcess
) -> None:
    await page.goto(home.new_link())
    await expect(page).to_have_url(re.compile(r"/app/$"))
    await create_agent(page, "Librarian")

    await say(page, "My name is Alice and I work at Google")
    await expect(page.locator("#messages")).to_contain_text("Nice to meet you, Alice!")
    await expect(page.locator("#memory")).to_contain_text("Works at: Google")

    await page.get_by_role("button", name="New conversation").click()
    await say(page, "Where do I work?")
    await expect(page.locator("#messages .assistant")).to_contain_text("Google")

    await page.reload()
    await page.locator("#conversations button").last.click()
    await expect(page.locator("#messages")).to_contain_text("Nice to meet you, Alice!")


async def test_text_never_becomes_markup(page: Page, home: ServerProcess) -> None:
    evil = "<img src=x onerror=\"document.title='broken'\">"
    await page.goto(home.new_link())
    await create_agent(page, f"Agent {evil}")

    await say(page, f"Remember that {evil} is my favourite")
    await expect(page.locator("#messages .tool").first).to_contain_text("<img")

    assert await page.title() == "Smriti"
    assert await page.locator("img").count() == 0


async def test_a_reload_in_the_middle_and_a_second_tab_show_the_whole_answer(
    page: Page, home: ServerProcess, stub: StubModel
) -> None:
    await begin(page, home, stub, at=home.url)
    await say(page, f"[tool:core_memory_read|block=human] {SLOW}")
    await expect(answers(page)).to_contain_text("n3")

    await page.reload()
    other = await page.context.new_page()
    await other.goto(page.url)

    await expect(page.get_by_role("button", name="Stop")).to_be_enabled()
    for tab in (page, other):
        await expect(answers(tab)).to_have_text([WHOLE])
        await expect(tab.locator("#messages .tool")).to_have_count(1)
        await expect(tab.locator("#messages .user")).to_have_count(1)
        await expect(tab.get_by_role("button", name="Stop")).to_be_hidden()


async def test_an_answer_is_stopped_from_the_keyboard(
    page: Page, home: ServerProcess, stub: StubModel
) -> None:
    await begin(page, home, stub, at=home.url)
    stop = page.get_by_role("button", name="Stop")
    await say(page, "Go on for ever [tokens=2000] [itl=50]")
    await expect(answers(page)).to_contain_text("the stub")

    await page.keyboard.press("Tab")
    await expect(stop).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#notice")).to_have_text("Stopped.")
    await expect(stop).to_be_hidden()
    await page.keyboard.type("And now? [say:Done.]")
    await page.keyboard.press("Enter")

    await expect(answers(page).last).to_have_text("Done.")


async def test_who_looks_elsewhere_meanwhile_finds_the_answer_where_it_belongs(
    page: Page, home: ServerProcess, stub: StubModel
) -> None:
    await begin(page, home, stub, at=home.url)
    await say(page, SLOW)
    await expect(answers(page)).to_contain_text("n3")

    async with page.expect_event("requestfailed"):  # it is not read any more
        await page.get_by_role("button", name="New conversation").click()
    await say(page, "Elsewhere [say:Here.]")
    await expect(answers(page)).to_have_text(["Here."])
    await page.locator("#conversations button").last.click()

    await expect(answers(page)).to_have_text([WHOLE])


async def test_a_cut_connection_is_told_and_mended(
    page: Page, home: ServerProcess, stub: StubModel
) -> None:
    async with Wire.laid(home.url) as wire:
        await begin(page, home, stub, at=wire.url)
        await say(page, SLOW)
        await expect(answers(page)).to_contain_text("n3")

        wire.cut()
        await expect(page.locator("#notice")).to_contain_text("Trying again")
        wire.mend()

        await expect(answers(page)).to_have_text([WHOLE])


async def test_an_answer_goes_on_after_the_server_was_restarted(
    page: Page, home: ServerProcess, stub: StubModel
) -> None:
    async with Wire.laid(home.url) as wire:
        await begin(page, home, stub, at=wire.url)
        await say(page, f"Restart {SLOW}")
        await expect(answers(page)).to_contain_text("n3")

        home.interrupt()
        await asyncio.to_thread(home.wait)
        await asyncio.to_thread(home.restart)
        wire.to = home.url

        await expect(answers(page)).to_have_text([WHOLE])
    assert sum("Restart" in str(asked["messages"][-1]) for asked in stub.questions) == 2


async def test_a_question_whose_answer_was_lost_is_asked_once(
    page: Page, home: ServerProcess, stub: StubModel
) -> None:
    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await begin(page, home, stub, at=home.url)
    await page.route("**/send-message", lose, times=1)
    await say(page, "Hello? [say:Here.]")
    await expect(answers(page)).to_have_text(["Here."])

    await page.reload()

    await expect(answers(page)).to_have_text(["Here."])
    await expect(page.locator("#messages .user")).to_have_count(1)


async def test_a_page_that_fell_behind_gets_the_text_so_far(
    page: Page, home: ServerProcess
) -> None:
    def told(*events: tuple[str, str]) -> str:
        return "".join(
            f'data: {{"event_type":"{kind}","content":"{text}","turn_id":"t1","seq":{seq}}}\n\n'
            for seq, (kind, text) in enumerate(events, start=1)
        )

    async def answer(route: Route, body: str) -> None:
        await route.fulfill(content_type="text/event-stream", body=body)

    behind = told(("MESSAGE_SAVED", ""), ("AGENT_RESPONSE_TO_USER", "One, t"))
    rest = told(("SNAPSHOT", "One, two, "), ("AGENT_RESPONSE_TO_USER", "three."))
    end = told(("STREAM_COMPLETE", ""))
    await page.route("**/send-message", lambda route: answer(route, behind))
    await page.route(re.compile(r"/turns/t1/events\?after=2$"), lambda r: answer(r, rest + end))
    await page.goto(home.new_link())
    await create_agent(page, "Librarian")

    await say(page, "Count")

    await expect(answers(page)).to_have_text(["One, two, three."])
    await expect(page.get_by_role("button", name="Stop")).to_be_hidden()


async def test_a_person_approves_what_shall_run_on_her_machine(
    page: Page, home: ServerProcess
) -> None:
    with FaultyModel().running() as model, home.owner() as owner:
        _, key = device_talk(owner, model)
        with machine(home, key) as tools:
            owner.http.patch("/devices/lab-7", json={"ask_before_commands": True})
            await page.goto(home.new_link())
            await expect(page.locator("#agents")).to_contain_text("Librarian")
            await page.locator("#conversations button").first.click()
            await say(page, "Well? [say:Linux.]")

            asked = page.locator("#messages .tool").first
            await expect(asked).to_contain_text("uname on lab-7 waits for your approval.")
            await page.get_by_role("button", name="Approve").click()

            await expect(answers(page)).to_have_text(["Linux."])
            await expect(page.locator("#messages")).to_contain_text("lab-7: uname →")
            await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
            assert ("uname", {}) in tools.calls
