"""TASKs that clients send, and how they hear of their ends: at the desk of the connections."""

import re
from dataclasses import replace
from functools import partial

from smriti.core.clock import new_id
from smriti.core.errors import AppError
from smriti.db.table import TableError
from smriti.devices.channel import Channel
from smriti.devices.hub import Peer
from smriti.devices.models import DeviceSession, Requester
from smriti.devices.orders import Order
from smriti.devices.protocol import MAX_LABEL, Ack, CommandResults, Refusal, Task, TaskEnd
from smriti.devices.run import Run
from smriti.devices.runs import DeviceOffline, Runs
from smriti.devices.sessions import Sessions
from smriti.turns.failures import told


class WireTasks:
    """A `TaskDesk`. A constellation knows its sessions by ids of its own, which other connections
    may use as well; a device gets ours."""

    def __init__(self, sessions: Sessions, runs: Runs, channel: Channel) -> None:
        self._sessions = sessions
        self._runs = runs
        self._channel = channel
        self._asked: dict[tuple[Peer, str], str] = {}

    async def task(self, peer: Peer, message: Task) -> None:
        if peer.role == "device":
            await self._from_device(peer, message)
        else:
            await self._from_constellation(peer, message)

    def results(self, peer: Peer, message: CommandResults) -> None:
        self._channel.answer(peer, message)

    def left(self, peer: Peer) -> None:
        """A device takes its sessions with it, a constellation those that it has asked for."""
        self._runs.stop(lambda run: run.peer is peer, "device")
        asked = [key for key in self._asked if key[0] is peer]
        for key in asked:
            self._withdraw(peer, self._asked.pop(key))

    async def _from_device(self, peer: Peer, message: Task) -> None:
        order = _order(peer, message, "device", peer.client_id)
        order = replace(order, ended=partial(_tell_device, peer))
        run = self._repeated(peer, order)
        if run is None:
            try:
                await self._sessions.begin(order)
            except (AppError, TableError) as error:
                peer.send(Refusal(error=told(error).detail))
                return
        elif run.awaits_task and not run.taken.is_set():
            run.taken.set()
            run.orders.append(order)
        peer.send(Ack(session_id=run.session.session_id if run else order.session_id))

    def _repeated(self, peer: Peer, order: Order) -> Run | None:
        """The session that the device means: one that it was told to begin, or that it has asked
        for before. It knows no more of it than its name and its text: the one that waits for it
        goes before one that is being put away."""
        found = [
            run
            for run in self._runs.on(peer)
            if run.session.requester in {"device", "api"}
            and run.session.task_name == order.task_name
            and run.session.request == order.request
        ]
        waiting = (run for run in found if run.is_told and not run.taken.is_set())
        return next(waiting, next(iter(found), None))

    async def _from_constellation(self, peer: Peer, message: Task) -> None:
        wire_id = message.session_id or new_id()
        # First, also before a refusal: a TASK_END is lost when it is quicker than its wait.
        peer.send(Ack(session_id=wire_id))
        if (peer, wire_id) in self._asked:
            return
        order = _order(peer, message, "constellation", message.target_id or peer.target_id or "")
        order = replace(order, ended=partial(self._tell_constellation, peer, wire_id))
        self._asked[peer, wire_id] = order.session_id
        try:
            await self._sessions.begin(order)
        except (AppError, TableError) as error:
            self._asked.pop((peer, wire_id), None)
            peer.send(TaskEnd(status="failed", session_id=wire_id, error=_refusal(error, order)))
        else:
            if (peer, wire_id) not in self._asked:  # it has left meanwhile
                self._withdraw(peer, order.session_id)

    def _tell_constellation(self, peer: Peer, wire_id: str, session: DeviceSession) -> None:
        if self._asked.pop((peer, wire_id), None) is not None:
            peer.send(task_end(session, wire_id))

    def _withdraw(self, peer: Peer, session_id: str) -> None:
        run = self._runs.find(peer.owner, session_id)
        if run is not None:
            run.stop("requester")


def task_end(session: DeviceSession, wire_id: str) -> TaskEnd:
    """The end of a session, told under the id that its requester knows. Failure is `failed`."""
    if session.status == "completed":
        return TaskEnd(status="completed", session_id=wire_id, result=session.outcome)
    return TaskEnd(status="failed", session_id=wire_id, error=session.error, result=[])


def _tell_device(peer: Peer, session: DeviceSession) -> None:
    peer.send(task_end(session, session.session_id))


def _order(peer: Peer, message: Task, requester: Requester, client_id: str) -> Order:
    return Order(
        owner=peer.owner,
        client_id=client_id,
        request=message.request or "",
        task_name=_name(message.task_name),
        requester=requester,
        requester_id=peer.client_id,
    )


def _name(task_name: str | None) -> str:
    """A task's name without what cannot be part of a file's, as clients expect it."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", task_name or "").lstrip(".")
    return name[:MAX_LABEL] or new_id()


def _refusal(error: AppError | TableError, order: Order) -> str:
    if isinstance(error, DeviceOffline):
        return f"Target device '{order.client_id}' is not connected"
    return told(error).detail
