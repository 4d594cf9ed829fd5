"""One session in this process: from its place in the line to its stored end."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, Literal

import structlog

from smriti.core.clock import utc_now
from smriti.core.errors import UpstreamFailed
from smriti.db.table import ConditionFailed, TableError
from smriti.devices.desk import Desk
from smriti.devices.hub import Peer
from smriti.devices.journal import Journal
from smriti.devices.models import DeviceSession, SessionStatus
from smriti.devices.orders import Order
from smriti.devices.protocol import Dispatch
from smriti.devices.thinking import Thinking
from smriti.llm.types import Part
from smriti.realtime.broker import EventLog
from smriti.tools.approvals import Decision
from smriti.turns.events import TurnEvent, TurnFailed, TurnFinished, TurnResumed
from smriti.turns.failures import told
from smriti.turns.reporter import Reporter
from smriti.turns.retelling import RESTARTING, STOPPED, retold

LIFE: Final = timedelta(seconds=20)
"""How long a session is held to be alive after its process has last said so."""

DEVICE_LOST: Final = "Task was cancelled because target device disconnected"
SERVER_STOPPED: Final = "The server stopped while this task ran."

_RENEWAL_S: Final = 5.0
_TASK_S: Final = 10.0
"""How long a device may take to answer the TASK that it is told."""

_CLOSING: Final = (
    *("status", "result", "error", "model", "steps", "usage", "approval", "decision"),
    *("finished_at", "last_seq"),
)

log = structlog.get_logger()

type Stop = Literal["cancel", "device", "requester", "server"]
"""Why a session ends before its time: its owner, a connection that was lost, or the process."""

_FATES: Final[dict[Stop, tuple[SessionStatus, str]]] = {
    "cancel": ("cancelled", "The task was cancelled."),
    "device": ("failed", DEVICE_LOST),
    "requester": ("cancelled", "The constellation that asked for it has disconnected."),
    "server": ("failed", SERVER_STOPPED),
}


class Run:
    """`over`: the session has ended, or is left to another process. `awaits_task`: the device is
    told first and says when to begin, which is `taken`.

    A command is sent once: what runs is never taken up again after a crash, and what waits for an
    approval was not sent.
    """

    def __init__(
        self,
        session: DeviceSession,
        peer: Peer,
        desk: Desk,
        events: EventLog,
        steps: Sequence[Sequence[Part]] = (),
    ) -> None:
        self.session = session
        self.peer = peer
        self.orders: list[Order] = []
        self.over = asyncio.Event()
        self.awaits_task = False
        self.is_told = False
        self.taken = asyncio.Event()
        self.journal = Journal(steps)
        self._desk = desk
        self._reporter = Reporter(events, session.session_id)
        self._thinking = Thinking(session, peer, desk, self.journal, self.say)
        self._task: asyncio.Task[None] | None = None
        self._stop: Stop | None = None
        self._at_work = False

    def start(self, lane: asyncio.Lock) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._run(lane), name=self.session.log_name)
        return self._task

    def stop(self, reason: Stop) -> None:
        """End it; the first reason is the one that is told."""
        if self._stop is None and not self.over.is_set():
            self._stop = reason
            # Before that nothing would put it away; after that it is being put away.
            if self._task is not None and self._at_work:
                self._task.cancel()

    def abandon(self) -> None:
        """It has not begun, and never will."""
        self._reporter.close(None)
        self.over.set()

    def decide(self, decision: Decision) -> None:
        self._thinking.decide(decision)

    def say(self, event: TurnEvent) -> None:
        self._reporter.say(event)
        for order in self.orders:
            order.heard(event)

    async def _run(self, lane: asyncio.Lock) -> None:
        """Carry it out when the lane is free; whatever happens, its end is stored and told."""
        began, self._at_work = time.monotonic(), True
        try:
            await self._work(lane)
        except asyncio.CancelledError:
            self._end(*_FATES[self._stop or "server"])
            raise
        except ConditionFailed:  # another process has ended it, and stored how
            self._end(*_FATES["cancel"])
        except Exception as error:  # noqa: BLE001 - the session's end: its requester hears of it
            self._end("failed", told(error).detail)
        finally:
            self._at_work = False
            await self._put_away(seconds=time.monotonic() - began)

    async def _work(self, lane: asyncio.Lock) -> None:
        if self._stop is not None:
            raise asyncio.CancelledError
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._keep_alive())
                async with lane:
                    await self._begin()
                    await self._thinking.think()
                keeper.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(_RENEWAL_S)
            self.session.alive_until = utc_now() + LIFE
            try:
                seen = await self._store("alive_until", "steps", "usage")
            except ConditionFailed:
                raise
            except TableError:  # a store that fails now and then costs nothing
                continue
            if seen.decision is not None:  # made in another process
                self.decide(seen.decision)

    async def _begin(self) -> None:
        log.info("device_session.started", attempt=self.session.attempt)
        if self.session.attempt:
            for event in (TurnResumed(), *retold(self.journal.parts)):
                self._reporter.say(event)
        if self.session.status == "queued":
            self.session.status = "running"
            await self._store("status")
        if self.awaits_task:
            await self._tell_device()

    async def _tell_device(self) -> None:
        session = self.session
        dispatch = Dispatch(
            session_id=session.session_id,
            user_request=session.request,
            task_name=session.task_name,
        )
        self.peer.send(dispatch)
        self.is_told = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_TASK_S):
                await self.taken.wait()

    def _end(self, status: SessionStatus, error: str) -> None:
        """What stands in the way of the end is told; what is left open is closed."""
        if self._stays_waiting:
            return
        self.session.status, self.session.error = status, error
        self.session.approval = self.session.decision = None

    @property
    def _stays_waiting(self) -> bool:
        """A person may take her time, also over a restart of the server."""
        session = self.session
        waits = session.status == "waiting" and session.requester != "constellation"
        return waits and self._stop == "server"

    async def _put_away(self, *, seconds: float) -> None:
        try:
            if self._stays_waiting:
                await self._suspend()
            else:
                await self._close()
        except TableError:
            log.exception("device_session.not_stored")
        finally:
            self._say_the_end()
            session = self.session
            log.info(
                "device_session.finished",
                status=session.status,
                steps=session.steps,
                seconds=round(seconds, 3),
            )

    async def _suspend(self) -> None:
        self._reporter.say(RESTARTING)
        self.session.alive_until = utc_now()
        await self._store("alive_until", "steps", "usage")

    async def _close(self) -> None:
        session = self.session
        if session.status == "cancelled":
            self._reporter.say(STOPPED)
        session.finished_at = utc_now()
        session.last_seq = self._reporter.last_seq() + 1
        for kind, count in session.usage.by_kind():
            self._desk.metrics.tokens_used(kind, count)
        try:
            await self._thinking.store_step()
            await self._store(*_CLOSING)
        except ConditionFailed:
            await self._heed_the_stored_end()

    def _say_the_end(self) -> None:
        ended = not self._stays_waiting
        self._reporter.close(last_event(self.session) if ended else None)
        self.over.set()
        for order in self.orders if ended else ():
            order.ended(self.session)

    async def _heed_the_stored_end(self) -> None:
        stored = await self._desk.sessions.find(self.session.created_by, self.session.session_id)
        if stored is not None and stored.ended:
            self.session.status = stored.status
            self.session.result, self.session.error = stored.result, stored.error

    async def _store(self, *names: str) -> DeviceSession:
        return await self._desk.sessions.change(self.session, *names)


def last_event(session: DeviceSession) -> TurnFinished | TurnFailed:
    if session.status == "failed":
        return TurnFailed(problem=UpstreamFailed(session.error or "It has failed.").problem())
    reason = "cancelled" if session.status == "cancelled" else "stop"
    return TurnFinished(message_id=None, finish_reason=reason)
