"""Servers that stop, and silence that lasts: `specs/aip.md` §3, §7.3, §12, §13; with real waits."""

import asyncio
import time
from pathlib import Path

import pytest

from smriti.db.table import Table
from smriti.devices import toolset
from tests.devices.lab import Lab, open_lab
from tests.devices.tool_server import Tool, ToolServer, linux_tools
from tests.devices.ufo import UfoDevice
from tests.devices.wire_messages import Json
from tests.home import open_home
from tests.patience import PATIENCE_S

PAUSED = "> pause\n> say Done."
_BUSY_S = 30.0  # for what has to come after ten seconds, on a machine that has much to do


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


async def test_silence_ends_in_time(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several waits at once, each with an end of its own: see the tables of §12 and §13."""
    monkeypatch.setattr(toolset, "_GRACE_S", 20.0)
    await asyncio.gather(
        _who_never_registers_is_sent_away(lab),
        _a_dead_peer_is_missed(lab),
        _a_busy_client_is_kept(lab),
        _a_device_that_does_not_take_up_a_task_gets_it_anyway(lab),
        _a_device_that_lists_no_tools_is_waited_for_in_bounds(lab),
        _a_command_that_is_never_answered_has_an_end(lab),
    )


async def _who_never_registers_is_sent_away(lab: Lab) -> None:
    async with lab.raw() as raw:
        since = time.monotonic()
        answer = await raw.hear_within(_BUSY_S)

        assert (answer["type"], answer["status"]) == ("error", "error")
        assert await raw.closed() in {1000, 1008}
        assert time.monotonic() - since > 8


async def _a_dead_peer_is_missed(lab: Lab) -> None:
    frozen = lab.device("frozen")
    async with frozen:
        frozen.freeze()
        async with asyncio.timeout(20 + _BUSY_S):
            while "frozen" in await lab.online():  # noqa: ASYNC110 - as others see it
                await asyncio.sleep(0.5)
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
        command = await raw.hear_within(_BUSY_S)
        assert (command["type"], command["session_id"]) == ("command", answer["session_id"])


async def _a_device_that_lists_no_tools_is_waited_for_in_bounds(lab: Lab) -> None:
    silent = UfoDevice(lab.url(), "silent", agents={"NobodysAgent": linux_tools()})
    async with silent, lab.constellation("silent") as constellation:
        outcome = await constellation.run("task-1", "> say Done.", limit_s=30 + PATIENCE_S)

    assert (outcome.success, bool(outcome.error)) == (False, True)
    assert outcome.error != "Timed out"


async def _a_command_that_is_never_answered_has_an_end(lab: Lab) -> None:
    async def hang(_: Json) -> None:
        await asyncio.sleep(3600)

    agents = {"LinuxAgent": ToolServer(Tool("hang", hang))}
    plan = '> hang {"timeout": 1}\n> say It hangs.'
    async with lab.device("hanging", agents=agents), lab.constellation("hanging") as constellation:
        outcome = await constellation.run("task-1", plan, limit_s=30 + PATIENCE_S)

    assert outcome.success
    assert outcome.result[0]["result"] == "It hangs."
