"""Servers that stop, and silence that lasts: `specs/aip.md` §3, §7.3, §12, §13; with real waits."""

import asyncio
import time
from pathlib import Path

from smriti.db.table import Table
from tests.devices.lab import Lab, open_lab
from tests.devices.wire_messages import client_message
from tests.home import open_home

PAUSED = "> pause\n> say Done."


async def test_the_requester_hears_of_a_server_that_stops(table: Table, tmp_path: Path) -> None:
    async with open_lab(table, tmp_path) as lab:
        token = lab.http.headers["Authorization"].removeprefix("Bearer ")
        device, constellation = lab.device(), lab.constellation()
        device.start()
        await device.registered.wait()
        constellation.start()
        await constellation.is_ready.wait()
        running = asyncio.create_task(constellation.run("task-3", PAUSED))
        await lab.model.paused.wait()
    outcome = await running
    await device.stop()
    await constellation.stop()

    assert (outcome.success, bool(outcome.error)) == (False, True)
    async with open_home(table, tmp_path, token=token) as home:
        (session,) = (await home.get("/api/sessions"))["items"]
    assert session["status"] == "failed"
    assert session["error"] == "The server stopped while this task ran."


async def test_silence_ends_in_time(lab: Lab) -> None:
    """Four waits at once, each with the client's own end: see the tables of §12 and §13."""
    await asyncio.gather(
        _who_never_registers_is_sent_away(lab),
        _a_dead_peer_is_missed(lab),
        _a_busy_client_is_kept(lab),
        _a_device_that_does_not_take_up_a_task_gets_it_anyway(lab),
    )


async def _who_never_registers_is_sent_away(lab: Lab) -> None:
    async with lab.raw() as raw:
        since = time.monotonic()
        answer = await raw.hear_within(12)

        assert (answer["type"], answer["status"]) == ("error", "error")
        assert await raw.closed(within_s=1) in {1000, 1008}
        assert time.monotonic() - since > 8


async def _a_dead_peer_is_missed(lab: Lab) -> None:
    frozen = lab.device("frozen")
    async with frozen:
        frozen.freeze()
        await asyncio.sleep(25)
        assert "frozen" not in await lab.online()
        await frozen.vanish()


async def _a_busy_client_is_kept(lab: Lab) -> None:
    async with lab.device("kept"):
        await asyncio.sleep(26)
        assert "kept" in await lab.online()


async def _a_device_that_does_not_take_up_a_task_gets_it_anyway(lab: Lab) -> None:
    async with lab.raw() as raw:
        await raw.register("stubborn")
        answer = await lab.dispatch("> say Done.", "stubborn")
        assert (await raw.hear())["type"] == "task"
        command = await raw.hear_within(14)
        assert (command["type"], command["session_id"]) == ("command", answer["session_id"])
        await raw.say(
            client_message(
                "command_results",
                "continue",
                client_id="stubborn",
                prev_response_id=command["response_id"],
                session_id=command["session_id"],
                action_results=[{"status": "success", "result": None}],
            )
        )
        (session,) = await lab.ended()
        assert session["session_id"] == answer["session_id"]
