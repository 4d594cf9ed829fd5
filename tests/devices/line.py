"""A client that is connected, without the connection."""

import asyncio
from typing import Any, Final

from smriti.devices.hub import Hub, Peer
from smriti.devices.protocol import Command, CommandResults, Result, Role, ToDevice
from smriti.devices.sessions import Sessions
from tests.home import Home

_TOOLS: Final = [
    {
        "tool_name": "look",
        "tool_type": "action",
        "description": "Look around.",
        "input_schema": {"type": "object", "properties": {}},
    }
]


class Line:
    """Keeps what a client would be sent; hangs up at once."""

    def __init__(self) -> None:
        self.sent: list[ToDevice] = []
        self.closed: tuple[int, str] | None = None

    def send(self, message: ToDevice) -> None:
        self.sent.append(message)

    def hang_up(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    async def answers(self) -> bool:
        return True


class Machine(Line):
    """A device that does whatever it is told, which is to look."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__()
        self._sessions = sessions
        self.peer: Peer | None = None

    def send(self, message: ToDevice) -> None:
        super().send(message)
        if isinstance(message, Command):
            asyncio.get_running_loop().call_soon(self._answer, message)

    def _answer(self, command: Command) -> None:
        assert self.peer is not None
        results = [
            Result(
                status="success",
                result=_TOOLS if action.tool_name == "list_tools" else "a wall",
                call_id=action.call_id,
            )
            for action in command.actions
        ]
        message = CommandResults(
            type="command_results",
            status="continue",
            session_id=command.session_id,
            prev_response_id=command.response_id,
            action_results=results,
        )
        self._sessions.results(self.peer, message)


def plug_in[L: Line](
    home: Home,
    client_id: str,
    line: L,
    *,
    owner: str = "alice@local",
    role: Role = "device",
    system_info: dict[str, Any] | None = None,
) -> tuple[Peer, L]:
    """A client that has just registered."""
    peer = Peer(owner, client_id, role, "key", line, platform="linux")
    peer.system_info = system_info or {}
    home.services.get(Hub).join(peer)
    return peer, line
