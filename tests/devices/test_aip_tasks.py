"""`specs/aip.md` §7, §10, §12: tasks, from whoever asks, to the one TASK_END each ends in."""

import asyncio
import re

import pytest

from smriti.devices.run import Run
from tests.devices.lab import Lab
from tests.devices.tool_server import Tool, ToolServer
from tests.devices.ufo import Outcome
from tests.devices.wire_messages import Json, client_message
from tests.patience import PATIENCE_S

HI = "> look {}\n> say Done."
PAUSED = f"> pause\n{HI}"
LOST = "Task was cancelled because target device disconnected"


async def test_a_device_asks_for_itself(lab: Lab) -> None:
    async with lab.device(request=HI) as device:
        end = await device.heard("task_end")
        about_it = [each for each in device.received if each.session_id is not None]

    (session,) = await lab.sessions()
    assert [each.type for each in about_it] == ["heartbeat", "command", "command", "task_end"]
    assert {each.session_id for each in about_it} == {session["session_id"]}
    assert (end.status, end.error) == ("completed", None)
    assert end.result == [{"request": HI, "result": "Done."}]
    assert (session["requester"], session["status"]) == ("device", "completed")
    assert device.dropped == []


async def test_a_devices_empty_request_is_refused(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register()
        for request in (None, "", "  \n "):
            members = {"client_id": "lab-7", "request": request, "task_name": "x"}
            await raw.say(client_message("task", "continue", **members))
            answer = await raw.hear()

            assert (answer["type"], answer["status"]) in {
                ("error", "error"),
                ("task_end", "failed"),
            }
            assert answer["error"]
            assert await raw.is_alive()
        assert (await lab.sessions(), lab.model.requests) == ([], [])


async def test_a_constellation_has_its_device_work(lab: Lab) -> None:
    async with lab.device() as device, lab.constellation() as constellation:
        outcome = await constellation.run("task-3", HI)
        about_it = [
            (each.type, each.status)
            for each in constellation.received
            if each.session_id == "trip-planner@task-3"
        ]

    (session,) = await lab.sessions()
    assert outcome == Outcome(success=True, result=[{"request": HI, "result": "Done."}])
    assert about_it == [("heartbeat", "ok"), ("task_end", "completed")]
    assert (session["requester"], session["requester_id"]) == (
        "constellation",
        "trip-planner@lab-7",
    )
    assert [each.tool_name for command in device.all("command") for each in command.actions or []]


async def test_any_name_of_a_task_will_do(lab: Lab) -> None:
    names = ["galaxy/trip-planner/task-3", "../../etc", "...", "ünï", "x" * 150, "", None]
    async with lab.device() as device, lab.constellation() as constellation:
        for number, name in enumerate(names, start=1):
            await constellation.send(constellation.task(f"task-{number}", HI, task_name=name))
            end = await constellation.heard("task_end", number)
            assert (end.status, end.session_id) == ("completed", f"trip-planner@task-{number}")

    for command in device.all("command"):
        assert re.fullmatch(r"(?!\.)[A-Za-z0-9._-]+", command.task_name or "")


_FAILURES = [
    '> task_failed {"reason": "There is no disk."}\n> say I gave up.',
    "> say",
    "> break The model is out of order.",
    "> forever get_system_info",
]


async def test_failure_is_failed(lab: Lab) -> None:
    async with lab.device(), lab.constellation() as constellation:
        outcomes = [await constellation.run(plan, plan) for plan in _FAILURES]

    sessions = (await lab.sessions())[::-1]
    assert [each.success for each in outcomes] == [False] * 4
    assert all(each.error for each in outcomes)
    assert [each["status"] for each in sessions] == ["failed"] * 4
    assert [each["error"] for each in sessions] == [each.error for each in outcomes]


_REFUSED: list[Json] = [
    {"request": None},
    {"request": ""},
    {"request": "   "},
    {"request": 7},
    {"request": ["> say Hi"]},
    {"request": "x" * 20_000_000},
    {"target_id": "lab-8"},
    {"target_id": "lab-99"},
    {"target_id": None},
    {"target_id": "trip-planner@lab-7"},
    {"client_id": "trip-planner@lab-8"},
    {"client_type": "device"},
    {"task_name": 7},
    {"status": "whatever"},
]


async def test_a_refused_task_of_a_constellation_ends_in_one_task_end(lab: Lab) -> None:
    async with lab.device(), lab.device("lab-8") as other, lab.constellation() as constellation:
        for number, members in enumerate(_REFUSED, start=1):
            await constellation.send(constellation.task(f"task-{number}", HI) | members)
            end = await constellation.heard("task_end", number)
            expected = "failed", f"trip-planner@task-{number}", True
            assert (end.status, end.session_id, bool(end.error)) == expected, members
        outcome = await constellation.run("task-3", HI)

    assert outcome.success
    assert len(constellation.all("task_end")) == len(_REFUSED) + 1
    assert other.all("command") == []


async def test_a_task_without_a_session_id_is_answered_all_the_same(lab: Lab) -> None:
    async with lab.device(), lab.constellation() as constellation:
        await constellation.send(constellation.task("task-3", HI, session_id=None))
        outcome = await constellation.run("task-4", HI)

    assert outcome.success
    assert len(constellation.all("error") + constellation.all("task_end")) == 2


async def test_a_task_for_a_device_that_has_gone_fails_at_once(lab: Lab) -> None:
    async with lab.device() as device, lab.constellation() as constellation:
        await device.stop()
        await lab.until_online("trip-planner@lab-7")
        told_while_idle = constellation.all("task_end") + constellation.all("error")
        outcome = await constellation.run("task-3", HI, limit_s=2)
        async with lab.device():
            again = await constellation.run("task-4", HI)

    assert told_while_idle == []
    assert not outcome.success
    assert outcome.error not in {None, "Timed out", "Connection lost"}
    assert again.success
    assert len(constellation.all("task_end")) == 2


async def test_a_refused_task_leaves_the_running_one_alone(lab: Lab) -> None:
    async with lab.device(), lab.constellation() as constellation:
        running = asyncio.create_task(constellation.run("task-3", PAUSED))
        await lab.model.paused.wait()
        await constellation.send(constellation.task("task-4", ""))
        await constellation.send(constellation.task("task-5", HI, target_id="lab-99"))
        await constellation.heard("task_end", 2)
        lab.model.go.set()
        outcome = await running

    assert outcome.success
    assert [each.session_id for each in constellation.all("task_end")] == [
        "trip-planner@task-4",
        "trip-planner@task-5",
        "trip-planner@task-3",
    ]


async def test_a_repeated_task_is_acknowledged_and_run_once(lab: Lab) -> None:
    async with lab.device(), lab.constellation() as constellation:
        running = asyncio.create_task(constellation.run("task-3", PAUSED))
        await lab.model.paused.wait()
        for _ in range(3):
            await constellation.send(constellation.task("task-3", PAUSED))
        before = len(constellation.all("heartbeat"))
        await constellation.heard("heartbeat", before + 2)
        lab.model.go.set()
        outcome = await running

        assert outcome == Outcome(success=True, result=[{"request": PAUSED, "result": "Done."}])
        acks = [each for each in constellation.all("heartbeat") if each.session_id]
        assert [each.session_id for each in acks] == ["trip-planner@task-3"] * 4
        assert len(constellation.all("task_end")) == 1
        assert len(await lab.sessions()) == 1


async def test_a_session_id_may_be_used_again_when_its_task_is_over(lab: Lab) -> None:
    async with lab.device(), lab.constellation() as constellation:
        first = await constellation.run("task-3", "> say One.")
        second = await constellation.run("task-3", "> say Two.")

    assert [each.result[0]["result"] for each in (first, second)] == ["One.", "Two."]
    assert len(await lab.sessions()) == 2


async def test_equal_session_ids_of_two_constellations_do_not_meet(lab: Lab) -> None:
    async with lab.device(), lab.device("lab-8"):
        one, other = lab.constellation(), lab.constellation("lab-8")
        async with one, other:
            outcomes = await asyncio.gather(
                one.run("task-3", "> look {}\n> say One."),
                other.run("task-3", "> look {}\n> say Two."),
            )

    assert [each.result[0]["result"] for each in outcomes] == ["One.", "Two."]
    assert [len(each.all("task_end")) for each in (one, other)] == [1, 1]


async def test_equal_session_ids_of_two_users_do_not_meet(lab: Lab) -> None:
    async with lab.bob() as (_, key), lab.device(), lab.device(key=key):
        one, other = lab.constellation(), lab.constellation(key=key)
        async with one, other:
            outcomes = await asyncio.gather(
                one.run("task-3", "> say Alice's."), other.run("task-3", "> say Bob's.")
            )

    assert [each.result[0]["result"] for each in outcomes] == ["Alice's.", "Bob's."]


@pytest.mark.parametrize("how", ["stop", "vanish"])
async def test_a_lost_device_fails_its_tasks_at_once(lab: Lab, how: str) -> None:
    async with lab.device() as device, lab.constellation() as constellation:
        running = asyncio.create_task(constellation.run("task-3", PAUSED))
        await lab.model.paused.wait()
        await getattr(device, how)()
        async with asyncio.timeout(PATIENCE_S):
            outcome = await running

        assert outcome == Outcome(success=False, result=outcome.result, error=LOST)
        assert len(constellation.all("task_end")) == 1
        assert (await lab.ended())[0]["error"] == LOST


async def test_a_device_that_vanishes_in_the_middle_of_a_command(lab: Lab) -> None:
    begun = asyncio.Event()

    async def hang(_: Json) -> None:
        begun.set()
        await asyncio.sleep(60)

    agents = {"LinuxAgent": ToolServer(Tool("hang", hang))}
    async with lab.device(agents=agents) as device, lab.constellation() as constellation:
        running = asyncio.create_task(constellation.run("task-3", "> hang {}\n> say Done."))
        await begun.wait()
        await device.vanish()
        async with asyncio.timeout(PATIENCE_S):
            outcome = await running

        assert (outcome.success, outcome.error) == (False, LOST)


async def test_a_devices_own_session_ends_with_it(lab: Lab) -> None:
    async with lab.device(request=PAUSED) as device:
        await lab.model.paused.wait()
        await device.vanish()
        (session,) = await lab.ended()
        asked = len(lab.model.requests)
        lab.model.go.set()
        await lab.until_online()

    assert (session["status"], session["error"]) == ("failed", LOST)
    assert len(lab.model.requests) == asked


async def test_a_lost_constellation_cancels_its_tasks_and_nobody_is_told(lab: Lab) -> None:
    async with lab.device() as device, lab.constellation() as constellation:
        running = asyncio.create_task(constellation.run("task-3", PAUSED))
        await lab.model.paused.wait()
        await constellation.vanish()
        (session,) = await lab.ended()

        assert session["status"] == "cancelled"
        assert not (await running).success
        assert device.all("task_end") == []
        again = lab.constellation(task_name="again")
        async with again:
            assert (await again.run("task-1", HI)).success


async def test_late_results_of_a_cancelled_task_are_nothing(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register()
        async with lab.constellation() as constellation:
            running = asyncio.create_task(constellation.run("task-3", HI))
            command = await raw.hear()
            await constellation.vanish()
        (session,) = await lab.ended()
        await raw.say(
            client_message(
                "command_results",
                "continue",
                client_id="lab-7",
                session_id=command["session_id"],
                prev_response_id=command["response_id"],
                action_results=[{"status": "success", "result": []}],
            )
        )

        assert command["type"] == "command"
        assert not (await running).success
        assert await raw.quiet()
        assert await lab.sessions() == [session]
        assert session["status"] == "cancelled"


async def test_a_dispatched_task_is_one_session(lab: Lab) -> None:
    async with lab.device() as device:
        answer = await lab.dispatch(HI, task_name="disk-check")
        await lab.ended()
        about_it = [each for each in device.received if each.session_id is not None]
        result = await lab.home.get("/api/task_result/disk-check")

    (session,) = await lab.sessions()
    assert answer == {
        "status": "dispatched",
        "task_name": "disk-check",
        "client_id": "lab-7",
        "session_id": session["session_id"],
    }
    assert {each.session_id for each in about_it} == {session["session_id"]}
    assert [each.type for each in about_it][:2] == ["task", "heartbeat"]
    assert device.all("task")[0].user_request == HI
    assert result == {"status": "done", "result": [{"request": HI, "result": "Done."}]}


async def test_a_result_is_pending_until_it_is_there_and_nothing_stands_still(lab: Lab) -> None:
    async with lab.device() as device:
        await lab.dispatch(PAUSED, task_name="slow")
        await lab.model.paused.wait()
        answers = [
            await lab.home.get(f"/api/task_result/{name}") for name in ("slow", "slow", "unknown")
        ]
        before = len(device.all("heartbeat"))
        await device.send(client_message("heartbeat", client_id="lab-7"))
        await device.heard("heartbeat", before + 1)
        lab.model.go.set()
        await lab.ended()

    assert answers == [{"status": "pending"}] * 3


async def test_tasks_of_one_device_wait_for_each_other(lab: Lab) -> None:
    async with lab.device() as device, lab.constellation() as constellation:
        running = asyncio.create_task(constellation.run("task-3", PAUSED))
        await lab.model.paused.wait()
        await lab.dispatch(HI, task_name="second")
        resets_while_one_ran = device.resets
        lab.model.go.set()
        outcome = await running
        over = await lab.ended(2)

    assert outcome.success
    assert [each["status"] for each in over] == ["completed"] * 2
    assert resets_while_one_ran == 0
    sessions = [each.session_id for each in device.all("command")]
    assert sessions == sorted(sessions, key=sessions.index)
    assert len(set(sessions)) == 2


async def test_tasks_of_one_name_are_each_one_session(lab: Lab) -> None:
    async with lab.device() as device:
        answers = [await lab.dispatch(HI, task_name="twin") for _ in range(3)]
        over = await lab.ended(3)
        await device.ask(HI, "twin")
        await device.heard("task_end", 4)

    assert [each["status"] for each in over] == ["completed"] * 3
    assert {each["session_id"] for each in over} == {each["session_id"] for each in answers}
    assert [each["requester"] for each in await lab.sessions()] == ["device", *["api"] * 3]


async def test_the_next_task_of_that_name_begins_while_the_last_is_put_away(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Run._close

    async def slowly(run: Run) -> None:
        await asyncio.sleep(0.3)
        await close(run)

    monkeypatch.setattr(Run, "_close", slowly)
    async with lab.device() as device:
        for _ in range(2):
            await lab.dispatch(HI, task_name="twin")
        await device.heard("task_end", 2)

    assert [each["status"] for each in await lab.ended(2)] == ["completed"] * 2


async def test_a_waiting_line_has_an_end(lab: Lab) -> None:
    async with lab.device(), lab.constellation() as constellation:
        for number in range(40):
            await constellation.send(constellation.task(f"task-{number}", PAUSED))
        refused = await constellation.heard("task_end")
        lab.model.go.set()
        await constellation.heard("task_end", 40)

    assert (refused.status, bool(refused.error)) == ("failed", True)
    ends = [each.session_id for each in constellation.all("task_end")]
    assert set(ends) == {f"trip-planner@task-{number}" for number in range(40)}


async def test_a_person_cancels_a_task(lab: Lab) -> None:
    async with lab.device() as device, lab.constellation() as constellation:
        running = asyncio.create_task(constellation.run("task-3", PAUSED))
        await lab.model.paused.wait()
        (session,) = await lab.sessions()
        response = await lab.http.post(f"/api/sessions/{session['session_id']}/cancel")
        outcome = await running

        assert response.is_success
        assert (outcome.success, bool(outcome.error)) == (False, True)
        assert (await lab.session(session["session_id"]))["status"] == "cancelled"
        assert len(constellation.all("task_end")) == 1
        assert device.registered.is_set()
