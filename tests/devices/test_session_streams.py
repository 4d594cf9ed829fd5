"""Watching a session: while it runs, after it has ended, and when its log is gone."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from smriti.core.clock import utc_now
from smriti.core.paging import PageRequest
from smriti.db.table import Table
from smriti.devices.models import DeviceSession
from smriti.devices.protocol import Result
from smriti.devices.run import LIFE, SERVER_STOPPED
from smriti.devices.session_repository import SessionRepository
from smriti.devices.sessions import Sessions
from smriti.turns import streams
from smriti.turns.models import ATTEMPT
from tests.devices.workshop import OWNER, Workshop, runs, says, silent, until


async def events_of(sessions: Sessions, session_id: str, after: int = 0) -> list[dict[str, Any]]:
    chunks = await sessions.attach(OWNER, session_id, after)
    frames = [chunk async for chunk in chunks] if chunks is not None else []
    lines = b"".join(frames).decode().split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data")]


def types_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["event_type"] for event in events]


async def test_a_session_is_followed_to_its_end(table: Table) -> None:
    shop = await Workshop(table).open()
    device = shop.plug_in(answer=silent)
    shop.script(says("I look.", runs("look")), says("Done."))
    session = await shop.sessions.begin(shop.order())
    await until(lambda: device.commands)
    device.tells(device.commands[0], Result(status="success", result="all"))

    events = await events_of(shop.sessions, session.session_id)

    assert types_of(events) == [
        "LIFECYCLE_NOTIFICATION",
        "AGENT_RESPONSE_TO_USER",
        "TOOL_CALL_START",
        "TOOL_CALL_RESULT",
        "AGENT_RESPONSE_TO_USER",
        "STREAM_COMPLETE",
    ]
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert {event["turn_id"] for event in events} == {session.session_id}
    assert await events_of(shop.sessions, session.session_id, after=4) == events[4:]
    assert await shop.sessions.attach(OWNER, session.session_id, 6) is None


async def test_a_session_is_told_again_when_its_log_is_gone(table: Table) -> None:
    shop = await Workshop(table).open()
    shop.plug_in()
    shop.script(says("I look.", runs("look")), says("Done."))
    session = await shop.does()
    later = Workshop(table).sessions

    events = await events_of(later, session.session_id)

    told = ["AGENT_RESPONSE_TO_USER", "TOOL_CALL_START", "TOOL_CALL_RESULT"]
    told += ["AGENT_RESPONSE_TO_USER", "STREAM_COMPLETE"]
    assert types_of(events) == told
    assert events[0]["seq"] == ATTEMPT + 1
    assert session.last_seq is not None
    assert await later.attach(OWNER, session.session_id, session.last_seq) is None
    again = await events_of(later, session.session_id, after=2)
    assert types_of(again) == ["TURN_RESUMED", *told]


async def test_a_failed_session_ends_with_its_error(table: Table) -> None:
    shop = await Workshop(table).open()
    shop.plug_in()
    shop.script(says(runs("task_failed", reason="No disk.")))
    session = await shop.does()

    for sessions in (shop.sessions, Workshop(table).sessions):
        *_, last = await events_of(sessions, session.session_id)
        assert (last["event_type"], last["content"]) == ("ERROR", "No disk.")


async def test_a_cancelled_session_says_so(table: Table) -> None:
    shop = await Workshop(table).open()
    device = shop.plug_in(answer=silent)
    shop.script(says(runs("look")))
    session = await shop.sessions.begin(shop.order())
    await until(lambda: device.commands)
    await shop.sessions.cancel(OWNER, session.session_id)

    for sessions in (shop.sessions, Workshop(table).sessions):
        *_, notice, last = await events_of(sessions, session.session_id)
        assert (notice["content"], last["finish_reason"]) == ("Stopped.", "cancelled")


async def abandoned(shop: Workshop, **values: Any) -> DeviceSession:
    """A session whose process is gone."""
    session = DeviceSession(
        client_id="lab-7",
        task_name="t",
        request="Go.",
        requester="api",
        created_by=OWNER,
        alive_until=utc_now() - LIFE,
        **values,
    )
    await shop.store.create(session)
    return session


@pytest.mark.parametrize("status", ["queued", "running"])
async def test_a_session_whose_process_is_gone_has_failed(table: Table, status: str) -> None:
    shop = Workshop(table)
    one, two = [await abandoned(shop, status=status) for _ in range(2)]

    found = await shop.sessions.find(OWNER, one.session_id)
    listed = await shop.sessions.page(OWNER, PageRequest())

    assert (found.status, found.error) == ("failed", SERVER_STOPPED)
    assert found.finished_at is not None
    assert {(each.session_id, each.status) for each in listed.items} == {
        (two.session_id, "failed"),
        (one.session_id, "failed"),
    }
    stored = await shop.store.find(OWNER, two.session_id)
    assert stored is not None
    assert stored.status == "failed"
    assert types_of(await events_of(shop.sessions, one.session_id)) == ["ERROR"]


async def test_a_session_of_another_process_is_left_alone_and_can_be_cancelled(
    table: Table,
) -> None:
    shop = await Workshop(table).open()
    device = shop.plug_in(answer=silent)
    shop.script(says(runs("look")), says("Done."))
    session = await shop.sessions.begin(shop.order())
    await until(lambda: device.commands)
    other = Workshop(table).sessions
    assert (await other.find(OWNER, session.session_id)).status == "running"

    cancelled = await other.cancel(OWNER, session.session_id)
    device.tells(device.commands[0], Result(status="success"))

    assert cancelled.status == "cancelled"
    assert (await shop.ended(session)).status == "cancelled"


async def test_what_nobody_approves_fails_after_a_day(table: Table) -> None:
    shop = await Workshop(table).open()
    asked_at = utc_now() - timedelta(days=1, seconds=1)
    approval = {"tool_name": "look", "arguments": {}, "asked_at": asked_at}
    session = await abandoned(shop, status="waiting", approval=approval)

    found = await shop.sessions.find(OWNER, session.session_id)

    assert (found.status, found.error, found.approval) == (
        "failed",
        "Nobody has approved it within a day.",
        None,
    )


async def test_all_sessions_of_an_account_go_with_it(table: Table) -> None:
    shop = await Workshop(table).open()
    device = shop.plug_in(answer=silent)
    shop.script(says("Done."), says(runs("look")))
    await shop.does()
    await shop.sessions.begin(shop.order())
    await until(lambda: device.commands)

    await shop.sessions.delete_all_of(OWNER)

    pk = {f"DeviceSessions#{OWNER}", f"DeviceSessions#lab-7#{OWNER}"}
    assert not [item for item in (await table.scan()).items if item["pk"] in pk]


async def test_a_reader_is_let_go_when_the_session_is_deleted(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read by a process that does not run it, so that it looks again and again."""
    monkeypatch.setattr(streams, "_LOOK_S", 0.01)
    shop = await Workshop(table).open()
    device = shop.plug_in(answer=silent)
    shop.script(says("I look.", runs("look")))
    session = await shop.sessions.begin(shop.order())
    await until(lambda: device.commands)
    reader = asyncio.create_task(events_of(Workshop(table).sessions, session.session_id))
    await asyncio.sleep(0.05)

    await SessionRepository(table).delete_all_of(OWNER)

    assert await reader == []
