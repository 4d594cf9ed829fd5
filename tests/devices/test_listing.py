"""The tools that devices list, made fit for a model."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.core.clock import utc_now
from smriti.devices import listing
from smriti.devices.channel import Channel
from smriti.devices.hub import Peer
from smriti.devices.listing import MOST_TOOLS, DeviceTool, tools_of
from smriti.devices.models import DeviceSession
from smriti.devices.protocol import Command, CommandResults, Result, ToDevice


class Lister:
    """A line to a device that only lists its tools; None: it is silent."""

    def __init__(self, *answers: Any) -> None:
        self.channel = Channel()
        self.commands: list[Command] = []
        self._answers = list(answers)

    def send(self, message: ToDevice) -> None:
        assert isinstance(message, Command)
        self.commands.append(message)
        answer = self._answers.pop(0)
        if answer is not None:
            results = CommandResults(
                type="command_results",
                status="continue",
                prev_response_id=message.response_id,
                action_results=[Result(status="success", result=answer)],
            )
            self.channel.answer(self.peer, results)

    def hang_up(self, code: int, reason: str) -> None:
        return

    async def answers(self) -> bool:
        return True

    async def tools(self, platform: str = "linux") -> dict[str, DeviceTool]:
        self.peer = Peer("alice", "lab-7", "device", "key", self, platform=platform)
        session = DeviceSession(
            client_id="lab-7",
            task_name="t",
            request="Go.",
            requester="api",
            created_by="alice",
            alive_until=utc_now(),
        )
        return await tools_of(self.peer, self.channel, session, reserved=["task_failed"])


def tool(name: str, **values: Any) -> dict[str, Any]:
    return {"tool_name": name, "tool_type": "action", "namespace": "n"} | values


@pytest.mark.parametrize(
    ("platform", "agents", "kinds"),
    [
        ("linux", ("LinuxAgent",), ("action",)),
        ("macos", ("LinuxAgent",), ("action",)),
        ("Windows", ("HostAgent", "AppAgent"), ("action", "data_collection")),
        ("mobile", ("MobileAgent",), ("action", "data_collection")),
        ("android", ("MobileAgent",), ("action", "data_collection")),
        ("hardware", ("HardwareAgent",), ("action",)),
        ("beos", ("LinuxAgent",), ("action",)),
    ],
)
async def test_every_platform_is_asked_as_its_client_expects(
    platform: str, agents: tuple[str, ...], kinds: tuple[str, ...]
) -> None:
    lister = Lister(*[[]] * 4)

    await lister.tools(platform)

    assert [(command.agent_name, command.actions[0].parameters) for command in lister.commands] == [
        (agent, {"tool_type": kind}) for agent in agents for kind in kinds
    ]


async def test_tools_of_several_agents_keep_their_agent_and_their_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "_FURTHER_LISTING_S", 0.01)
    look = tool("look", tool_type="data_collection")
    lister = Lister([tool("click"), tool("list_tools")], [look], None, [tool("click"), look])

    tools = await lister.tools("windows")

    assert {
        name: (found.agent_name, found.tool_name, found.tool_type) for name, found in tools.items()
    } == {
        "click": ("HostAgent", "click", "action"),
        "look": ("HostAgent", "look", "data_collection"),
    }


async def test_names_are_made_fit_and_stay_apart() -> None:
    lister = Lister([tool("disk.free"), tool("disk/free"), tool("task_failed"), tool("é" * 100)])

    tools = await lister.tools()

    assert {name: found.tool_name[:12] for name, found in tools.items()} == {
        "disk_free": "disk.free",
        "disk_free_2": "disk/free",
        "task_failed_2": "task_failed",
        "_" * 60: "é" * 12,
    }


async def test_what_is_no_tool_is_left_out_and_there_are_not_too_many() -> None:
    broken = [None, 3, {}, {"tool_name": ""}, tool("x", tool_type="magic"), tool("a" * 300)]
    lister = Lister([*broken, *[tool(f"t{number}") for number in range(200)]])

    tools = await lister.tools()

    assert list(tools) == [f"t{number}" for number in range(MOST_TOOLS)]


async def test_a_schema_that_is_too_long_is_left_open() -> None:
    schema = {"properties": {f"p{number}": {"type": "string"} for number in range(2000)}}
    lister = Lister([tool("t", input_schema=schema)])

    tools = await lister.tools()

    assert tools["t"].spec.parameters == {"type": "object", "properties": {}}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("tool_name", "tool_type", "description", "input_schema", "properties"),
                    *("required", "type", "api_key", "x"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_json)
async def test_no_listing_breaks_anything(answer: Any) -> None:
    tools = await Lister([answer] if answer is not None else []).tools()

    for name, found in tools.items():
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name)
        assert found.spec.parameters["type"] == "object"
        assert "api_key" not in found.spec.parameters["properties"]
        assert "api_key" not in found.spec.parameters.get("required", [])
