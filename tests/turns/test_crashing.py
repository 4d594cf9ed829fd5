"""A process dies in the middle of a turn, and another one goes on with it."""

import asyncio
from typing import Any, Final

import pytest

from smriti.llm.provider import Finished, TextChunk
from smriti.tools.toolset import INTERRUPTED
from tests.fakes.paused_provider import Pause, PausedProvider, Script
from tests.home import HELLO, spoken, types_of
from tests.patience import PATIENCE_S
from tests.turns.crashing import (
    ANSWER,
    STEP,
    Cluster,
    called,
    changes_block,
    died,
    fill,
    heard,
    items_with,
    lines,
    puts,
    remembers,
    shape_of,
    sweep,
    talk_of,
    until_ended,
    until_waiting,
    updates,
)

SECOND_STEP: Final[Script] = [
    TextChunk("More."),
    remembers("Likes tea", call_id="2"),
    Finished("tool_calls"),
]


async def test_a_turn_goes_on_in_another_process(cluster: Cluster) -> None:
    _, conversation = await died(cluster, [TextChunk("Hel")])
    home, _ = await cluster.process(PausedProvider(HELLO))

    (turn,) = await until_ended(home, conversation)
    events = await heard(home, conversation, turn["turn_id"])

    assert (turn["status"], turn["attempt"]) == ("complete", 1)
    assert [(m["content"], m["status"]) for m in await home.messages(conversation)] == [
        ("Well?", "complete"),
        ("Hello", "complete"),
    ]
    assert types_of(events) == [
        "TURN_RESUMED",
        "MESSAGE_SAVED",
        "AGENT_RESPONSE_TO_USER",
        "STREAM_COMPLETE",
    ]
    assert [event["seq"] for event in events] == [1_000_001 + n for n in range(len(events))]
    assert turn["last_seq"] == events[-1]["seq"]
    item = await cluster.conversation_item(conversation)
    assert (item.get("lease_by"), item.get("waiting", 0)) == (None, 0)


async def test_who_heard_the_dead_process_hears_the_new_attempt_from_its_start(
    cluster: Cluster,
) -> None:
    _, conversation = await died(cluster, [TextChunk("Hel")])
    home, _ = await cluster.process(PausedProvider(HELLO))
    (turn,) = await until_ended(home, conversation)

    whole = await heard(home, conversation, turn["turn_id"])
    later = await heard(home, conversation, turn["turn_id"], after=7)
    rest = await heard(home, conversation, turn["turn_id"], after=whole[1]["seq"])

    assert later == whole
    assert rest == whole[2:]


async def test_steps_that_were_stored_are_not_done_again(cluster: Cluster) -> None:
    _, conversation = await died(cluster, STEP, [TextChunk("Let me")])
    model = PausedProvider(SECOND_STEP, ANSWER)
    home, _ = await cluster.process(model)

    (turn,) = await until_ended(home, conversation)
    events = await heard(home, conversation, turn["turn_id"])
    _, answer = await home.messages(conversation)

    step = ["text", "tool_call", "tool_result"]
    assert [shape_of(request)[-1] for request in model.requests] == [
        ("assistant", step),
        ("assistant", step * 2),
    ]
    assert [part["type"] for part in answer["parts"]] == [*step * 2, "text"]
    assert answer["content"] == "Noted.\n\nMore.\n\nHello Alice"
    told = ["AGENT_RESPONSE_TO_USER", "TOOL_CALL_START", "TOOL_CALL_RESULT"]
    assert types_of(events) == [
        *("TURN_RESUMED", "MESSAGE_SAVED"),
        *told * 2,
        *("AGENT_RESPONSE_TO_USER", "STREAM_COMPLETE"),
    ]
    assert turn["steps"] == 3
    assert await lines(home, conversation) == ["Name: Alice", "Likes tea"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("call", "left"),
    [
        (called("core_memory_delete", block="human", line_number=1), ["Two", "Three"]),
        (
            called("core_memory_replace", block="human", line_number=1, new_content="New"),
            ["New", "Two", "Three"],
        ),
    ],
    ids=["delete", "replace"],
)
async def test_a_tool_that_may_not_run_twice_is_not_run_again(
    cluster: Cluster, call: Any, left: list[str], when: str
) -> None:
    home, table = await cluster.process(PausedProvider([call, Finished("tool_calls")]))
    conversation = await talk_of(home)
    await fill(home, conversation, ["One", "Two", "Three"])
    setattr(table, f"dies_{when}", changes_block)
    await cluster.sending(home, conversation)
    await cluster.lease_ends(conversation)
    model = PausedProvider(ANSWER)
    home, _ = await cluster.process(model)

    (turn,) = await until_ended(home, conversation)
    _, answer = await home.messages(conversation)

    results = [part for part in answer["parts"] if part["type"] == "tool_result"]
    assert [(part["text"], part["success"]) for part in results] == [(INTERRUPTED, False)]
    assert len(model.requests) == 1
    assert turn["status"] == "complete"
    assert await lines(home, conversation) == (
        ["One", "Two", "Three"] if when == "before" else left
    )


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_tool_that_may_run_twice_is_asked_for_again(cluster: Cluster, when: str) -> None:
    _, conversation = await died(
        cluster,
        STEP,
        before=changes_block if when == "before" else None,
        after=changes_block if when == "after" else None,
    )
    model = PausedProvider(STEP, ANSWER)
    home, _ = await cluster.process(model)

    await until_ended(home, conversation)
    _, answer = await home.messages(conversation)

    assert shape_of(model.requests[0])[-1][0] == "user"
    assert [part["type"] for part in answer["parts"]] == [
        "text",
        "tool_call",
        "tool_result",
        "text",
    ]
    assert await lines(home, conversation) == ["Name: Alice"]


async def test_of_a_reply_with_both_kinds_of_tools_only_the_one_kind_runs_again(
    cluster: Cluster,
) -> None:
    calls = [
        remembers("Name: Alice"),
        called("core_memory_delete", call_id="2", block="human", line_number=7),
    ]
    _, conversation = await died(cluster, [*calls, Finished("tool_calls")], before=changes_block)
    home, _ = await cluster.process(PausedProvider(ANSWER))

    (turn,) = await until_ended(home, conversation)
    _, answer = await home.messages(conversation)
    events = await heard(home, conversation, turn["turn_id"])

    results = [part for part in answer["parts"] if part["type"] == "tool_result"]
    assert [(part["call_id"], part["success"]) for part in results] == [("1", True), ("2", False)]
    assert types_of(events) == [
        *("TURN_RESUMED", "MESSAGE_SAVED", "TOOL_CALL_START", "TOOL_CALL_START"),
        *("TOOL_CALL_RESULT", "TOOL_CALL_RESULT", "AGENT_RESPONSE_TO_USER", "STREAM_COMPLETE"),
    ]
    assert await lines(home, conversation) == ["Name: Alice"]


async def test_a_question_that_was_not_stored_is_not_answered(cluster: Cluster) -> None:
    _, conversation = await died(cluster, HELLO, before=puts("MESSAGE", role="user"))
    (record,) = await items_with(cluster, "TURN#")
    home, _ = await cluster.process(PausedProvider(HELLO))

    turns = await until_ended(home, conversation)
    events = await heard(home, conversation, str(record["turn_id"]))
    before = await home.messages(conversation)
    again = await home.say(conversation, "Well?")

    assert turns == []
    assert types_of(events) == ["TURN_RESUMED", "ERROR"]
    assert before == []
    assert spoken(again) == "Hello"


async def test_a_question_that_was_stored_and_nothing_else_is_answered(cluster: Cluster) -> None:
    _, conversation = await died(cluster, [])
    model = PausedProvider(HELLO)
    home, _ = await cluster.process(model)

    await until_ended(home, conversation)

    assert [m["content"] for m in await home.messages(conversation)] == ["Well?", "Hello"]
    assert shape_of(model.requests[0]) == [("user", ["text"])]


async def test_two_processes_that_look_at_once_continue_a_turn_once(cluster: Cluster) -> None:
    first, second = PausedProvider(HELLO), PausedProvider(HELLO)
    homes = [(await cluster.process(model))[0] for model in (first, second)]
    _, conversation = await died(cluster, [TextChunk("Hel")])

    await asyncio.gather(*(sweep(home) for home in homes))
    (turn,) = await until_ended(homes[0], conversation)

    assert len(first.requests) + len(second.requests) == 1
    assert (turn["status"], turn["attempt"]) == ("complete", 1)
    assert len(await homes[0].messages(conversation)) == 2


async def test_an_answer_that_was_stored_is_told_and_not_made_again(cluster: Cluster) -> None:
    _, conversation = await died(
        cluster, STEP, ANSWER, after=puts("MESSAGE", role="assistant", status="complete")
    )
    model = PausedProvider()
    home, _ = await cluster.process(model)

    (turn,) = await until_ended(home, conversation)
    events = await heard(home, conversation, turn["turn_id"], after=3)
    _, answer = await home.messages(conversation)

    assert model.requests == []
    assert (turn["status"], turn["answer_id"]) == ("complete", answer["message_id"])
    assert types_of(events) == [
        *("TURN_RESUMED", "MESSAGE_SAVED", "AGENT_RESPONSE_TO_USER", "TOOL_CALL_START"),
        *("TOOL_CALL_RESULT", "AGENT_RESPONSE_TO_USER", "STREAM_COMPLETE"),
    ]
    assert spoken(events) == "Noted.Hello Alice"
    item = await cluster.conversation_item(conversation)
    assert (item["turn_count"], item.get("lease_by")) == (1, None)


async def test_a_record_that_was_not_closed_with_its_conversation_is_closed(
    cluster: Cluster,
) -> None:
    _, conversation = await died(cluster, HELLO, after=puts("MESSAGE", role="assistant"))
    await cluster.lease_is_gone(conversation)
    home, _ = await cluster.process(PausedProvider())
    await sweep(home)
    await sweep(home)

    (turn,) = await until_ended(home, conversation)
    events = await heard(home, conversation, turn["turn_id"], after=7)

    assert (turn["status"], turn["attempt"]) == ("complete", 0)
    assert types_of(events)[:2] == ["TURN_RESUMED", "MESSAGE_SAVED"]
    assert spoken(events) == "Hello"
    assert types_of(events)[-1] == "STREAM_COMPLETE"


async def test_a_conversation_that_was_not_given_back_is_free(cluster: Cluster) -> None:
    _, conversation = await died(cluster, HELLO, before=updates("CONVERSATION", "turn_count"))
    home, _ = await cluster.process(PausedProvider(HELLO, HELLO))

    (turn,) = await until_ended(home, conversation)
    question, _ = await home.messages(conversation)
    retried = await cluster.asking_again(home, conversation, question)
    said = await home.say(conversation, "And?")

    assert (turn["status"], turn["attempt"]) == ("complete", 0)
    assert retried.status_code == 200, retried.text
    assert spoken(said) == "Hello"


async def test_questions_that_wait_behind_a_dead_turn_are_answered_after_it(
    cluster: Cluster,
) -> None:
    pause = Pause()
    dead, table = await cluster.process(PausedProvider([TextChunk("Hel"), pause]))
    conversation = await talk_of(dead)
    sending = [cluster.sending(dead, conversation)]
    async with asyncio.timeout(PATIENCE_S):
        await pause.reached.wait()
    sending.append(cluster.sending(dead, conversation, "And?"))
    await until_waiting(cluster, conversation)
    table.dead = True
    await cluster.lease_ends(conversation)
    home, _ = await cluster.process(PausedProvider(HELLO, ANSWER))

    turns = await until_ended(home, conversation)
    events = await heard(home, conversation, turns[1]["turn_id"], after=3)

    assert [m["content"] for m in await home.messages(conversation)] == [
        *("Well?", "Hello", "And?", "Hello Alice"),
    ]
    assert types_of(events)[:2] == ["TURN_RESUMED", "MESSAGE_SAVED"]
    assert types_of(events)[-2:] == ["AGENT_RESPONSE_TO_USER", "STREAM_COMPLETE"]
    assert not any(request.done() for request in sending)
    item = await cluster.conversation_item(conversation)
    assert (item.get("lease_by"), item["waiting"]) == (None, 0)
