"""Stopping a turn: what was said stays, and everybody hears that it has ended."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from smriti.llm.provider import CallRequested
from smriti.llm.types import ToolCall
from tests.fakes.held_provider import HeldProvider
from tests.home import HELLO, Home, events_of, open_home, spoken, types_of
from tests.patience import PATIENCE_S
from tests.turns.attaching import path_of, turns_of, until


@pytest.fixture
async def conversation(home: Home) -> dict[str, Any]:
    return await home.conversation(await home.scripted_agent(), title="Tea")


async def begun(
    home: Home, conversation: dict[str, Any], *calls: CallRequested
) -> tuple[HeldProvider, "asyncio.Task[Any]", str]:
    """A turn that has said its first word, and its id."""
    model = HeldProvider(*calls)
    home.model = model
    sending = asyncio.create_task(home.send(conversation, {"content": "Well?"}))
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()
    (turn,) = await turns_of(home, conversation)
    return model, sending, turn["turn_id"]


async def test_a_cancelled_turn_keeps_what_was_said(
    home: Home, conversation: dict[str, Any]
) -> None:
    model, sending, turn_id = await begun(home, conversation)

    turn = await home.post(path_of(conversation, turn_id, "/cancel"), {})
    events = events_of((await sending).text)
    question, answer = await home.messages(conversation)

    assert model.cancelled
    assert (turn["status"], turn["error"]) == ("cancelled", None)
    assert [event["content"] for event in events[-2:]] == ["Stopped.", "Response complete"]
    assert (events[-1]["message_id"], events[-1]["finish_reason"]) == (
        answer["message_id"],
        "cancelled",
    )
    assert (question["content"], answer["content"], answer["status"]) == (
        "Well?",
        "Wait",
        "cancelled",
    )
    assert turn["last_seq"] == events[-1]["seq"]
    home.script(HELLO)
    assert spoken(await home.say(conversation, "Again")) == "Hello"


async def test_cancelling_twice_or_after_the_end_changes_nothing(
    home: Home, conversation: dict[str, Any]
) -> None:
    home.script(HELLO)
    sent = await home.say(conversation, "Hi")
    path = path_of(conversation, sent[0]["turn_id"], "/cancel")

    first, second = await home.post(path, {}), await home.post(path, {})

    assert first["status"] == "complete"
    assert first == second


async def test_a_question_that_waits_can_be_withdrawn(
    home: Home, conversation: dict[str, Any]
) -> None:
    model, sending, first_id = await begun(home, conversation)
    waiting = asyncio.create_task(home.send(conversation, {"content": "And?"}))

    async def both_are_there() -> bool:
        return len(await turns_of(home, conversation)) == 2

    await until(both_are_there)
    (second_id,) = {turn["turn_id"] for turn in await turns_of(home, conversation)} - {first_id}

    turn = await home.post(path_of(conversation, second_id, "/cancel"), {})
    withdrawn = events_of((await waiting).text)
    model.released.set()
    await sending

    assert turn["status"] == "cancelled"
    assert types_of(withdrawn)[-1] == "STREAM_COMPLETE"
    assert (withdrawn[-1]["message_id"], withdrawn[-1]["finish_reason"]) == (None, "cancelled")
    assert [m["content"] for m in await home.messages(conversation)] == ["Well?", "Wait and see."]
    home.script(HELLO)
    assert spoken(await home.say(conversation, "Again")) == "Hello"


async def test_a_turn_is_cancelled_from_another_process(
    home: Home, conversation: dict[str, Any], tmp_path: Path
) -> None:
    model, sending, turn_id = await begun(home, conversation)

    async with open_home(home.table, tmp_path) as other:
        asked = await other.post(path_of(conversation, turn_id, "/cancel"), {})
        async with asyncio.timeout(PATIENCE_S):
            events = events_of((await sending).text)

    assert asked["status"] == "running"
    assert model.cancelled
    assert events[-1]["finish_reason"] == "cancelled"


async def test_calls_that_a_cancel_cuts_off_do_not_spoil_the_conversation(
    home: Home, conversation: dict[str, Any]
) -> None:
    call = ToolCall(call_id="1", name="no_such_tool", arguments={})
    model, sending, turn_id = await begun(home, conversation, CallRequested(call))
    model.released.set()
    await home.post(path_of(conversation, turn_id, "/cancel"), {})
    await sending

    model2 = home.script(HELLO)
    events = await home.say(conversation, "Again")

    assert spoken(events) == "Hello"
    assert len(model2.requests) == 1
