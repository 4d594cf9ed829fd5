"""TASKs of devices and constellations: acknowledged first, then run, ended exactly once."""

import pytest

from smriti.core.paging import PageRequest
from smriti.db.table import Table
from smriti.devices import run as device_run
from smriti.devices.protocol import Ack, Refusal, Result, TaskEnd
from smriti.devices.run import DEVICE_LOST
from tests.devices.workshop import OWNER, Client, Workshop, runs, says, silent, soon, until


def kinds(client: Client) -> list[str]:
    return [message.type for message in client.sent]


def constellation(shop: Workshop, name: str = "planner@lab-7") -> Client:
    return shop.plug_in(name, role="constellation", target_id="lab-7")


async def test_a_devices_task_is_acknowledged_run_and_ended(table: Table) -> None:
    shop = await Workshop(table).open()
    device = shop.plug_in()
    shop.script(says("It is full."))

    await device.asks("How full is the disk?", task_name="disk check")

    await until(lambda: device.ends)
    assert kinds(device) == ["heartbeat", "command", "task_end"]
    (session,) = (await shop.sessions.page(OWNER, PageRequest())).items
    ack, _, end = device.sent
    assert (ack.session_id, end.session_id) == (session.session_id, session.session_id)
    assert isinstance(end, TaskEnd)
    assert (end.status, end.error, end.result) == (
        "completed",
        None,
        [{"request": "How full is the disk?", "result": "It is full."}],
    )
    assert (session.task_name, session.requester) == ("disk_check", "device")
    assert session.requester_id == "lab-7"


@pytest.mark.parametrize("request_text", [None, "", " \n"])
async def test_an_empty_task_of_a_device_is_refused(table: Table, request_text: str | None) -> None:
    shop = await Workshop(table).open()
    device = shop.plug_in()

    await device.asks(request_text)

    (refusal,) = device.sent
    assert isinstance(refusal, Refusal)
    assert refusal.error == "Empty task content"


async def test_a_constellation_hears_of_its_task_under_its_own_id(table: Table) -> None:
    shop = await Workshop(table).open()
    device, planner = shop.plug_in(), constellation(shop)
    shop.script(says("Done."))

    await planner.asks(session_id="planner@task-3", task_name="galaxy/planner/task-3")

    await until(lambda: planner.ends)
    assert [(each.type, each.session_id) for each in planner.sent] == [
        ("heartbeat", "planner@task-3"),
        ("task_end", "planner@task-3"),
    ]
    assert kinds(device) == ["command"]
    (session,) = (await shop.sessions.page(OWNER, PageRequest())).items
    assert (session.task_name, session.requester) == ("galaxy_planner_task-3", "constellation")
    assert device.sent[0].session_id == session.session_id


@pytest.mark.parametrize(
    ("request_text", "target", "error"),
    [
        ("Go.", "lab-9", "Target device 'lab-9' is not connected"),
        (None, "lab-7", "Empty task content"),
        ("Go.", "other", "Target device 'other' is not connected"),
    ],
)
async def test_a_refused_constellation_hears_that_its_task_has_failed(
    table: Table, request_text: str | None, target: str, error: str
) -> None:
    shop = await Workshop(table).open()
    shop.plug_in()
    shop.plug_in("other", role="constellation")
    planner = constellation(shop)

    await planner.asks(request_text, session_id="s", target_id=target)

    ack, end = planner.sent
    assert (isinstance(ack, Ack), ack.session_id) == (True, "s")
    assert isinstance(end, TaskEnd)
    assert (end.status, end.session_id, end.error) == ("failed", "s", error)


async def test_a_full_line_ends_a_constellations_task(table: Table) -> None:
    shop = await Workshop(table).open()
    shop.plug_in(answer=silent)
    planner = constellation(shop)
    shop.script(says(runs("look")))

    for number in range(10):
        await planner.asks(session_id=str(number))

    (end,) = planner.ends
    assert (end.status, end.session_id) == ("failed", "9")
    await shop.sessions.close()


async def test_a_task_that_is_repeated_is_acknowledged_again_and_nothing_else(table: Table) -> None:
    shop = await Workshop(table).open()
    device, planner = shop.plug_in(answer=silent), constellation(shop)
    shop.script(says(runs("look")), says("Done."))

    for _ in range(3):
        await planner.asks(session_id="s")
    await until(lambda: device.commands)
    device.tells(device.commands[0], Result(status="success"))

    await until(lambda: planner.ends)
    assert kinds(planner) == ["heartbeat"] * 3 + ["task_end"]
    assert len((await shop.sessions.page(OWNER, PageRequest())).items) == 1


async def test_equal_session_ids_of_two_constellations_are_two_sessions(table: Table) -> None:
    shop = await Workshop(table).open()
    shop.plug_in()
    first, second = constellation(shop, "a@lab-7"), constellation(shop, "b@lab-7")
    shop.script(says("One."), says("Two."))

    await first.asks(session_id="s")
    await second.asks(session_id="s")

    await until(lambda: first.ends and second.ends)
    results = [client.ends[0].result[0]["result"] for client in (first, second)]
    assert results == ["One.", "Two."]


async def test_a_session_id_may_be_used_again_when_its_task_has_ended(table: Table) -> None:
    shop = await Workshop(table).open()
    shop.plug_in()
    planner = constellation(shop)
    shop.script(says("One."), says("Two."))

    await planner.asks(session_id="s")
    await until(lambda: planner.ends)
    await planner.asks(session_id="s")
    await until(lambda: len(planner.ends) == 2)

    assert [end.result[0]["result"] for end in planner.ends] == ["One.", "Two."]


async def test_a_lost_device_ends_the_tasks_of_constellations(table: Table) -> None:
    shop = await Workshop(table).open()
    device, planner = shop.plug_in(answer=silent), constellation(shop)
    shop.script(says(runs("look")))
    for name in ("running", "in line"):
        await planner.asks(session_id=name)
    await until(lambda: device.commands)

    device.leave()

    await until(lambda: len(planner.ends) == 2)
    assert {(end.session_id, end.status, end.error) for end in planner.ends} == {
        ("running", "failed", DEVICE_LOST),
        ("in line", "failed", DEVICE_LOST),
    }


async def test_a_lost_constellation_takes_its_tasks_with_it(table: Table) -> None:
    shop = await Workshop(table).open()
    device, planner = shop.plug_in(answer=silent), constellation(shop)
    other = constellation(shop, "other@lab-7")
    shop.script(says(runs("look")), says("Done."))
    await planner.asks(session_id="s")
    await other.asks(session_id="s")
    await until(lambda: device.commands)

    planner.leave()
    device.tells(device.commands[0], Result(status="success"))

    await until(lambda: other.ends)
    assert (planner.ends, len(device.commands)) == ([], 1)
    sessions = (await shop.sessions.page(OWNER, PageRequest())).items
    assert {(each.requester_id, each.status) for each in sessions} == {
        ("planner@lab-7", "cancelled"),
        ("other@lab-7", "completed"),
    }


async def test_a_cancelled_task_has_failed_for_its_constellation(table: Table) -> None:
    shop = await Workshop(table).open()
    device, planner = shop.plug_in(answer=silent), constellation(shop)
    shop.script(says(runs("look")))
    await planner.asks(session_id="s")
    await until(lambda: device.commands)
    (session,) = (await shop.sessions.page(OWNER, PageRequest())).items

    await shop.sessions.cancel(OWNER, session.session_id)

    (end,) = planner.ends
    assert (end.status, end.error, end.result) == ("failed", "The task was cancelled.", [])


async def test_a_dispatched_task_keeps_its_session(table: Table) -> None:
    shop = await Workshop(table).open()
    device = shop.plug_in()
    shop.script(says("Done."))

    session = await shop.sessions.dispatch(shop.order("Go.", task_name="disk-check"))
    await until(lambda: device.dispatches)
    (dispatch,) = device.dispatches
    assert (dispatch.user_request, dispatch.task_name) == ("Go.", "disk-check")
    assert not await soon(lambda: len(device.sent) > 1)
    for _ in range(2):
        await device.asks(dispatch.user_request, task_name=dispatch.task_name)

    await until(lambda: device.ends)
    assert kinds(device) == ["task", "heartbeat", "heartbeat", "command", "task_end"]
    assert {message.session_id for message in device.sent} == {session.session_id}
    assert len((await shop.sessions.page(OWNER, PageRequest())).items) == 1


async def test_a_dispatched_task_begins_also_when_the_device_does_not_answer(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_run, "_TASK_S", 0.01)
    shop = await Workshop(table).open()
    device = shop.plug_in()
    shop.script(says("Done."))

    session = await shop.sessions.dispatch(shop.order())

    assert (await shop.ended(session)).status == "completed"
    assert kinds(device) == ["task", "command"]


async def test_a_task_in_line_is_told_to_the_device_when_its_turn_has_come(table: Table) -> None:
    shop = await Workshop(table).open()
    device = shop.plug_in(answer=silent)
    shop.script(says(runs("look")), says("One."), says("Two."))
    await shop.sessions.begin(shop.order("One"))
    await until(lambda: device.commands)

    second = await shop.sessions.dispatch(shop.order("Two", task_name="two"))
    assert not await soon(lambda: device.dispatches)
    device.tells(device.commands[0], Result(status="success"))
    await until(lambda: device.dispatches)
    await device.asks("Two", task_name="two")

    assert (await shop.ended(second)).result == "Two."


async def test_a_stopping_server_tells_requesters_and_says_why(table: Table) -> None:
    shop = await Workshop(table).open()
    device, planner = shop.plug_in(answer=silent), constellation(shop)
    shop.script(says(runs("look")))
    await planner.asks(session_id="s")
    await until(lambda: device.commands)

    await shop.sessions.close()

    (end,) = planner.ends
    assert (end.status, end.error) == ("failed", "The server stopped while this task ran.")
    (session,) = (await shop.sessions.page(OWNER, PageRequest())).items
    assert (session.status, session.error) == (end.status, end.error)
    await planner.asks(session_id="t")
    assert planner.ends[-1].error == "The server is stopping."
