"""The doubles themselves: they have the traps that `specs/aip.md` §17 tells of."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.devices.tool_server import ToolError, ToolServer, answering, linux_tools
from tests.devices.ufo import UfoConstellation, UfoDevice
from tests.devices.wire_messages import Json
from tests.patience import PATIENCE_S

ACCEPTED = {"type": "heartbeat", "status": "ok"}


class Counter:
    """A server of the simplest kind: it answers REGISTER with `answer`, and keeps what it hears."""

    def __init__(self) -> None:
        self.answer: Json = ACCEPTED
        self.heard: asyncio.Queue[Json] = asyncio.Queue()
        self.url = ""
        self.line: ServerConnection | None = None

    async def attend(self, line: ServerConnection) -> None:
        self.line = line
        await self.tell(self.answer)
        async for frame in line:
            self.heard.put_nowait(orjson.loads(frame))

    async def tell(self, message: Json) -> None:
        assert self.line is not None
        await self.line.send(orjson.dumps(message).decode())

    async def command(self, *actions: tuple[str, Json], **members: Any) -> None:
        commands = [
            {"tool_name": name, "tool_type": "action", "parameters": parameters, "call_id": name}
            for name, parameters in actions
        ]
        usual = {"type": "command", "status": "continue", "agent_name": "LinuxAgent"}
        await self.tell(
            usual | {"response_id": "r", "session_id": "s", "actions": commands} | members
        )

    async def next(self) -> Json:
        async with asyncio.timeout(PATIENCE_S):
            return await self.heard.get()

    async def results(self) -> list[Json]:
        answer = await self.next()
        assert (answer["type"], answer["prev_response_id"]) == ("command_results", "r")
        results: list[Json] = answer["action_results"]
        return results

    async def silence(self) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                raise AssertionError(await self.heard.get())


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    counter = Counter()
    async with serve(counter.attend, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        counter.url = f"ws://127.0.0.1:{port}/ws"
        yield counter


def _tools(**values: Any) -> dict[str, ToolServer]:
    return {"LinuxAgent": ToolServer(*(answering(name, it) for name, it in values.items()))}


async def test_the_first_message_is_the_answer_to_register(counter: Counter) -> None:
    counter.answer = {"type": "task", "status": "continue", "user_request": "too early"}
    device = UfoDevice(counter.url, pace=0.001)
    device.start()

    async with asyncio.timeout(PATIENCE_S):
        await device.exhausted.wait()

    assert (len(device.attempts), device.registered.is_set()) == (5, False)
    await device.stop()


async def test_a_dispatched_task_is_answered_without_the_ids_it_had(counter: Counter) -> None:
    async with UfoDevice(counter.url):
        await counter.next()
        dispatched = {
            "type": "task",
            "status": "continue",
            "user_request": "df?",
            "task_name": "df",
        }
        await counter.tell(dispatched | {"session_id": "5d", "response_id": "c1"})
        task = await counter.next()

    assert [task[name] for name in ("type", "request", "task_name", "session_id")] == [
        "task", "df?", "df", None,
    ]  # fmt: skip


async def test_what_is_empty_arrives_as_null(counter: Counter) -> None:
    empty = {"a": 0, "b": "", "c": [], "d": {}, "e": False}
    async with UfoDevice(counter.url, agents=_tools(**empty)):
        await counter.next()
        await counter.command(*[(name, {}) for name in empty])
        results = await counter.results()

    assert [(each["status"], each["result"]) for each in results] == [("success", None)] * 5


async def test_the_first_error_skips_what_comes_after_it(counter: Counter) -> None:
    async with UfoDevice(counter.url, agents=_tools(good="x", bad=ToolError("no"))):
        await counter.next()
        await counter.command(("good", {}), ("bad", {}), ("good", {}), ("", {}))
        results = await counter.results()

    assert [each["status"] for each in results] == ["success", "failure", "skipped", "skipped"]


async def test_an_unknown_tool_loses_the_whole_batch(counter: Counter) -> None:
    agents = _tools(good="x")
    async with UfoDevice(counter.url, agents=agents):
        await counter.next()
        await counter.command(("good", {}), ("magic", {}))
        await counter.silence()

    assert agents["LinuxAgent"].calls == [("good", {})]


@pytest.mark.parametrize(
    "members",
    [
        {"agent_name": "NobodysAgent"},
        {"agent_name": None},
        {"actions": [{"tool_name": "good", "tool_type": "data_collection"}]},
        {"actions": [{"tool_name": "list_tools", "tool_type": "data_collection"}]},
        {"actions": [{"tool_name": "good", "tool_type": "magic"}]},
        {"actions": [{"tool_name": "list_tools", "tool_type": "action", "parameters": {"x": 1}}]},
        {"status": "unheard of"},
    ],
)
async def test_silence(counter: Counter, members: Json) -> None:
    async with UfoDevice(counter.url, agents=_tools(good="x")):
        await counter.next()
        await counter.command(("good", {}), **members)
        await counter.silence()


async def test_no_actions_are_answered_with_no_results(counter: Counter) -> None:
    async with UfoDevice(counter.url):
        await counter.next()
        await counter.command()
        results = await counter.results()

    assert results == []


async def test_a_blocked_command_is_a_success(counter: Counter) -> None:
    async with UfoDevice(counter.url):
        await counter.next()
        key = {"api_key": "tool-secret"}
        await counter.command(
            ("execute_command", {"command": "rm -r /"} | key),
            ("execute_command", {"command": "echo hi"} | key),
            ("execute_command", {"command": "echo hi"}),
        )
        results = await counter.results()

    assert [each["status"] for each in results] == ["success", "success", "failure"]
    assert [each["result"] and each["result"]["success"] for each in results] == [False, True, None]
    assert results[2]["error"] == "Input validation error: 'api_key' is a required property"


async def test_a_tool_server_that_cannot_be_reached_is_silent_only_at_first(
    counter: Counter,
) -> None:
    tools = linux_tools()
    async with UfoDevice(counter.url, agents={"LinuxAgent": tools}):
        await counter.next()
        await counter.command(("list_tools", {}))
        await counter.results()
        tools.reachable = False
        await counter.command(("get_system_info", {"api_key": "tool-secret"}))
        assert [each["status"] for each in await counter.results()] == ["failure"]
        await counter.tell({"type": "task", "status": "continue", "user_request": "x"})
        await counter.next()
        await counter.command(("get_system_info", {"api_key": "tool-secret"}))
        await counter.silence()


async def test_a_constellation_waits_for_a_task_end_of_that_id_and_nothing_else(
    counter: Counter,
) -> None:
    async with UfoConstellation(counter.url, pace=0.01) as constellation:
        running = asyncio.create_task(constellation.run("task-3", "How full?"))
        while (task := await counter.next())["type"] != "task":
            pass
        session_id = task["session_id"]
        await counter.tell({"type": "error", "status": "error", "error": "no"})
        end = {"type": "task_end", "status": "completed", "result": []}
        await counter.tell(end | {"session_id": "another"})
        await constellation.heard("task_end")
        assert not running.done()
        await counter.tell(end | {"session_id": session_id})
        outcome = await running

    assert (session_id, outcome.success) == ("trip-planner@task-3", True)


async def test_a_constellations_heartbeats_claim_to_be_a_device(counter: Counter) -> None:
    async with UfoConstellation(counter.url, pace=0.1):
        said = [await counter.next() for _ in range(3)]

    assert [(each["type"], each["client_type"]) for each in said] == [
        ("register", "constellation"),
        ("device_info_request", "constellation"),
        ("heartbeat", "device"),
    ]
