"""The sessions of this process: in line before their devices, bounded in number."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from smriti.core.errors import Conflict, NotFound, Unavailable
from smriti.devices.hub import Heard, Peer
from smriti.devices.run import Run, Stop

IN_LINE: Final = 8
"""Sessions that may wait for one device, besides the one that it works on."""

MOST_OF_OWNER: Final = 200
MOST: Final = 2000

_GRACE_S: Final = 5.0

log = structlog.get_logger()


class DeviceOffline(NotFound):
    slug = "device-offline"

    def __init__(self) -> None:
        super().__init__("Client not online")


class TooManyTasks(Conflict):
    slug = "too-many-tasks"


@dataclass(eq=False, slots=True)
class _Line:
    """Who works on one device, and who waits for it."""

    lane: asyncio.Lock = field(default_factory=asyncio.Lock)
    runs: list[Run] = field(default_factory=list)


class Runs:
    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], Run] = {}
        self._lines: dict[Peer, _Line] = {}
        self._owners: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_change: list[Heard] = []
        self.stopping = False

    def listen(self, changed: Heard) -> None:
        """Call this whenever the line before a device has changed. It must not fail, nor wait."""
        self._on_change.append(changed)

    def check_room(self, peer: Peer) -> None:
        """Whether one more may be put in line for the device: `TooManyTasks`."""
        if self.stopping:
            raise Unavailable("The server is stopping.")
        if len(self.on(peer)) > IN_LINE:
            raise TooManyTasks(f"{peer.client_id} has {IN_LINE} tasks in line already. Try later.")
        if self._owners.get(peer.owner, 0) >= MOST_OF_OWNER or len(self._runs) >= MOST:
            raise TooManyTasks("Too many tasks are under way. Try again when some have ended.")

    def find(self, owner: str, session_id: str) -> Run | None:
        return self._runs.get((owner, session_id))

    def on(self, peer: Peer) -> list[Run]:
        """The sessions of a device; the first is the one that it works on."""
        line = self._lines.get(peer)
        return line.runs if line is not None else []

    def put_in_line(self, run: Run) -> None:
        """It counts from now on; `start` or `withdraw` follows."""
        owner = run.peer.owner
        self._runs[owner, run.session.session_id] = run
        self._owners[owner] = self._owners.get(owner, 0) + 1
        self._lines.setdefault(run.peer, _Line()).runs.append(run)
        self._tell(run.peer)

    def start(self, run: Run) -> None:
        task = run.start(self._lines[run.peer].lane)
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._done(task, run))

    def withdraw(self, run: Run) -> None:
        owner, line = run.peer.owner, self._lines[run.peer]
        del self._runs[owner, run.session.session_id]
        self._owners[owner] -= 1
        if not self._owners[owner]:
            del self._owners[owner]
        line.runs.remove(run)
        if not line.runs:
            del self._lines[run.peer]
        self._tell(run.peer)

    def _tell(self, peer: Peer) -> None:
        for hear in self._on_change:
            hear(peer)

    def stop(self, which: Callable[[Run], bool], reason: Stop) -> None:
        for run in list(self._runs.values()):
            if which(run):
                run.stop(reason)

    async def stop_all_of(self, owner: str) -> None:
        """End the owner's sessions, and wait until that is stored."""
        found = [run for run in self._runs.values() if run.peer.owner == owner]
        for run in found:
            run.stop("cancel")
        await asyncio.gather(*(run.over.wait() for run in found))

    async def close(self) -> None:
        """End them all, because the server stops."""
        self.stopping = True
        self.stop(lambda _: True, "server")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE_S)

    def _done(self, task: asyncio.Task[None], run: Run) -> None:
        self._tasks.discard(task)
        self.withdraw(run)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("device_session.task_failed", exc_info=error)
