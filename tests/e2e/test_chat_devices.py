"""A server that is killed while a person is asked whether a command may run on her machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.devices.in_thread import connected
from tests.devices.tool_server import ToolServer, answering
from tests.devices.ufo import UfoDevice
from tests.e2e.server import Caller, Json, ServerProcess, spoken
from tests.e2e.test_crashes import heard_until
from tests.fakes.faulty_model import FaultyModel, tool_calls

TASK = {"device": "lab-7", "request": "Which system is this? [say:It is Linux.]"}


@contextmanager
def machine(server: ServerProcess, key: str) -> Iterator[ToolServer]:
    """UFO's device client, registered, in a thread of its own; what its tools were asked."""
    tools = ToolServer(answering("uname", "Linux"))
    url = f"{server.url.replace('http', 'ws', 1)}/ws?token={key}"
    with connected(UfoDevice(url, agents={"LinuxAgent": tools})):
        yield tools


def device_talk(owner: Caller, model: FaultyModel) -> tuple[Json, str]:
    """A conversation whose first question leads to one command on `lab-7`, and a key for that."""
    owner.post("/settings/providers/OpenAI", {"base_url": model.url, "model": "stub"})
    made: Json = owner.post("/devices/keys", {"name": "Lab", "kind": "device"})
    agent = owner.agent(agent_provider="OpenAI", capabilities="devices")
    model.script(
        tool_calls({"name": "device_task", "arguments": TASK}),
        tool_calls({"name": "uname", "arguments": {}}),
    )
    return owner.conversation(agent), made["key"]


def test_a_killed_server_asks_on_and_runs_the_command_once(tmp_path: Path) -> None:
    with FaultyModel().running() as model, ServerProcess.running(tmp_path / "data") as server:
        with server.owner() as owner:
            talk, key = device_talk(owner, model)
            with machine(server, key) as before:
                owner.http.patch("/devices/lab-7", json={"ask_before_commands": True})
                heard = heard_until(owner, talk, "Well? [say:Linux.]", b"APPROVAL_REQUIRED")
                server.kill()
        server.restart()
        with server.owner() as owner, machine(server, key) as after:
            asked = heard[-1]
            turn = f"/conversations/{talk['conversation_id']}/turns/{asked['turn_id']}"
            decision = {"approval_id": asked["approval_id"], "approve": True}
            owner.post(f"{turn}/approvals", decision)
            rest = owner.rest(talk, asked)
            session = owner.get(f"/api/sessions/{asked['session_id']}")
            ended = owner.get(turn)

    assert spoken(rest) == "Linux."
    assert (rest[0]["event_type"], rest[-1]["event_type"]) == ("TURN_RESUMED", "STREAM_COMPLETE")
    assert (session["status"], session["result"]) == ("completed", "It is Linux.")
    assert ended["status"] == "complete"
    assert [tools.calls.count(("uname", {})) for tools in (before, after)] == [0, 1]
