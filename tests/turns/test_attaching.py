"""A reader that comes back hears what it missed, and what is still to come."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from smriti.db.table import Table
from smriti.llm.provider import CallRequested, Finished, ReasoningChunk, TextChunk
from smriti.llm.types import ToolCall
from smriti.realtime.memory import LOG_BYTES
from tests.fakes.held_provider import HeldProvider
from tests.home import HELLO, Home, events_of, open_home, spoken, types_of
from tests.patience import PATIENCE_S
from tests.turns.attaching import attach, numbered_events, path_of, turns_of

LIST = CallRequested(ToolCall(call_id="1", name="core_memory_list_blocks", arguments={}))


@pytest.fixture
async def conversation(home: Home) -> dict[str, Any]:
    return await home.conversation(await home.scripted_agent(), title="Tea")


async def test_a_stream_can_be_read_again_from_any_event(
    home: Home, conversation: dict[str, Any]
) -> None:
    home.script(HELLO)
    sent = await home.say(conversation, "Hi")
    turn_id = sent[0]["turn_id"]

    whole = await attach(home, conversation, turn_id)
    rest = await attach(home, conversation, turn_id, after=4)
    by_header = await attach(home, conversation, turn_id, last="4")
    at_the_end = await attach(home, conversation, turn_id, after=sent[-1]["seq"])

    assert [event["seq"] for event in sent] == list(range(1, len(sent) + 1))
    assert numbered_events(whole.text) == sent
    assert numbered_events(rest.text) == numbered_events(by_header.text) == sent[4:]
    assert (at_the_end.status_code, at_the_end.text) == (204, "")


async def test_several_readers_follow_one_turn(home: Home, conversation: dict[str, Any]) -> None:
    model = home.model = HeldProvider()
    sending = asyncio.create_task(home.send(conversation, {"content": "Well?"}))
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()
    (turn,) = await turns_of(home, conversation)
    readers = [
        asyncio.create_task(attach(home, conversation, turn["turn_id"], after=after))
        for after in (0, 3, 0)
    ]
    await asyncio.sleep(0)
    model.released.set()

    sent = events_of((await sending).text)
    first, later, second = [numbered_events((await reader).text) for reader in readers]

    assert first == second == sent
    assert later == sent[3:]
    assert spoken(sent) == "Wait and see."


async def test_a_log_that_is_gone_is_made_up_for_by_what_is_stored(
    table: Table, tmp_path: Path
) -> None:
    async with open_home(table, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script([TextChunk("Let me see."), LIST, Finished("tool_calls")], HELLO)
        sent = await home.say(conversation, "Hi")
    turn_id, last = sent[0]["turn_id"], sent[-1]["seq"]
    async with open_home(table, tmp_path) as home:
        whole = numbered_events((await attach(home, conversation, turn_id)).text)
        rest = numbered_events((await attach(home, conversation, turn_id, after=9)).text)
        heard = await attach(home, conversation, turn_id, after=last)
        heard_again = await attach(home, conversation, turn_id, after=whole[-1]["seq"])

    told = [
        "MESSAGE_SAVED",
        "AGENT_RESPONSE_TO_USER",
        "TOOL_CALL_START",
        "TOOL_CALL_RESULT",
        "AGENT_RESPONSE_TO_USER",
        "STREAM_COMPLETE",
    ]
    assert types_of(whole) == told
    assert [event["content"] for event in whole if event["event_type"] in told[1:2]] == [
        "Let me see.",
        "Hello",
    ]
    assert whole[-1]["message_id"] == sent[-1]["message_id"]
    times = [[each["ms"] for each in events if "ms" in each] for events in (sent, whole)]
    assert len(times[0]) == 1
    assert times[0] == times[1]
    assert types_of(rest) == ["TURN_RESUMED", *told]
    assert all(event["seq"] > last for event in whole + rest)
    assert heard.status_code == heard_again.status_code == 204


async def test_a_reader_that_is_older_than_the_log_gets_the_text_so_far(
    home: Home, conversation: dict[str, Any]
) -> None:
    pieces = [f"{number:02} ".ljust(LOG_BYTES // 8, "x") for number in range(12)]
    script = [chunk for piece in pieces for chunk in (TextChunk(piece), ReasoningChunk("Hm."))]
    home.script([*script, Finished("stop")])
    sent = await home.say(conversation, "Hi")

    events = numbered_events((await attach(home, conversation, sent[0]["turn_id"])).text)

    snapshot, *later = events
    assert snapshot["event_type"] == "SNAPSHOT"
    assert [event["seq"] for event in events] == [*range(snapshot["seq"], later[-1]["seq"] + 1)]
    assert snapshot["seq"] > 1
    assert snapshot["content"] + spoken(later) == "".join(pieces)


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "1e3"])
async def test_a_last_event_that_is_none_is_refused(
    home: Home, conversation: dict[str, Any], value: str
) -> None:
    home.script(HELLO)
    sent = await home.say(conversation, "Hi")

    response = await attach(home, conversation, sent[0]["turn_id"], last=value)

    assert response.status_code == 400
    assert response.json()["type"] == "/problems/not-an-event"


async def test_a_turn_of_somebody_else_or_of_nobody_is_not_found(
    home: Home, conversation: dict[str, Any]
) -> None:
    home.script(HELLO)
    turn_id = (await home.say(conversation, "Hi"))[0]["turn_id"]
    paths = [path_of(conversation, turn_id, what) for what in ("", "/events")]

    async with home.sign_up("bob") as bob:
        others = [await bob.get(path) for path in paths]
        cancelled = await bob.post(path_of(conversation, turn_id, "/cancel"))
    unknown = [await home.client.get(path_of(conversation, "x", what)) for what in ("", "/events")]

    assert [response.status_code for response in (*others, cancelled, *unknown)] == [404] * 5


async def test_a_turn_tells_its_steps_tokens_and_times(
    home: Home, conversation: dict[str, Any]
) -> None:
    home.script([LIST, Finished("tool_calls")], HELLO)
    sent = await home.say(conversation, "Hi")
    turn_id = sent[0]["turn_id"]

    turn = await home.get(path_of(conversation, turn_id))
    (listed,) = await turns_of(home, conversation)

    assert (turn["status"], turn["steps"], turn["attempt"]) == ("complete", 2, 0)
    assert turn["last_seq"] == sent[-1]["seq"]
    (result,) = [event for event in sent if event["event_type"] == "TOOL_CALL_RESULT"]
    call = {"call_id": "1", "name": "core_memory_list_blocks", "success": True}
    assert [step["calls"] for step in turn["step_log"]] == [[call | {"ms": result["ms"]}], []]
    assert result["ms"] >= 0
    assert turn["first_token_ms"] is not None
    assert turn["answer_id"] == sent[-1]["message_id"]
    assert listed == {name: value for name, value in turn.items() if name != "step_log"}
