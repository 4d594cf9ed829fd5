"""Agents in chats that work on devices, with machines that are plugged in and a scripted model."""

from typing import Any, Final

from smriti.devices.models import DeviceUpdate
from smriti.devices.protocol import Command
from smriti.devices.service import DeviceService
from smriti.llm.provider import CallRequested, Finished, ProviderEvent, TextChunk
from smriti.llm.types import ToolCall
from tests.devices.line import Machine, plug_in
from tests.home import Home
from tests.turns.attaching import path_of, turns_of, until

type Json = dict[str, Any]

REPORT: Final = (TextChunk("There is a wall."), Finished("stop"))
ANSWER: Final = (TextChunk("A wall, it says."), Finished("stop"))


def calls(name: str, call_id: str = "1", **arguments: Any) -> list[ProviderEvent]:
    """A reply that calls one tool."""
    call = ToolCall(call_id=call_id, name=name, arguments=arguments)
    return [CallRequested(call), Finished("tool_calls")]


def hands_over(call_id: str = "1", device: str = "lab-7") -> list[ProviderEvent]:
    return calls("device_task", call_id, device=device, request="Look around.")


LOOKS: Final = calls("look", "l1")


async def talk(home: Home, **agent: Any) -> Json:
    """A conversation with an agent that may work on devices."""
    await home.post("/settings/providers/OpenAI", {"base_url": "http://m.test/v1", "model": "m"})
    values = {"agent_provider": "OpenAI", "agent_model": "m", "capabilities": ["devices"]}
    return await home.conversation(await home.agent(**values | agent), title="Work")


async def plugged_in(home: Home, client_id: str = "lab-7", *, asks: bool = False) -> Machine:
    """A device that is known; with `asks`, its owner wants to approve commands."""
    line = Machine(home.services)
    line.peer, _ = plug_in(home.services, client_id, line)
    devices = home.services.get(DeviceService)
    await devices.seen(line.peer)
    if asks:
        await devices.update("alice@local", client_id, DeviceUpdate(ask_before_commands=True))
    return line


def looks(line: Machine) -> list[Command]:
    """The commands to look around that it was sent."""
    commands = [message for message in line.sent if isinstance(message, Command)]
    return [command for command in commands if command.actions[0].tool_name == "look"]


async def until_sent(line: Machine) -> None:
    async def was_sent() -> bool:
        return bool(looks(line))

    await until(was_sent)


async def only_session(home: Home) -> Json:
    (session,) = (await home.get("/api/sessions"))["items"]
    return dict(session)


async def approval_of(home: Home) -> Json:
    """What the only session waits for."""
    found: list[Json] = []

    async def waits() -> bool:
        sessions = (await home.get("/api/sessions"))["items"]
        found[:] = [each["approval"] for each in sessions if each["approval"]]
        return bool(found)

    await until(waits)
    return found[0]


async def decide(home: Home, conversation: Json, approval: Json, *, approve: bool = True) -> int:
    """The status of the answer."""
    (turn, *_) = await turns_of(home, conversation)
    body = {"approval_id": approval["approval_id"], "approve": approve, "note": "Take care."}
    path = path_of(conversation, turn["turn_id"], "/approvals")
    return (await home.client.post(path, json=body)).status_code
