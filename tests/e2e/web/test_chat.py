"""Talking to an agent, in a real browser."""

import asyncio
import re

from playwright.async_api import BrowserContext, Page, Route, expect

from tests.e2e.browser import PAUSED, WHOLE, held
from tests.e2e.server import Json, ServerProcess
from tests.e2e.test_chat_devices import device_talk, machine
from tests.e2e.web.chatting import answers, listed, notice, questions, say, stop, tools
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import Person
from tests.fakes.faulty_model import FaultyModel
from tests.fakes.stub_model import StubModel
from tests.patience import PATIENCE_S


async def test_a_newcomer_talks_with_an_agent_that_remembers_her(
    page: Page, person: Person
) -> None:
    agent = person.caller.agent()
    await page.goto(person.app)
    await expect(page.get_by_role("heading", name="Say hello to Librarian")).to_be_visible()

    await say(page, "My name is Alice and I work at Google")
    await expect(answers(page)).to_contain_text("Nice to meet you, Alice!")
    assert "Works at: Google" in person.caller.lines(agent)

    await page.get_by_role("link", name="New chat").click()
    await expect(page.get_by_role("heading", name="Say hello to Librarian")).to_be_visible()
    await say(page, "Where do I work?")
    await expect(answers(page)).to_contain_text("Google")
    await expect(listed(page)).to_have_count(2)

    await page.reload()
    await listed(page).last.click()
    await expect(answers(page)).to_contain_text("Nice to meet you, Alice!")


async def test_a_word_to_begin_with_is_said_by_a_click(page: Page, person: Person) -> None:
    person.caller.agent(agent_name="Tutor 2")
    await page.goto(person.app)

    await page.get_by_role("list", name="To begin with").get_by_role("button").first.click()

    await expect(answers(page)).to_have_count(1)
    await expect(page).to_have_url(re.compile(r"#/c/"))


async def test_who_writes_on_before_a_conversation_has_begun_begins_one(
    page: Page, person: Person, stubbed: Json
) -> None:
    begin = await held(page, "**/conversations/")
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, "One [say:First.]")
    await say(page, "Two [say:Second.]")
    begin.set()

    await expect(answers(page)).to_have_text(["First.", "Second."])
    await expect(questions(page)).to_have_count(2)
    await expect(listed(page)).to_have_count(1)
    assert len(person.caller.get("/conversations/")["items"]) == 1


async def test_who_leaves_before_a_conversation_has_begun_is_not_called_back(
    page: Page, person: Person, stubbed: Json
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    begin = await held(page, "**/conversations/")
    await say(page, "One [say:First.]")
    await page.get_by_role("link", name="Agents").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    begin.set()

    await expect(listed(page)).to_have_count(1)
    await expect(page).to_have_url(person.at("agents"))
    await listed(page).click()
    await expect(answers(page)).to_have_text(["First."])


async def test_text_never_becomes_markup(page: Page, person: Person) -> None:
    evil = "<img src=x onerror=\"document.title='broken'\">"
    agent = person.caller.agent(agent_name=f"Agent {evil}")
    await page.goto(person.at("new", agent["agent_id"]))
    await expect(page.get_by_role("heading", level=2)).to_contain_text("<img")

    await say(page, f"Remember that {evil} is my favourite")
    await expect(answers(page)).to_contain_text("demo model")
    await expect(stop(page)).to_be_hidden()  # nothing moves any more
    await expect(tools(page).first).to_contain_text("<img")
    await tools(page).first.locator("summary").click()
    await expect(page.locator(".call .fold-inside").first).to_contain_text("<img")
    await expect(questions(page)).to_contain_text("<img")

    assert await page.title() != "broken"
    assert await page.locator("img").count() == 0


async def test_what_an_agent_did_can_be_unfolded(page: Page, person: Person, stubbed: Json) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, "Look [tool:core_memory_read|block=human] [reason=5] [say:Seen.]")
    await expect(answers(page)).to_have_text(["Seen."])

    await tools(page).locator("summary").focus()
    await page.keyboard.press("Enter")
    details = page.locator(".call .fold-inside")
    await expect(details).to_contain_text('"block": "human"')
    await expect(details).to_contain_text("Result")
    thoughts = page.locator(".fold", has_text="Thoughts").last
    await thoughts.locator("summary").click()
    await expect(thoughts.locator(".chat-thoughts")).to_contain_text("hm")

    await expect(page.locator(".chat-assistant .chat-facts")).to_contain_text("written")
    await page.reload()
    await tools(page).locator("summary").click()
    await expect(page.locator(".call .fold-inside")).to_contain_text("Time")


async def test_an_answer_is_stopped_from_the_keyboard(
    page: Page, person: Person, stubbed: Json
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, "Go on for ever [tokens=2000] [itl=50]")
    await expect(answers(page)).to_contain_text("the stub")
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()

    await page.keyboard.press("Tab")
    await expect(stop(page)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".chat-stopped")).to_have_text("Stopped.")
    await expect(stop(page)).to_be_hidden()
    await page.keyboard.type("And now? [say:Done.]")
    await page.keyboard.press("Enter")

    await expect(answers(page).last).to_have_text("Done.")
    await say(page, "Once more for ever [tokens=2000] [itl=50]")
    await expect(answers(page).last).to_contain_text("the stub")
    await page.keyboard.press("Escape")
    await expect(page.locator(".chat-stopped")).to_have_count(2)


async def test_who_looks_elsewhere_meanwhile_finds_the_answer_where_it_belongs(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, PAUSED)
    await expect(answers(page)).to_contain_text("n3")
    here = page.url

    async with page.expect_event("requestfailed"):  # it is not read any more
        await page.get_by_role("link", name="New chat").click()
    await say(page, "Elsewhere [say:Here.]")
    await expect(answers(page)).to_have_text(["Here."])
    stub.resume()
    await page.locator(f'.chat-row > a[href="#{here.partition("#")[2]}"]').click()

    await expect(answers(page)).to_have_text([WHOLE])


async def test_a_second_question_waits_for_its_turn_and_can_be_taken_back(
    page: Page, person: Person, stubbed: Json
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, "[tokens=2000] [itl=100]")
    await expect(answers(page)).to_contain_text("stub")
    await say(page, "Second [say:Two.]")
    await say(page, "Third [say:Three.]")
    await expect(page.get_by_text("Waits for the answer before it.")).to_have_count(2)

    await page.get_by_role("button", name="Take it back").last.click()
    await expect(page.get_by_text("Waits for the answer before it.")).to_have_count(1)
    await page.reload()
    await expect(questions(page).last).to_have_text("Second [say:Two.]")
    await stop(page).click()

    await expect(answers(page).last).to_have_text("Two.")
    await expect(stop(page)).to_be_hidden()
    await expect(questions(page)).to_have_count(2)


async def test_a_question_is_edited_and_the_earlier_version_can_be_read(
    page: Page, person: Person, stubbed: Json
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, "First [say:One.]")
    await expect(answers(page)).to_have_text(["One."])
    await expect(page.get_by_role("button", name="Edit and ask again")).to_be_enabled()

    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_label("Edit your message")).to_be_focused()
    await page.get_by_label("Edit your message").fill("Better [say:Two.]")
    await page.keyboard.press("Enter")

    await expect(answers(page)).to_have_text(["Two."])
    await expect(questions(page)).to_have_text(["Better [say:Two.]"])
    await page.locator(".chat-earlier summary").click()
    await expect(page.locator(".chat-left")).to_contain_text("First [say:One.]")
    await expect(page.locator(".chat-left")).to_contain_text("One.")

    await page.reload()
    await expect(answers(page)).to_have_text(["Two."])
    await page.get_by_role("button", name="Answer again").click()
    await expect(page.locator(".chat-assistant .chat-earlier")).to_have_count(1)
    await expect(answers(page)).to_have_text(["Two."])
    await expect(questions(page)).to_have_text(["Better [say:Two.]"])


async def test_a_question_that_was_edited_at_once_does_not_come_back(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    """What was stored before is still on its way to the page then."""
    arrive = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await person.answer_to(route)
        await arrive.wait()
        await route.fulfill(response=answer)

    await page.goto(person.at("new", stubbed["agent_id"]))
    await page.route("**/messages?**limit=8", late, times=1)
    await say(page, "First [say:One.]")
    await expect(page.get_by_role("button", name="Edit and ask again")).to_be_enabled()
    await page.keyboard.press("ArrowUp")
    await page.get_by_label("Edit your message").fill(PAUSED)
    await page.keyboard.press("Enter")
    await expect(answers(page)).to_have_text(["n0 n1 n2 n3"])

    async with page.expect_response("**/messages?**limit=8"):
        arrive.set()
    await expect(page.get_by_text("Edited. Earlier version")).to_be_visible()

    await expect(questions(page)).to_have_text([PAUSED])
    await expect(answers(page)).to_have_text(["n0 n1 n2 n3"])
    stub.resume()
    await expect(answers(page)).to_have_text([WHOLE])


async def test_an_answer_is_told_once_though_the_page_hears_late_that_it_had_begun(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    asked, arrive = asyncio.Event(), asyncio.Event()
    again: list[str] = []

    async def late(route: Route) -> None:
        answer = await person.answer_to(route)
        asked.set()
        await arrive.wait()
        await route.fulfill(response=answer)

    page.on("request", lambda one: again.append(one.url) if "/events" in one.url else None)
    await page.goto(person.at("new", stubbed["agent_id"]))
    await page.route("**/turns?limit=30", late, times=1)
    await say(page, PAUSED)
    await expect(answers(page)).to_have_text(["n0 n1 n2 n3"])
    await asyncio.wait_for(asked.wait(), PATIENCE_S)
    stub.resume()
    await expect(answers(page)).to_have_text([WHOLE])
    await expect(stop(page)).to_be_hidden()

    async with page.expect_response("**/turns?limit=30"):
        arrive.set()
    await page.wait_for_timeout(300)

    assert [url for url in again if "/turns/" in url] == []
    await expect(page.get_by_role("button", name="Edit and ask again")).to_be_enabled()
    await expect(answers(page)).to_have_text([WHOLE])


async def test_a_failed_answer_says_why_and_can_be_tried_again(
    page: Page, person: Person, stubbed: Json
) -> None:
    await page.goto(person.at("new", stubbed["agent_id"]))
    await say(page, "Fail [fail=400]")
    await expect(page.locator(".chat-broken")).to_be_visible()
    told = await page.locator(".chat-broken p").inner_text()
    await expect(stop(page)).to_be_hidden()

    await page.reload()
    await expect(page.locator(".chat-broken p")).to_have_text(told)
    async with page.expect_response("**/retry"):
        await page.get_by_role("button", name="Try again").click()

    await expect(page.locator(".chat-broken")).to_have_count(1)
    await expect(questions(page)).to_have_count(1)


async def test_a_person_approves_what_shall_run_on_her_machine(
    page: Page, site: ServerProcess, person: Person
) -> None:
    with FaultyModel().running() as model:
        talk, key = device_talk(person.caller, model)
        with machine(site, key) as asked:
            person.caller.http.patch("/devices/lab-7", json={"ask_before_commands": True})
            await page.goto(person.at("c", talk["conversation_id"]))
            await say(page, "Well? [say:Linux.]")

            card = page.get_by_role("region", name="A command waits for your approval")
            await expect(card).to_contain_text("uname on lab-7 waits for your approval.")
            await page.reload()
            await say(page, "Meanwhile?")
            await expect(page.get_by_role("alert")).to_contain_text("waits for your approval")
            await expect(page.get_by_label("Message", exact=True)).to_have_value("Meanwhile?")
            await page.get_by_role("button", name="Approve").click()

            await expect(answers(page)).to_have_text(["Linux."])
            await expect(page.locator(".chat-assistant")).to_contain_text("lab-7: uname → ")
            await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
            assert ("uname", {}) in asked.calls


async def test_the_chat_has_no_serious_violation_and_does_not_scroll_sideways(
    page: Page, windows: BrowserContext, person: Person, stubbed: Json
) -> None:
    await windows.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(person.at("new", stubbed["agent_id"]))
    for answer in 1, 2:
        await say(page, "[tool:core_memory_read|block=human] [reason=3] [say:`code` and **bold**]")
        await expect(answers(page)).to_have_count(answer)
        await expect(stop(page)).to_be_hidden()
    await tools(page).first.locator("summary").click()

    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    await page.set_viewport_size({"width": 360, "height": 740})
    assert not await overflows(page)
    await page.get_by_role("button", name="Copy the message").last.click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "`code` and **bold**"
    await expect(notice(page)).to_have_text("")


async def test_who_listens_hears_that_an_answer_comes_and_then_the_whole_of_it(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    """Not every token: the list itself is no live region."""
    await page.goto(person.at("new", stubbed["agent_id"]))
    spoken = page.locator("p[aria-live=polite]")

    await say(page, PAUSED)

    await expect(answers(page)).to_contain_text("n3")
    await expect(spoken).to_have_text("Your agent is answering.")
    stub.resume()
    await expect(spoken).to_have_text(WHOLE)
    await expect(page.locator(".chat-list [aria-live], .chat-list [role=log]")).to_have_count(0)
