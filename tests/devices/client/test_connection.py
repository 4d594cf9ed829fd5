"""What a device says, over a real WebSocket."""

import pytest

from smriti.devices.client.connection import MOST_WAITING
from smriti.devices.protocol import FROM_DEVICE
from tests.devices.client.aip_server import Line, task_end


async def test_a_device_registers_with_what_it_is(line: Line) -> None:
    message = line.register

    assert FROM_DEVICE.validate_python(message).type == "register"
    assert (message["type"], message["status"]) == ("register", "ok")
    assert (message["client_type"], message["client_id"]) == ("device", "lab-7")
    info = message["metadata"]["system_info"]
    assert message["metadata"]["platform"] == info["platform"]
    assert (info["device_id"], info["ip_address"]) == ("lab-7", "127.0.0.1")
    assert info["cpu_count"] > 0


async def test_tools_are_listed_as_clients_of_this_protocol_do(line: Line) -> None:
    result = await line.call("list_tools", tool_type="action")

    tools = {tool["tool_name"]: tool for tool in result["result"]}
    assert list(tools) == [
        "execute_command",
        "get_system_info",
        "read_file",
        "list_directory",
        "write_file",
    ]
    listed = tools["execute_command"]
    assert listed["tool_key"] == "action::execute_command"
    assert set(listed) == {
        *("tool_key", "tool_name", "title", "namespace", "tool_type", "description"),
        *("input_schema", "output_schema", "meta", "annotations"),
    }
    assert listed["input_schema"]["required"] == ["command"]


@pytest.mark.parametrize("wanted", [{"tool_type": "data_collection"}, {"namespace": "Other"}])
async def test_tools_of_another_kind_are_none(line: Line, wanted: dict[str, str]) -> None:
    assert (await line.call("list_tools", **wanted))["result"] == []


async def test_results_are_correlated_with_their_command(line: Line) -> None:
    await line.command({"tool_name": "execute_command", "parameters": {"command": "echo hello"}})

    answer = await line.heard()

    assert FROM_DEVICE.validate_python(answer).client_id == "lab-7"
    assert (answer["type"], answer["status"]) == ("command_results", "continue")
    assert (answer["prev_response_id"], answer["session_id"]) == ("r1", "s1")
    (result,) = answer["action_results"]
    assert (result["status"], result["call_id"]) == ("success", "c0")
    assert result["result"] == "exit code: 0\nstdout:\nhello"


async def test_after_a_failure_the_rest_is_skipped(line: Line) -> None:
    await line.command({"tool_name": ""}, {"tool_name": "fly"}, {"tool_name": "get_system_info"})

    results = (await line.heard())["action_results"]

    assert [result["status"] for result in results] == ["success", "failure", "skipped"]
    assert results[0]["result"] == "No action taken."
    assert "There is no tool 'fly'" in results[1]["error"]


async def test_a_message_without_commands_is_answered_with_no_results(line: Line) -> None:
    await line.command()

    assert (await line.heard())["action_results"] == []


async def test_what_is_no_message_is_passed_over(line: Line) -> None:
    for frame in ("}", "[]", '{"type":"dance","status":"ok"}', b"\x00\xff"):
        await line.socket.send(frame)

    assert (await line.call("get_system_info"))["status"] == "success"


async def test_a_binary_frame_with_a_message_is_taken(line: Line) -> None:
    command = b'{"type":"command","status":"continue","agent_name":"LinuxAgent","task_name":"t",'
    await line.socket.send(command + b'"response_id":"r9","actions":[]}')

    assert (await line.heard())["prev_response_id"] == "r9"


async def test_a_dispatched_task_is_asked_for_under_its_name(line: Line) -> None:
    await line.send(
        {
            "type": "task",
            "status": "continue",
            "user_request": "How full is the disk?",
            "task_name": "disk-check",
            "session_id": "s9",
        }
    )

    task = await line.heard()

    assert FROM_DEVICE.validate_python(task).client_id == "lab-7"
    assert (task["type"], task["task_name"]) == ("task", "disk-check")
    assert (task["request"], task["session_id"]) == ("How full is the disk?", None)


async def test_commands_wait_for_each_other(line: Line) -> None:
    for number, seconds in enumerate(("0.3", "0")):
        action = {"tool_name": "execute_command", "parameters": {"command": f"sleep {seconds}"}}
        await line.command(action, response_id=f"r{number}")

    assert [(await line.heard())["prev_response_id"] for _ in range(2)] == ["r0", "r1"]


async def test_a_task_that_ends_stops_its_commands_and_no_others(line: Line) -> None:
    sleep = {"tool_name": "execute_command", "parameters": {"command": "sleep 60"}}
    await line.command(sleep, session="ended")
    await line.command(sleep, session="ended")
    await line.command({"tool_name": "get_system_info"}, response_id="r2", session="other")

    await line.send(task_end("ended"))

    assert (await line.heard())["prev_response_id"] == "r2"


async def test_too_many_commands_are_refused(line: Line) -> None:
    sleep = {"tool_name": "execute_command", "parameters": {"command": "sleep 60"}}
    for number in range(MOST_WAITING + 1):
        await line.command(sleep, response_id=f"r{number}", session="s2")

    refused = await line.heard()

    assert refused["prev_response_id"] == f"r{MOST_WAITING}"
    assert refused["action_results"][0]["status"] == "failure"
