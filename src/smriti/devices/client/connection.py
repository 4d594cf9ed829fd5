"""One connection of a device to its server: registers, beats, and answers commands in order."""

import asyncio
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError
from websockets.asyncio.client import ClientConnection

from smriti.core.clock import new_id
from smriti.devices.client.desk import Desk, Tell
from smriti.devices.client.machine import system_info
from smriti.devices.protocol import (
    Ack,
    Action,
    Command,
    CommandResults,
    DeviceInfo,
    Dispatch,
    Heartbeat,
    Refusal,
    Register,
    RegisterMetadata,
    Result,
    Task,
    TaskEnd,
    ToDevice,
)

HEARTBEAT_S: Final = 120.0
MOST_WAITING: Final = 64
"""Messages with commands that wait for the one before; more are refused."""

_ANSWER_S: Final = 30.0
_MESSAGE: Final[TypeAdapter[ToDevice]] = TypeAdapter(
    Annotated[
        Ack | Refusal | DeviceInfo | Dispatch | Command | TaskEnd, Field(discriminator="type")
    ]
)


class NotRegistered(Exception):
    """The server does not take this device; its words."""


class Connection:
    """When it ends, so does what it was told to do: nobody would hear of the results."""

    def __init__(self, socket: ClientConnection, client_id: str, desk: Desk, tell: Tell) -> None:
        self._socket = socket
        self._client_id = client_id
        self._desk = desk
        self._tell = tell
        self._turn = asyncio.Lock()  # the commands of one message at a time, as they arrived
        self._work: dict[asyncio.Task[None], str | None] = {}

    async def register(self) -> None:
        """`NotRegistered`, `TimeoutError`. The first message that comes is the answer."""
        info = system_info(self._client_id, str(self._socket.local_address[0]))
        metadata = RegisterMetadata(platform=info["platform"], system_info=info)
        await self._send(
            Register(
                type="register",
                status="ok",
                client_type="device",
                client_id=self._client_id,
                metadata=metadata,
            )
        )
        async with asyncio.timeout(_ANSWER_S):
            frame = await self._socket.recv()
        match _parsed(frame):
            case Ack():
                return
            case Refusal(error=text):
                raise NotRegistered(text)
            case _:
                raise NotRegistered("it does not speak this protocol")

    async def serve(self) -> None:
        """Until it is closed: `ConnectionClosed`."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beat())
                while True:
                    await self._hear(await self._socket.recv(), group)
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await self._send(
                Heartbeat(
                    type="heartbeat", status="ok", client_type="device", client_id=self._client_id
                )
            )

    async def _hear(self, frame: str | bytes, group: asyncio.TaskGroup) -> None:
        match _parsed(frame):
            case Command() as command if len(self._work) >= MOST_WAITING:
                await self._answer(command, [_busy(action) for action in command.actions])
            case Command() as command:
                task = group.create_task(self._carry_out(command))
                self._work[task] = command.session_id
                task.add_done_callback(self._work.pop)
            case Dispatch(user_request=request, task_name=name):
                await self._ask_for(request, name)
            case TaskEnd(session_id=session_id):
                for task in [task for task, of in self._work.items() if of == session_id]:
                    task.cancel()
            case Refusal(error=text):
                self._tell(f"The server says: {text}")
            case Ack() | DeviceInfo() | None:
                pass

    async def _carry_out(self, command: Command) -> None:
        async with self._turn:
            results = await self._desk.carry_out(command.actions)
        await self._answer(command, results)

    async def _answer(self, command: Command, results: list[Result]) -> None:
        await self._send(
            CommandResults(
                type="command_results",
                status=command.status,
                client_type="device",
                client_id=self._client_id,
                session_id=command.session_id,
                prev_response_id=command.response_id,
                request_id=new_id(),
                action_results=results,
            )
        )

    async def _ask_for(self, request: str, task_name: str) -> None:
        """A task that came from elsewhere is asked for by its device, under the same name."""
        self._tell(f"Task {task_name!r}: {request}")
        await self._send(
            Task(
                type="task",
                status="continue",
                client_type="device",
                client_id=self._client_id,
                request=request,
                task_name=task_name,
                request_id=new_id(),
            )
        )

    async def _send(self, message: Register | Heartbeat | Task | CommandResults) -> None:
        await self._socket.send(message.model_dump_json())


def _parsed(frame: str | bytes) -> ToDevice | None:
    """What is no message is nothing."""
    try:
        return _MESSAGE.validate_json(frame)
    except ValidationError:
        return None


def _busy(action: Action) -> Result:
    text = "Too many commands wait on this device."
    return Result(status="failure", call_id=action.call_id, error=text)
