"""One WebSocket from its acceptance to its end: a client registers, then it is heard in order."""

import asyncio
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog
from starlette.websockets import WebSocket

from smriti.auth.keys.models import ApiKey
from smriti.core.errors import AppError
from smriti.devices.hub import Hub, Peer
from smriti.devices.large import Reader
from smriti.devices.line import LineEnded, SocketLine
from smriti.devices.orders import TaskDesk
from smriti.devices.pace import Pace
from smriti.devices.protocol import (
    Ack,
    ClientError,
    ClientTaskEnd,
    CommandResults,
    DeviceInfo,
    DeviceInfoRequest,
    DeviceInfoResponse,
    FromDevice,
    Heartbeat,
    Refusal,
    Register,
    Task,
    TaskEnd,
    Unreadable,
)
from smriti.devices.registration import Refused, clear_the_way, peer_of, registration

REGISTER_S: Final = 10.0

log = structlog.get_logger()


class DeviceBook(Protocol):
    """Keeps what devices say of themselves."""

    async def seen(self, peer: Peer) -> None:
        """A device has registered."""
        ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a connection hands on to."""

    hub: Hub
    desk: TaskDesk
    book: DeviceBook
    reader: Reader = field(default_factory=Reader)


class Connection:
    """A client that came with `key`. All that it may ever claim is bound when it registers."""

    def __init__(self, socket: WebSocket, key: ApiKey, exchange: Exchange) -> None:
        self._socket = socket
        self.key = key
        self._hub = exchange.hub
        self._desk = exchange.desk
        self._book = exchange.book
        self._reader = exchange.reader
        self._pace = Pace()
        self.line = SocketLine(socket)
        self._peer: Peer | None = None

    async def run(self) -> None:
        """Until the client has gone, or was sent away."""
        await self._socket.accept()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.line.run())
                await self._talk()
        except* LineEnded:
            pass
        finally:
            if self._peer is not None and self._hub.leave(self._peer):
                log.info("client.left", client_id=self._peer.client_id)

    async def _talk(self) -> None:
        """Register and listen. Whoever is refused is told; then the line closes itself."""
        try:
            async with asyncio.timeout(REGISTER_S):
                frame = await self._frame()
            peer = await self._register(registration(frame))
        except TimeoutError:
            self._send_away(f"No REGISTER came within {REGISTER_S:.0f} seconds.")
        except AppError as refusal:
            self._send_away(refusal.detail)
        else:
            await self._note(peer)
            while True:
                await self._hear(peer, await self._frame())

    async def _frame(self) -> str | bytes:
        """The next frame, text or binary; `LineEnded` when there is none."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect" or self.line.closing:
            raise LineEnded
        await self._pace.step()
        text: str | None = message.get("text")
        return text if text is not None else message["bytes"]

    def _send_away(self, reason: str) -> None:
        log.info("client.refused", key_id=self.key.key_id, reason=reason)
        self.line.send(Refusal(error=reason))
        self.line.finish(1000, "Not registered.")

    async def _register(self, asked: Register) -> Peer:
        """`Refused`, `ClientIdTaken`, `TooManyClients`."""
        peer = peer_of(asked, self.key, self.line)
        await clear_the_way(self._hub, self.key, peer)
        self._peer = peer  # first, so that whatever happens now, the id is given back
        self._hub.join(peer)
        log.info("client.registered", client_id=peer.client_id, role=peer.role)
        return peer

    async def _note(self, peer: Peer) -> None:
        if peer.role != "device":
            return
        try:
            await self._book.seen(peer)
        except Exception:
            log.exception("device.not_noted", client_id=peer.client_id)

    async def _hear(self, peer: Peer, frame: str | bytes) -> None:
        try:
            message = await self._reader.read(frame)
        except Unreadable as unreadable:
            if not unreadable.is_error:
                _refuse(peer, str(unreadable), unreadable.task_session_id)
            return
        session_id = message.session_id if isinstance(message, Task) else None
        try:
            _check_identity(peer, message)
            await self._answer(peer, message)
        except AppError as error:
            _refuse(peer, error.detail, session_id)
        except Exception:
            log.exception("client.message_failed", client_id=peer.client_id, type=message.type)
            _refuse(peer, "The server failed at this message.", session_id)

    async def _answer(self, peer: Peer, message: FromDevice) -> None:
        match message:
            case Heartbeat():
                peer.send(Ack())
            case CommandResults():
                self._desk.results(peer, message)
            case Task():
                _check_task(peer, message)
                await self._desk.task(peer, message)
            case DeviceInfoRequest():
                self._inform(peer, message)
            case Register():
                raise Refused("You are registered already.")
            case ClientTaskEnd():
                raise Refused("TASK_END is for the server to say.")
            case DeviceInfoResponse() | ClientError():
                return

    def _inform(self, peer: Peer, message: DeviceInfoRequest) -> None:
        if peer.role != "constellation" or peer.target_id is None:
            raise Refused("DEVICE_INFO_REQUEST is permitted only for constellation clients")
        if message.target_id not in {None, peer.target_id}:
            raise Refused("Not authorized to request device info for this device")
        device = self._hub.device(peer.owner, peer.target_id)
        info = dict(device.system_info) if device is not None else {}
        if not info:
            text = f"Device {peer.target_id} not found or no system info available"
            info = {"error": text}
        answer = DeviceInfo(result=info)
        if message.request_id is not None:
            answer.response_id = message.request_id
        peer.send(answer)


def _check_identity(peer: Peer, message: FromDevice) -> None:
    """`Refused`. A constellation's heartbeats say that it is a device."""
    if message.client_id not in {None, peer.client_id}:
        raise Refused(f"You are registered as '{peer.client_id}', and speak for nobody else.")
    if message.client_type not in {None, peer.role} and not isinstance(message, Heartbeat):
        raise Refused(f"You are registered as a {peer.role}.")


def _check_task(peer: Peer, task: Task) -> None:
    if peer.role == "device" and task.target_id not in {None, peer.client_id}:
        raise Refused("A device may give tasks to nobody but itself.")
    if peer.role == "constellation" and task.target_id != peer.target_id:
        raise Refused(f"You may give tasks to your target, '{peer.target_id}', and name it.")


def _refuse(peer: Peer, reason: str, task_session_id: str | None) -> None:
    """Say no. A constellation waits for the TASK_END of its task whatever else it hears."""
    peer.send(Refusal(error=reason))
    if task_session_id is not None and peer.role == "constellation":
        peer.send(TaskEnd(status="failed", session_id=task_session_id, error=reason, result=[]))
