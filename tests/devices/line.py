"""A client that is connected, without the connection."""

import asyncio
from typing import Any, Final

from smriti.core.edge import Services
from smriti.devices.hub import Hub, Peer
from smriti.devices.protocol import (
    Command,
    CommandResults,
    Dispatch,
    Result,
    Role,
    Task,
    ToDevice,
)
from smriti.devices.service import DeviceService
from smriti.devices.wire_tasks import WireTasks
from tests.patience import PATIENCE_S

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
        self._spoken = asyncio.Event()

    def send(self, message: ToDevice) -> None:
        self.sent.append(message)
        self._spoken.set()

    async def hear[M](self, kind: type[M]) -> M:
        """The first message of this kind, that was sent or will be."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for message in self.sent:
                    if isinstance(message, kind):
                        return message
                self._spoken.clear()
                await self._spoken.wait()

    def hang_up(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    async def answers(self) -> bool:
        return True


class Machine(Line):
    """A device that takes every task that it is told of, and looks around when it is to, unless it
    does not `obey`."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._tasks = services.get(WireTasks)
        self._jobs: set[asyncio.Task[None]] = set()
        self.peer: Peer | None = None
        self.obeys = True

    def send(self, message: ToDevice) -> None:
        super().send(message)
        match message:
            case Command() if self.obeys or message.actions[0].tool_name == "list_tools":
                asyncio.get_running_loop().call_soon(self._obey, message)
            case Dispatch():
                taking = self.ask(message.user_request, task_name=message.task_name)
                job = asyncio.create_task(taking)
                self._jobs.add(job)
                job.add_done_callback(self._jobs.discard)
            case _:
                return

    async def ask(self, request: str, *, task_name: str) -> None:
        """Give itself a task."""
        assert self.peer is not None
        task = Task(type="task", status="continue", request=request, task_name=task_name)
        await self._tasks.task(self.peer, task)

    def _obey(self, command: Command) -> None:
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
        self._tasks.results(self.peer, message)


def plug_in[L: Line](
    services: Services,
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
    services.get(Hub).join(peer)
    return peer, line


async def plug_in_machine(
    services: Services, client_id: str, *, owner: str = "alice@local"
) -> Machine:
    """A device that its owner is shown."""
    machine = Machine(services)
    machine.peer, _ = plug_in(services, client_id, machine, owner=owner)
    await services.get(DeviceService).seen(machine.peer)
    return machine
