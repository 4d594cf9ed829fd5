"""Tasks that chat agents have handed to devices, over the end of a process."""

import asyncio
from pathlib import Path

import pytest

from smriti.db.table import Set, Table, key_of
from smriti.devices.hub import Hub
from tests.devices.chatting import (
    ANSWER,
    LOOKS,
    REPORT,
    Json,
    approval_of,
    decide,
    hands_over,
    looks,
    only_session,
    plugged_in,
    talk,
    until_sent,
)
from tests.fakes.paused_provider import PausedProvider
from tests.home import Home, open_home, spoken
from tests.turns.attaching import path_of, turns_of, until
from tests.turns.crashing import Cluster, heard, items_with, sweep, until_ended


async def killed(cluster: Cluster, *, asks: bool) -> Json:
    """The conversation of a process that died while a device worked, or a person was asked."""
    home, table = await cluster.process(PausedProvider(hands_over(), LOOKS))
    conversation = await talk(home)
    line = await plugged_in(home, asks=asks)
    line.obeys = False
    _ = cluster.sending(home, conversation)
    await (approval_of(home) if asks else until_sent(line))
    table.dead = True
    return conversation


async def session_dies(cluster: Cluster) -> None:
    """As if its process had been silent for long."""
    (item,) = await items_with(cluster, "Session#")
    await cluster.table.update(key_of(item), Set("alive_until", "2020-01-01T00:00:00Z"))


async def until_attached(home: Home, conversation: Json) -> None:
    """Until the turn is taken up."""

    async def is_taken_up() -> bool:
        (turn,) = await turns_of(home, conversation)
        return bool(turn["attempt"])

    await until(is_taken_up)


@pytest.mark.parametrize("approve", [True, False])
async def test_a_pause_survives_the_process(cluster: Cluster, approve: bool) -> None:
    conversation = await killed(cluster, asks=True)
    model = PausedProvider(REPORT, ANSWER)
    home, _ = await cluster.process(model)
    line = await plugged_in(home)
    await cluster.lease_ends(conversation)
    await sweep(home)
    await until_attached(home, conversation)
    approval = await approval_of(home)

    busy = await home.send(conversation, {"content": "And?"})
    status = await decide(home, conversation, approval, approve=approve)
    (turn,) = await until_ended(home, conversation)
    events = await heard(home, conversation, turn["turn_id"])

    assert (busy.status_code, status, turn["status"]) == (409, 200, "complete")
    assert len(looks(line)) == int(approve)
    assert [e["approval_id"] for e in events if "approval_id" in e] == [approval["approval_id"]]
    assert spoken(events) == "A wall, it says."
    assert (await only_session(home))["status"] == "completed"
    assert len(model.requests) == 2


async def test_a_pause_survives_a_server_that_stops_in_order(table: Table, tmp_path: Path) -> None:
    model = PausedProvider(hands_over(), LOOKS)
    async with open_home(table, tmp_path, model=model, shutdown_grace_s=0) as home:
        conversation = await talk(home)
        before = await plugged_in(home, asks=True)
        saying = asyncio.create_task(home.say(conversation, "Look!"))
        approval = await approval_of(home)
    first = await saying
    async with open_home(table, tmp_path, model=PausedProvider(REPORT, ANSWER)) as home:
        after = await plugged_in(home)
        status = await decide(home, conversation, approval)
        await sweep(home)
        (turn,) = await until_ended(home, conversation)

    assert first[-1]["content"] == "The server restarts. The answer goes on after that."
    assert (status, turn["status"], turn["attempt"]) == (200, "complete", 1)
    assert [len(looks(line)) for line in (before, after)] == [0, 1]


async def test_what_is_decided_before_the_turn_is_taken_up_counts(cluster: Cluster) -> None:
    conversation = await killed(cluster, asks=True)
    home, _ = await cluster.process(PausedProvider(REPORT, ANSWER))
    line = await plugged_in(home)

    status = await decide(home, conversation, await approval_of(home))
    await cluster.lease_ends(conversation)
    await sweep(home)
    (turn,) = await until_ended(home, conversation)

    assert (status, turn["status"], len(looks(line))) == (200, "complete", 1)


async def test_nothing_is_decided_while_the_device_is_away(cluster: Cluster) -> None:
    conversation = await killed(cluster, asks=True)
    home, _ = await cluster.process(PausedProvider(REPORT, ANSWER))
    line = await plugged_in(home)
    assert line.peer is not None
    home.services.get(Hub).leave(line.peer)
    approval = await approval_of(home)
    await session_dies(cluster)

    away = await decide(home, conversation, approval)
    await plugged_in(home)
    back = await decide(home, conversation, approval)

    assert (away, back) == (409, 200)


async def test_what_is_decided_before_the_device_is_back_counts(cluster: Cluster) -> None:
    conversation = await killed(cluster, asks=True)
    home, _ = await cluster.process(PausedProvider(REPORT, ANSWER))
    status = await decide(home, conversation, await approval_of(home))
    await cluster.lease_ends(conversation)
    await sweep(home)

    line = await plugged_in(home)
    await session_dies(cluster)
    (turn,) = await until_ended(home, conversation)

    assert (status, turn["status"], len(looks(line))) == (200, "complete", 1)


async def test_cancelling_while_nobody_works_on_it_ends_the_session_too(cluster: Cluster) -> None:
    conversation = await killed(cluster, asks=True)
    home, _ = await cluster.process(PausedProvider())
    await cluster.lease_ends(conversation)
    await sweep(home)
    await until_attached(home, conversation)
    (turn,) = await turns_of(home, conversation)

    await home.post(path_of(conversation, turn["turn_id"], "/cancel"), {})

    assert (await until_ended(home, conversation))[0]["status"] == "cancelled"
    assert (await only_session(home))["status"] == "cancelled"


async def test_a_task_that_ran_has_failed_and_the_model_hears_why(cluster: Cluster) -> None:
    conversation = await killed(cluster, asks=False)
    model = PausedProvider(ANSWER)
    home, _ = await cluster.process(model)
    await session_dies(cluster)
    await cluster.lease_ends(conversation)
    await sweep(home)

    (turn,) = await until_ended(home, conversation)

    (result,) = [p for p in model.requests[0].messages[-1].parts if p.type == "tool_result"]
    assert turn["status"] == "complete"
    assert (result.success, result.text) == (
        False,
        "The task on lab-7 was not done. The server stopped while this task ran.",
    )


async def test_the_course_of_a_task_is_told_again_from_what_is_stored(cluster: Cluster) -> None:
    first, _ = await cluster.process(PausedProvider(hands_over(), LOOKS, REPORT, ANSWER))
    conversation = await talk(first)
    await plugged_in(first)
    events = await first.say(conversation, "Look!")
    later, _ = await cluster.process()
    (turn,) = await turns_of(later, conversation)

    again = await heard(later, conversation, turn["turn_id"])

    def course(told: list[Json]) -> list[tuple[object, ...]]:
        names = ("event_type", "content", "tool_name", "session_id", "device_event", "success")
        return [
            tuple(event.get(name) for name in names)
            for event in told
            if "LIFECYCLE_NOTIFICATION" not in {event["event_type"], event.get("device_event")}
        ]

    assert course(again) == course(events)
