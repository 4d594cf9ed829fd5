"""Asking again, and asking something else: what came after stays, but is not active any more."""

import asyncio
from typing import Any

import pytest

from smriti.llm.provider import Finished, ProviderEvent, TextChunk
from tests.fakes.held_provider import HeldProvider
from tests.home import HELLO, Home, events_of, spoken
from tests.patience import PATIENCE_S
from tests.turns.attaching import turns_of


def says(text: str) -> list[ProviderEvent]:
    return [TextChunk(text), Finished("stop")]


@pytest.fixture
async def conversation(home: Home) -> dict[str, Any]:
    """Two exchanges: One? — 1, Two? — 2."""
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script(says("1"), says("2"))
    await home.say(conversation, "One?")
    await home.say(conversation, "Two?")
    return conversation


async def again(
    home: Home, conversation: dict[str, Any], message: dict[str, Any], *, to: str | None = None
) -> list[dict[str, Any]]:
    """The events of a retry, or with `to` of an edit."""
    what = "retry" if to is None else "edit"
    path = f"/conversations/{conversation['conversation_id']}/messages/{message['message_id']}"
    body = {} if to is None else {"content": to}
    response = await home.client.post(f"{path}/{what}", json=body)
    assert response.status_code == 200, response.text
    return events_of(response.text)


async def contents(home: Home, conversation: dict[str, Any], *, all_: bool = False) -> list[str]:
    path = f"/conversations/{conversation['conversation_id']}/messages?order=oldest"
    found = await home.get(f"{path}&inactive=true" if all_ else path)
    return [message["content"] for message in found["items"]]


@pytest.mark.parametrize("place", [2, 3], ids=["by the question", "by the answer"])
async def test_a_question_is_answered_again(
    home: Home, conversation: dict[str, Any], place: int
) -> None:
    message = (await home.messages(conversation))[place]
    model = home.script(says("two"))

    events = await again(home, conversation, message)

    assert spoken(events) == "two"
    assert [m.text.rpartition("\n")[2] for m in model.requests[0].messages] == ["One?", "1", "Two?"]
    assert await contents(home, conversation) == ["One?", "1", "Two?", "two"]
    assert await contents(home, conversation, all_=True) == ["One?", "1", "Two?", "2", "two"]


async def test_an_earlier_question_is_replaced_and_what_followed_is_left(
    home: Home, conversation: dict[str, Any]
) -> None:
    first, *_ = await home.messages(conversation)
    model = home.script(says("ein"), says("zwei"))

    events = await again(home, conversation, first, to="Eins?")
    await home.say(conversation, "Zwei?")

    assert spoken(events) == "ein"
    assert [len(request.messages) for request in model.requests] == [1, 3]
    assert await contents(home, conversation) == ["Eins?", "ein", "Zwei?", "zwei"]
    everything = await home.get(
        f"/conversations/{conversation['conversation_id']}/messages?order=oldest&inactive=true"
    )
    assert [(m["content"], m["active"]) for m in everything["items"]] == [
        *((text, False) for text in ("One?", "1", "Two?", "2")),
        *((text, True) for text in ("Eins?", "ein", "Zwei?", "zwei")),
    ]


async def test_what_was_left_can_not_be_asked_again(
    home: Home, conversation: dict[str, Any]
) -> None:
    first, *_ = await home.messages(conversation)
    home.script(says("ein"))
    await again(home, conversation, first, to="Eins?")
    path = f"/conversations/{conversation['conversation_id']}/messages/{first['message_id']}/retry"

    response = await home.client.post(path)

    assert response.status_code == 409
    assert response.json()["type"] == "/problems/message-left-behind"
    home.script(HELLO)
    assert spoken(await home.say(conversation, "Free?")) == "Hello"


async def test_only_what_one_has_said_oneself_is_edited(
    home: Home, conversation: dict[str, Any]
) -> None:
    _, answer, *_ = await home.messages(conversation)
    path = f"/conversations/{conversation['conversation_id']}/messages"

    refused = await home.client.post(f"{path}/{answer['message_id']}/edit", json={"content": "x"})
    unknown = await home.client.post(f"{path}/nothing/retry")

    assert (refused.status_code, unknown.status_code) == (400, 404)
    home.script(HELLO)
    assert spoken(await home.say(conversation, "Free?")) == "Hello"


async def test_nothing_is_asked_again_while_the_agent_answers(
    home: Home, conversation: dict[str, Any]
) -> None:
    first, *_ = await home.messages(conversation)
    model = home.model = HeldProvider()
    sending = asyncio.create_task(home.send(conversation, {"content": "Well?"}))
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()
    path = f"/conversations/{conversation['conversation_id']}/messages/{first['message_id']}/retry"

    response = await home.client.post(path)
    model.released.set()
    await sending

    assert response.status_code == 409
    assert response.json()["type"] == "/problems/conversation-busy"


async def test_a_retry_that_fails_can_be_retried(home: Home, conversation: dict[str, Any]) -> None:
    *_, question, _ = await home.messages(conversation)
    home.script([TextChunk("tw"), ValueError("bug")], says("two"))

    failed = await again(home, conversation, question)
    events = await again(home, conversation, question)

    assert failed[-1]["event_type"] == "ERROR"
    assert spoken(events) == "two"
    assert await contents(home, conversation) == ["One?", "1", "Two?", "two"]
    assert [turn["status"] for turn in await turns_of(home, conversation)] == [
        "complete",
        "failed",
        "complete",
        "complete",
    ]
