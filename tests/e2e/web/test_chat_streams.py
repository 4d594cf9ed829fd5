"""Answers that outlive reloads, cut connections and servers; tabs that stay in step."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from tests.e2e.browser import PAUSED, WHOLE, context
from tests.e2e.server import Json, ServerProcess
from tests.e2e.web.chatting import answers, notice, questions, say, stop, tools
from tests.e2e.web.person import Person
from tests.e2e.wire import Wire
from tests.fakes.stub_model import StubModel


async def test_a_reload_in_the_middle_and_a_second_tab_show_the_whole_answer(
    page: Page, windows: BrowserContext, person: Person, stubbed: Json, stub: StubModel
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, f"[tool:core_memory_read|block=human] {PAUSED}")
    await expect(answers(page)).to_contain_text("n3")

    await page.reload()
    other = await windows.new_page()
    await other.goto(page.url)

    for tab in (page, other):
        await expect(answers(tab)).to_contain_text("n3")
    await expect(stop(page)).to_be_enabled()
    stub.resume()
    for tab in (page, other):
        await expect(answers(tab)).to_have_text([WHOLE])
        await expect(tools(tab)).to_have_count(1)
        await expect(questions(tab)).to_have_count(1)
        await expect(stop(tab)).to_be_hidden()


async def test_tabs_stay_in_step(
    page: Page, windows: BrowserContext, person: Person, stubbed: Json, stub: StubModel
) -> None:
    talk = person.caller.conversation(stubbed)
    other = await windows.new_page()
    for tab in (page, other):
        await tab.goto(person.at("c", talk["conversation_id"]))
        await expect(tab.get_by_role("heading", name="Say hello to Librarian")).to_be_visible()

    await say(page, PAUSED)
    await expect(answers(other)).to_contain_text("n3")
    await say(other, "And you? [say:Two.]")
    await expect(questions(page)).to_have_count(2)
    stub.resume()

    for tab in (page, other):
        await expect(answers(tab)).to_have_text([WHOLE, "Two."])
        await expect(questions(tab)).to_have_count(2)


async def test_a_cut_connection_is_told_and_mended(
    page: Page, site: ServerProcess, person: Person, stubbed: Json, stub: StubModel
) -> None:
    async with Wire.laid(site.url) as wire:
        await page.goto(person.at("new", stubbed["agent_id"]).replace(site.url, wire.url))
        await say(page, PAUSED)
        await expect(answers(page)).to_contain_text("n3")

        wire.cut()
        await expect(notice(page)).to_contain_text("Trying again")
        wire.mend()
        stub.resume()

        await expect(answers(page)).to_have_text([WHOLE])
        await expect(notice(page)).to_have_text("")


async def test_an_answer_is_told_though_the_conversation_could_not_be_loaded(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    messages = "**/conversations/*/messages?*"
    await page.route(messages, lambda route: route.abort())
    await page.goto(person.at("new", stubbed["agent_id"]))
    async with page.expect_event("requestfailed"):
        await say(page, PAUSED)
    await expect(answers(page)).to_contain_text("n3")

    await page.unroute(messages)
    stub.resume()

    await expect(answers(page)).to_have_text([WHOLE])
    await expect(questions(page)).to_have_count(1)


async def test_a_conversation_comes_as_soon_as_the_server_answers(
    page: Page, person: Person, stubbed: Json
) -> None:
    conversation = person.seed(stubbed, messages=2)
    messages = "**/conversations/*/messages?*"
    await page.route(messages, lambda route: route.abort())
    await page.goto(person.at("c", conversation["conversation_id"]))
    await expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")

    await page.unroute(messages)

    await expect(answers(page)).to_have_count(1)


async def test_an_answer_comes_as_it_was_written_where_what_sets_it_in_type_did_not(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    """A browser does not ask again for a module that it could not load."""
    await page.route("**/prose.js", lambda route: route.abort())
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, PAUSED)
    await expect(answers(page)).to_have_text(["n0 n1 n2 n3"])

    stub.resume()

    await expect(answers(page)).to_have_text([WHOLE])


async def test_who_was_offline_reads_on(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, PAUSED)
    await expect(answers(page)).to_contain_text("n3")

    await page.context.set_offline(True)
    await expect(page.get_by_text("You are offline. What you type is kept.")).to_be_visible()
    stub.resume()
    await page.context.set_offline(False)

    await expect(answers(page)).to_have_text([WHOLE])


async def test_an_answer_goes_on_after_the_server_was_restarted(
    browser: Browser, tmp_path: Path, stub: StubModel
) -> None:
    with (
        ServerProcess.running(tmp_path / "data", SHUTDOWN_GRACE_S="0.1") as home,
        Person.signed_up(home, "ada") as person,
    ):
        agent = person.caller.stub_agent(stub.url)
        async with Wire.laid(home.url) as wire, context(browser) as windows:
            await person.enter(windows)
            page = await windows.new_page()
            await page.goto(person.at("new", agent["agent_id"]).replace(home.url, wire.url))
            await say(page, f"Restart {PAUSED}")
            await expect(answers(page)).to_contain_text("n3")

            home.interrupt()
            await asyncio.to_thread(home.wait)
            await asyncio.to_thread(home.restart)
            wire.to = home.url
            await asyncio.to_thread(stub.until_asked, "Restart", 2)
            stub.resume()

            await expect(answers(page)).to_have_text([WHOLE])
            await expect(stop(page)).to_be_hidden()


async def test_a_question_whose_answer_was_lost_is_asked_once(
    page: Page, person: Person, stubbed: Json
) -> None:
    async def lose(route: Route) -> None:
        await person.answer_to(route)
        await route.abort()

    await page.goto(person.at("new", stubbed["agent_id"]))
    await page.route("**/send-message", lose, times=1)
    await say(page, "Hello? [say:Here.]")
    await expect(answers(page)).to_have_text(["Here."])

    await page.reload()

    await expect(answers(page)).to_have_text(["Here."])
    await expect(questions(page)).to_have_count(1)


def _told(*events: tuple[str, str], after: int = 0) -> str:
    return "".join(
        f'data: {{"event_type":"{kind}","content":"{text}","message_id":"m1","turn_id":"t1",'
        f'"seq":{seq}}}\n\n'
        for seq, (kind, text) in enumerate(events, start=after + 1)
    )


def _message(message_id: str, role: str, content: str) -> Json:
    return {
        "message_id": message_id,
        "role": role,
        "content": content,
        "created_at": f"2026-01-01T00:00:0{message_id[1]}Z",
        "parts": [],
        "status": "complete",
        "turn_id": "t1",
        "attachments": [],
        "active": True,
    }


async def _count(page: Page, person: Person, *, then: str, whole: str) -> None:
    """Ask, and lose the connection after the first words; `then` comes later, the rest at last."""
    turn = {
        "turn_id": "t1",
        "question_id": "m1",
        "status": "running",
        "started_at": "2026-01-01T00:00:01Z",
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    messages = [_message("m1", "user", "Count")]
    ended = asyncio.Event()

    async def stream(route: Route, body: str) -> None:
        await route.fulfill(content_type="text/event-stream", body=body)

    async def end(route: Route) -> None:
        await ended.wait()
        turn["status"] = "complete"
        messages.insert(0, _message("m2", "assistant", whole))
        await stream(route, _told(("STREAM_COMPLETE", ""), after=4))

    async def page_of(route: Route, items: list[Json]) -> None:
        await route.fulfill(json={"items": items, "next_cursor": None, "has_more": False})

    begun = _told(("MESSAGE_SAVED", ""), ("AGENT_RESPONSE_TO_USER", "One, t"))
    await page.route("**/send-message", lambda route: stream(route, begun))
    await page.route(
        re.compile(r"/turns/t1/events\?after=[12]$"), lambda route: stream(route, then)
    )
    await page.route(re.compile(r"/turns/t1/events\?after=4$"), end)
    await page.route(re.compile(r"/messages\?"), lambda route: page_of(route, messages))
    await page.route(re.compile(r"/turns\?"), lambda route: page_of(route, [turn]))
    agent = person.caller.agent()
    await page.goto(person.at("new", agent["agent_id"]))
    await say(page, "Count")
    await expect(answers(page)).to_have_text([whole])
    ended.set()
    await expect(stop(page)).to_be_hidden()
    await expect(answers(page)).to_have_text([whole])


async def test_a_page_that_fell_behind_gets_the_text_so_far(page: Page, person: Person) -> None:
    behind = ("SNAPSHOT", "One, two, "), ("AGENT_RESPONSE_TO_USER", "three.")

    await _count(page, person, then=_told(*behind, after=2), whole="One, two, three.")


async def test_an_answer_that_begins_anew_is_told_anew(page: Page, person: Person) -> None:
    anew = ("TURN_RESUMED", "The answer goes on."), ("AGENT_RESPONSE_TO_USER", "Four.")

    await _count(page, person, then=_told(*anew, after=2), whole="Four.")
