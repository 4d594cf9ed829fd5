"""An answer is read to its end, over as many connections as it takes: `stream.js` by itself."""

from typing import Any, Final

from playwright.async_api import BrowserContext, Page, Route

from tests.e2e.browser import PAUSED, WHOLE
from tests.e2e.server import Json
from tests.e2e.web.person import Person
from tests.e2e.web.test_state import open_with
from tests.e2e.wire import Wire
from tests.fakes.stub_model import StubModel

_ASK: Final = """({ agent, conversation, content }) => {
  const { ask } = window.stream;
  const question = {
    path: `/agents/${agent}/${conversation}/send-message`,
    body: { content },
    key: window.api.newKey(),
    events: (turn) => `/conversations/${conversation}/turns/${turn}/events`,
  };
  window.heard = [];
  const { signal } = window.leaving = new AbortController();
  window.over = (async () => {
    for await (const event of ask(question, signal)) window.heard.push(event);
  })().then(() => "", (error) => error.name);
}"""
_FOLLOW: Final = """(path) => {
  window.heard = [];
  const { signal } = window.leaving = new AbortController();
  window.over = (async () => {
    for await (const event of window.stream.follow(path, { signal })) window.heard.push(event);
  })().then(() => "", (error) => error.name);
}"""
_SPOKEN: Final = """() => window.heard
  .filter((event) => event.event_type === "AGENT_RESPONSE_TO_USER")
  .map((event) => event.content).join("")"""
_STATES: Final = """() => window.heard.filter((event) => event.event_type === "CONNECTION")
  .map((event) => event.state)"""
_HIDE: Final = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def _ready(page: Page, address: str) -> None:
    await open_with(page, address, "stream", "api")


async def _asking(page: Page, person: Person, agent: Json, content: str) -> Json:
    conversation = person.caller.conversation(agent)
    await page.evaluate(
        _ASK,
        {
            "agent": agent["agent_id"],
            "conversation": conversation["conversation_id"],
            "content": content,
        },
    )
    return conversation


async def _until_spoken(page: Page, text: str) -> None:
    await page.wait_for_function(
        f"(text) => ({_SPOKEN})().includes(text)", arg=text, timeout=60_000
    )


async def test_a_cut_connection_is_told_and_mended(
    page: Page, person: Person, stubbed: Json, windows: BrowserContext, stub: StubModel
) -> None:
    async with Wire.laid(person.site.url) as wire:
        await windows.add_cookies(
            [{"name": "smriti_session", "value": person.token, "url": wire.url}]
        )
        await _ready(page, f"{wire.url}/app/")
        await _asking(page, person, stubbed, PAUSED)
        await _until_spoken(page, "n3")

        wire.cut()
        await page.wait_for_function(f"() => ({_STATES})().includes('lost')")
        wire.mend()
        stub.resume()

        assert await page.evaluate("() => window.over") == ""
    assert await page.evaluate(_SPOKEN) == WHOLE
    states: list[str] = await page.evaluate(_STATES)
    assert states[0] == "lost"
    assert states[-1] == "back"


async def test_who_is_offline_for_a_while_misses_nothing(
    page: Page, person: Person, stubbed: Json, windows: BrowserContext, stub: StubModel
) -> None:
    await _ready(page, person.app)
    conversation = await _asking(page, person, stubbed, PAUSED)
    await _until_spoken(page, "n3")
    turn = await page.evaluate("() => window.heard.find((event) => event.turn_id).turn_id")
    await page.evaluate("() => window.leaving.abort()")

    await windows.set_offline(offline=True)
    await page.evaluate(
        _FOLLOW, f"/conversations/{conversation['conversation_id']}/turns/{turn}/events"
    )
    await page.wait_for_function(f"() => ({_STATES})().includes('offline')")
    stub.resume()
    await windows.set_offline(offline=False)

    assert await page.evaluate("() => window.over") == ""
    assert await page.evaluate(_SPOKEN) == WHOLE


async def test_a_question_whose_answer_was_lost_is_asked_once(
    page: Page, person: Person, stubbed: Json
) -> None:
    async def lose(route: Route) -> None:
        await person.answer_to(route)
        await route.abort()

    await _ready(page, person.app)
    await page.route("**/send-message", lose, times=1)
    conversation = await _asking(page, person, stubbed, "Hello? [say:Here.]")

    assert await page.evaluate("() => window.over") == ""
    assert await page.evaluate(_SPOKEN) == "Here."
    roles = [message["role"] for message in person.caller.messages(conversation)]
    assert roles == ["user", "assistant"]


async def test_what_was_heard_is_not_told_twice(page: Page, person: Person) -> None:
    def told(*events: tuple[int, str, str]) -> str:
        return "".join(
            f'data: {{"event_type":"{kind}","content":"{text}","turn_id":"t1","seq":{seq}}}\n\n'
            for seq, kind, text in events
        )

    one = (1, "AGENT_RESPONSE_TO_USER", "One, t")
    answers = iter(
        [
            told(one),
            told(one, (4, "SNAPSHOT", "One, two, "), (5, "AGENT_RESPONSE_TO_USER", "three.")),
            told((6, "STREAM_COMPLETE", "")),
        ]
    )
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.url.partition("?")[2])
        await route.fulfill(content_type="text/event-stream", body=next(answers))

    await _ready(page, person.app)
    await page.route("**/events?*", answer)
    await page.evaluate(_FOLLOW, "/conversations/c1/turns/t1/events")

    assert await page.evaluate("() => window.over") == ""
    heard: list[Any] = await page.evaluate("() => window.heard.filter((event) => event.seq)")
    assert [event["seq"] for event in heard] == [1, 4, 5, 6]
    assert asked == ["after=0", "after=1", "after=5"]


async def test_a_turn_that_was_heard_to_its_end_has_nothing_to_tell(
    page: Page, person: Person
) -> None:
    async def nothing(route: Route) -> None:
        await route.fulfill(status=204)

    await _ready(page, person.app)
    await page.route("**/events?*", nothing)
    await page.evaluate(_FOLLOW, "/conversations/c1/turns/t1/events")

    assert await page.evaluate("() => window.over") == ""
    assert await page.evaluate("() => window.heard") == []


async def test_what_is_not_there_is_not_asked_for_again(page: Page, person: Person) -> None:
    await _ready(page, person.app)

    await page.evaluate(_FOLLOW, "/conversations/none/turns/none/events")

    assert await page.evaluate("() => window.over") == "Refused"


async def test_a_hidden_tab_lets_go_and_hears_the_rest_when_it_is_seen(
    page: Page, person: Person, stubbed: Json, stub: StubModel
) -> None:
    await page.clock.install()
    await _ready(page, person.app)
    await _asking(page, person, stubbed, PAUSED)
    await _until_spoken(page, "n3")

    await page.evaluate(_HIDE, "hidden")
    async with page.expect_event("requestfailed"):
        await page.clock.fast_forward(21_000)
    assert await page.evaluate(_STATES) == []
    stub.resume()
    await page.evaluate(_HIDE, "visible")

    assert await page.evaluate("() => window.over") == ""
    assert await page.evaluate(_SPOKEN) == WHOLE
    assert await page.evaluate(_STATES) == []
