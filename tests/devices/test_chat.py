"""Chat agents that hand tasks to devices."""

import asyncio

import pytest

from smriti.devices.chat import NO_DEVICES
from smriti.devices.hub import Hub
from smriti.llm.types import ToolResult
from tests.devices.chatting import (
    ANSWER,
    LOOKS,
    REPORT,
    approval_of,
    calls,
    decide,
    hands_over,
    looks,
    only_session,
    plugged_in,
    talk,
    until_sent,
)
from tests.home import Home, spoken, types_of
from tests.turns.attaching import attach, numbered_events, path_of, turns_of


async def test_a_task_is_done_on_a_device_and_its_course_is_told(home: Home) -> None:
    conversation = await talk(home)
    await plugged_in(home)
    model = home.script(hands_over(), LOOKS, REPORT, ANSWER)

    events = await home.say(conversation, "What is there?")

    shown = [event for event in events if event["event_type"] != "LIFECYCLE_NOTIFICATION"]
    assert types_of(shown) == [
        *("MESSAGE_SAVED", "TOOL_CALL_START"),
        *["DEVICE_EVENT"] * 3,
        *("TOOL_CALL_RESULT", "AGENT_RESPONSE_TO_USER", "STREAM_COMPLETE"),
    ]
    session = await only_session(home)
    told = [event for event in shown if event["event_type"] == "DEVICE_EVENT"]
    assert {(e["session_id"], e["client_id"]) for e in told} == {(session["session_id"], "lab-7")}
    assert [(e["device_event"], e["tool_name"], e["success"]) for e in told] == [
        ("LIFECYCLE_NOTIFICATION", None, None),
        ("TOOL_CALL_START", "look", None),
        ("TOOL_CALL_RESULT", "look", True),
    ]
    assert spoken(events) == "A wall, it says."
    (result,) = [p for p in model.requests[-1].messages[-1].parts if isinstance(p, ToolResult)]
    assert result.text == '<device_output device="lab-7">\nThere is a wall.\n</device_output>'
    agent_id = conversation["agent_id"]
    assert (session["requester"], session["requester_id"]) == ("agent", agent_id)


async def test_two_devices_work_at_once(home: Home) -> None:
    conversation = await talk(home)
    lines = [await plugged_in(home, name) for name in ("lab-7", "attic")]
    first, second = hands_over("1"), hands_over("2", device="attic")
    model = home.script([first[0], *second], REPORT, REPORT, ANSWER)

    await home.say(conversation, "Look everywhere!")

    results = [p for p in model.requests[-1].messages[-1].parts if isinstance(p, ToolResult)]
    assert [result.text.splitlines()[0] for result in results] == [
        '<device_output device="lab-7">',
        '<device_output device="attic">',
    ]
    assert all(line.sent for line in lines)


@pytest.mark.parametrize("architecture", ["krishna-memgpt", "krishna-mini", "krishna-device"])
async def test_every_architecture_can_do_it(home: Home, architecture: str) -> None:
    conversation = await talk(home, agent_architecture=architecture)
    await plugged_in(home)
    home.script(hands_over(), REPORT, ANSWER)

    assert spoken(await home.say(conversation, "Look!")) == "A wall, it says."


async def test_only_an_agent_with_the_capability_has_the_tools(home: Home) -> None:
    able = await talk(home)
    unable = await talk(home, agent_name="Other", capabilities=[])

    tools = [
        set((await home.get(f"/conversations/{one['conversation_id']}/context"))["tools"])
        for one in (able, unable)
    ]

    assert tools[0] - tools[1] == {"device_list", "device_task"}


async def test_devices_are_listed_with_what_is_known_of_them(home: Home) -> None:
    conversation = await talk(home)
    gone = await plugged_in(home, "attic")
    await plugged_in(home)
    assert gone.peer is not None
    home.services.get(Hub).leave(gone.peer)
    await home.client.patch("/devices/lab-7", json={"label": "The laptop"})
    home.script(calls("device_list"), ANSWER)

    events = await home.say(conversation, "What is there?")

    listed = next(e["content"] for e in events if e["event_type"] == "TOOL_CALL_RESULT")
    first, second = listed.splitlines()
    assert first == '- lab-7 "The laptop": online, linux'
    assert second.startswith("- attic: offline since 20")


@pytest.mark.parametrize("device", ["attic", "bobs"])
async def test_a_task_for_no_device_of_ones_own_fails(home: Home, device: str) -> None:
    conversation = await talk(home)
    await plugged_in(home)
    async with home.sign_up("bob"):
        pass
    home.script(hands_over(device=device), ANSWER)

    events = await home.say(conversation, "Look!")

    (result,) = [e for e in events if e["event_type"] == "TOOL_CALL_RESULT"]
    assert (result["success"], result["content"].split(",")[0]) == (
        False,
        f"There is no device '{device}'",
    )


async def test_a_device_is_found_by_its_label(home: Home) -> None:
    conversation = await talk(home)
    await plugged_in(home)
    await home.client.patch("/devices/lab-7", json={"label": "The Laptop"})
    home.script(hands_over(device="the laptop"), REPORT, ANSWER)

    await home.say(conversation, "Look!")

    assert (await only_session(home))["client_id"] == "lab-7"


async def test_without_devices_the_agent_learns_how_to_connect_one(home: Home) -> None:
    conversation = await talk(home)
    home.script(calls("device_list"), ANSWER)

    events = await home.say(conversation, "What is there?")

    assert NO_DEVICES in [event["content"] for event in events]


async def test_a_device_that_is_away_or_lost_is_a_failure_that_the_model_hears(home: Home) -> None:
    conversation = await talk(home)
    line = await plugged_in(home)
    assert line.peer is not None
    hub = home.services.get(Hub)
    line.obeys = False
    home.script(hands_over("1"), LOOKS, hands_over("2"), ANSWER)
    saying = asyncio.create_task(home.say(conversation, "Look!"))
    await until_sent(line)
    hub.leave(line.peer)

    results = [e for e in await saying if e["event_type"] == "TOOL_CALL_RESULT"]

    assert [(e["success"], e["content"]) for e in results] == [
        (
            False,
            "The task on lab-7 was not done. Task was cancelled because target device disconnected",
        ),
        (False, "lab-7 is not online."),
    ]


async def test_cancelling_the_turn_cancels_its_session(home: Home) -> None:
    conversation = await talk(home)
    line = await plugged_in(home)
    line.obeys = False
    home.script(hands_over(), LOOKS)
    saying = asyncio.create_task(home.say(conversation, "Look!"))
    await until_sent(line)
    (turn,) = await turns_of(home, conversation)

    await home.post(path_of(conversation, turn["turn_id"], "/cancel"), {})
    events = await saying

    assert events[-1]["finish_reason"] == "cancelled"
    assert (await only_session(home))["status"] == "cancelled"


async def test_deleting_the_conversation_cancels_its_session(home: Home) -> None:
    conversation = await talk(home)
    await plugged_in(home, asks=True)
    home.script(hands_over(), LOOKS)
    saying = asyncio.create_task(home.say(conversation, "Look!"))
    await approval_of(home)

    await home.client.delete(f"/conversations/{conversation['conversation_id']}")
    await saying

    assert (await only_session(home))["status"] == "cancelled"


@pytest.mark.parametrize(("approve", "sent_once"), [(True, 1), (False, 0)])
async def test_a_command_waits_for_a_person(home: Home, approve: bool, sent_once: int) -> None:
    conversation = await talk(home)
    line = await plugged_in(home, asks=True)
    home.script(hands_over(), LOOKS, REPORT, ANSWER)
    saying = asyncio.create_task(home.say(conversation, "Look!"))
    approval = await approval_of(home)

    other = await home.send(conversation, {"content": "And?"})
    wrong = await decide(home, conversation, {"approval_id": "another"})
    status = await decide(home, conversation, approval, approve=approve)
    events = await saying
    again = await decide(home, conversation, approval)

    assert (other.status_code, other.json()["type"]) == (409, "/problems/approval-pending")
    assert (wrong, status, again) == (409, 200, 409)
    (asked,) = [e for e in events if e["event_type"] == "APPROVAL_REQUIRED"]
    session = await only_session(home)
    assert {name: asked[name] for name in ("approval_id", "session_id", "client_id")} == {
        "approval_id": approval["approval_id"],
        "session_id": session["session_id"],
        "client_id": "lab-7",
    }
    assert (asked["tool_name"], asked["tool_args"]) == ("look", {})
    assert len(looks(line)) == sent_once
    assert spoken(events) == "A wall, it says."
    assert (await home.send(conversation, {"content": "And?"})).status_code == 200


async def test_nobody_else_approves(home: Home) -> None:
    conversation = await talk(home)
    await plugged_in(home, asks=True)
    home.script(hands_over(), LOOKS, REPORT, ANSWER)
    saying = asyncio.create_task(home.say(conversation, "Look!"))
    approval = await approval_of(home)
    (turn,) = await turns_of(home, conversation)
    path = path_of(conversation, turn["turn_id"], "/approvals")

    async with home.sign_up("bob") as bob:
        body = {"approval_id": approval["approval_id"], "approve": True}
        refused = await bob.post(path, json=body)
    await decide(home, conversation, approval)
    await saying

    assert refused.status_code == 404


async def test_a_reader_who_comes_meanwhile_hears_what_waits(home: Home) -> None:
    conversation = await talk(home)
    await plugged_in(home, asks=True)
    home.script(hands_over(), LOOKS, REPORT, ANSWER)
    saying = asyncio.create_task(home.say(conversation, "Look!"))
    approval = await approval_of(home)
    (turn,) = await turns_of(home, conversation)
    reading = asyncio.create_task(attach(home, conversation, turn["turn_id"]))
    await asyncio.sleep(0)
    await decide(home, conversation, approval)

    events = numbered_events((await reading).text)

    assert "APPROVAL_REQUIRED" in types_of(events)
    assert types_of(events) == types_of(await saying)
