"""Several processes have one conversation to do with: who has lost it disturbs nobody."""

import asyncio
from functools import partial
from typing import Any

import httpx2
import pytest

from smriti.llm.provider import CallRequested, Finished, TextChunk
from smriti.turns.runner import TurnRunner
from tests.fakes.mortal_table import MortalTable, Which
from tests.fakes.paused_provider import Pause, PausedProvider, Script
from tests.home import HELLO, Home, events_of, spoken, types_of
from tests.patience import PATIENCE_S
from tests.turns.crashing import (
    ANSWER,
    Cluster,
    Json,
    died,
    heard,
    items_with,
    only_turn,
    puts,
    remembers,
    sweep,
    talk_of,
    until_ended,
    until_waiting,
    updates,
)

type Sending = asyncio.Task[httpx2.Response]


async def asleep(
    cluster: Cluster, *calls: CallRequested
) -> tuple[Home, MortalTable, Pause, Json, Sending]:
    """A process that does nothing for so long that it loses its turn; then it would go on."""
    pause = Pause()
    script: Script = [TextChunk("Hel"), pause, TextChunk("p!"), *calls, Finished("stop")]
    home, table = await cluster.process(PausedProvider(script, HELLO))
    conversation = await talk_of(home)
    sending = cluster.sending(home, conversation)
    async with asyncio.timeout(PATIENCE_S):
        await pause.reached.wait()
    table.dead = True
    await cluster.lease_ends(conversation)
    return home, table, pause, conversation, sending


async def test_a_process_that_comes_back_to_life_changes_nothing(cluster: Cluster) -> None:
    _, table, pause, conversation, sending = await asleep(cluster)
    home, _ = await cluster.process(PausedProvider(HELLO))
    (turn,) = await until_ended(home, conversation)

    table.dead = False
    pause.over.set()
    told = events_of((await sending).text)

    assert [m["content"] for m in await home.messages(conversation)] == ["Well?", "Hello"]
    assert (await only_turn(home, conversation)) == turn
    assert types_of(told)[-1] == "AGENT_RESPONSE_TO_USER"


async def test_a_reader_at_a_process_that_lost_its_turn_hears_the_other_answer(
    cluster: Cluster,
) -> None:
    zombie, table, pause, conversation, sending = await asleep(cluster)
    home, _ = await cluster.process(PausedProvider(HELLO))
    (turn,) = await until_ended(home, conversation)
    table.dead = False
    pause.over.set()
    told = events_of((await sending).text)

    events = await heard(zombie, conversation, turn["turn_id"], after=told[-1]["seq"])

    assert types_of(events)[0] == "TURN_RESUMED"
    assert spoken(events) == "Hello"
    assert types_of(events)[-1] == "STREAM_COMPLETE"


@pytest.mark.parametrize("calls", [[], [remembers("Name: Alice")]], ids=["answer", "step"])
async def test_a_process_that_comes_back_while_another_has_the_turn_loses(
    cluster: Cluster, calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    _, table, pause, conversation, sending = await asleep(cluster, *calls)
    second = Pause()
    home, _ = await cluster.process(PausedProvider([TextChunk("Hello"), second, Finished("stop")]))
    async with asyncio.timeout(PATIENCE_S):
        await second.reached.wait()

    table.dead = False
    pause.over.set()
    await sending
    second.over.set()
    (turn,) = await until_ended(home, conversation)

    assert [m["content"] for m in await home.messages(conversation)] == ["Well?", "Hello"]
    assert (turn["status"], turn["attempt"]) == ("complete", 1)
    assert "turn.failed_by_bug" not in capsys.readouterr().err
    item = await cluster.conversation_item(conversation)
    assert (item.get("lease_by"), item["turn_count"]) == (None, 1)


async def test_a_reader_of_a_question_that_another_process_answered_comes_back_for_it(
    cluster: Cluster,
) -> None:
    zombie, table, pause, conversation, sending = await asleep(cluster)
    table.dead = False
    waits = cluster.sending(zombie, conversation, "And?")
    await until_waiting(cluster, conversation)
    table.dead = True
    await cluster.lease_ends(conversation)
    home, _ = await cluster.process(PausedProvider(HELLO, ANSWER))
    _, turn = await until_ended(home, conversation)
    table.dead = False

    await sweep(zombie)
    await sweep(zombie)
    told = events_of((await waits).text)
    events = await heard(zombie, conversation, turn["turn_id"], after=told[-1]["seq"])
    pause.over.set()
    await sending

    assert types_of(told) == ["LIFECYCLE_NOTIFICATION"] * 3
    assert spoken(events) == "Hello Alice"
    assert types_of(events)[-1] == "STREAM_COMPLETE"


async def test_who_joins_the_line_while_somebody_looks_after_turns_keeps_the_reader(
    cluster: Cluster,
) -> None:
    pause = Pause()
    home, table = await cluster.process(PausedProvider([pause, *HELLO], HELLO, ANSWER))
    conversation = await talk_of(home)
    first = cluster.sending(home, conversation)
    async with asyncio.timeout(PATIENCE_S):
        await pause.reached.wait()
    _, other = await died(cluster, [TextChunk("Hel")])
    waits: list[Sending] = []

    async def somebody_joins() -> None:
        waits.append(cluster.sending(home, conversation, "And?"))
        await until_waiting(cluster, conversation)

    table.waits_before, table.meanwhile = updates("CONVERSATION", "fence"), somebody_joins
    await sweep(home)
    await until_ended(home, other)
    pause.over.set()
    await first
    events = events_of((await waits[0]).text)

    assert spoken(events) == "Hello Alice"
    assert types_of(events)[-1] == "STREAM_COMPLETE"


@pytest.mark.parametrize(
    "moment",
    [updates("TURN", "attempt"), updates("CONVERSATION", "left_behind")],
    ids=["before it is planned", "before it speaks"],
)
async def test_a_turn_that_is_just_taken_up_when_its_process_stops_goes_on_at_once(
    cluster: Cluster, moment: Which
) -> None:
    first, table = await cluster.process(PausedProvider(HELLO, HELLO))
    conversation = await talk_of(first)
    await first.say(conversation, "Well?")
    question, _ = await first.messages(conversation)
    table.dies_before = updates("CONVERSATION", "left_behind")
    await cluster.asking_again(first, conversation, question)
    second, table = await cluster.process(PausedProvider(HELLO))
    runner = second.services.get(TurnRunner)
    table.waits_before, table.meanwhile = moment, partial(stop_soon, runner)
    await cluster.lease_ends(conversation)
    await sweep(second)
    await runner.close()
    third, _ = await cluster.process(PausedProvider(ANSWER))

    *_, turn = await until_ended(third, conversation)

    assert turn["status"] == "complete"


async def stop_soon(runner: TurnRunner) -> None:
    """Let the process stop at its next step."""
    asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(runner.close()))


async def test_a_turn_that_is_cancelled_before_it_thinks_is_cancelled(cluster: Cluster) -> None:
    _, conversation = await died(cluster, [TextChunk("Hel")], lease_ends=False)
    home, _ = await cluster.process(PausedProvider(HELLO))
    await cluster.lease_ends(conversation)
    (item,) = await items_with(cluster, "TURN#")
    await sweep(home)
    running = home.services.get(TurnRunner).find(str(item["turn_id"]))
    assert running is not None
    running.cancel()

    (turn,) = await until_ended(home, conversation)
    events = await heard(home, conversation, turn["turn_id"])

    assert turn["status"] == "cancelled"
    assert (events[-1]["message_id"], events[-1]["finish_reason"]) == (None, "cancelled")


async def test_a_question_that_waits_is_accepted_though_the_store_fails_after_that(
    cluster: Cluster,
) -> None:
    pause = Pause()
    home, table = await cluster.process(PausedProvider([pause, *HELLO], ANSWER))
    conversation = await talk_of(home)
    first = cluster.sending(home, conversation)
    async with asyncio.timeout(PATIENCE_S):
        await pause.reached.wait()
    table.waits_before, table.meanwhile = puts("QUEUED"), partial(fail_once, table)
    second = cluster.sending(home, conversation, "And?")
    await until_waiting(cluster, conversation)
    pause.over.set()
    await first

    response = await second

    assert response.status_code == 200
    assert spoken(events_of(response.text)) == "Hello Alice"


async def fail_once(table: MortalTable) -> None:
    """The next read of the conversation fails, as if the store were busy."""
    table.fails_next_get = True
