"""Tasks on devices: taken from whoever asks, worked on one at a time, watched and cancelled."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from smriti.core.clock import utc_now
from smriti.core.errors import BadRequest, Conflict, NotFound, Unavailable
from smriti.core.paging import Page, PageRequest
from smriti.db.repository import stored
from smriti.db.table import Absent, ConditionFailed, TableError, eq
from smriti.devices.desk import Desk
from smriti.devices.hub import Hub, Peer
from smriti.devices.models import DeviceSession, SessionStatus, SessionSummary, SessionView
from smriti.devices.orders import Order
from smriti.devices.retelling import story_of
from smriti.devices.run import LIFE, SERVER_STOPPED, Run
from smriti.devices.runs import DeviceOffline, Runs
from smriti.devices.thinking import APPROVAL_S, approval_event
from smriti.llm.types import Part
from smriti.realtime.broker import EventLogs
from smriti.realtime.sse import Form, bare
from smriti.tools.approvals import Decision
from smriti.turns.models import ATTEMPT
from smriti.turns.streams import Chunks, Storyteller

_LOOK_S: Final = 1.0
_PATIENCE_S: Final = 2.0


class SessionNotFound(NotFound):
    slug = "device-session-not-found"

    def __init__(self) -> None:
        super().__init__("Session not found")


class EmptyRequest(BadRequest):
    slug = "empty-request"

    def __init__(self) -> None:
        super().__init__("Empty task content")


class NothingToApprove(Conflict):
    slug = "nothing-to-approve"

    def __init__(self) -> None:
        super().__init__("No command of this session waits for this approval.")


class Sessions:
    def __init__(
        self, hub: Hub, desk: Desk, runs: Runs, logs: EventLogs, *, keep_alive_s: float
    ) -> None:
        self._hub = hub
        self._desk = desk
        self._runs = runs
        self._logs = logs
        self._waiting: dict[tuple[str, str], list[Order]] = {}
        self._storyteller = Storyteller(
            logs, keep_alive_s=keep_alive_s, is_stopping=lambda: runs.stopping
        )

    async def begin(self, order: Order) -> DeviceSession:
        """Put the task in line for its device.

        `EmptyRequest`, `DeviceOffline`, `TooManyTasks`.
        """
        return await self._begin(order, told_first=False)

    async def dispatch(self, order: Order) -> DeviceSession:
        """The same, but the device is told first, and begins it with a TASK of its own."""
        return await self._begin(order, told_first=True)

    async def _begin(self, order: Order, *, told_first: bool) -> DeviceSession:
        if not order.request.strip():
            raise EmptyRequest
        known = await self._desk.sessions.find(order.owner, order.session_id)
        if known is not None or self._runs.find(order.owner, order.session_id) is not None:
            return await self._join(order)
        peer = self._hub.device(order.owner, order.client_id)
        if peer is None:
            raise DeviceOffline
        self._runs.check_room(peer)
        session = _new_session(order)
        run = self._run(session, peer, [order])
        run.awaits_task = told_first
        try:
            await self._desk.sessions.create(session)
        except BaseException as error:
            self._runs.withdraw(run)
            run.abandon()
            if isinstance(error, ConditionFailed):  # asked for twice at the same time
                return await self._join(order)
            raise
        self._runs.start(run)
        return session

    async def _join(self, order: Order) -> DeviceSession:
        """A session that is known already: hear of it, too."""
        run = self._runs.find(order.owner, order.session_id)
        if run is not None and not run.over.is_set():
            run.orders.append(order)
            return run.session
        session = await self._get(order.owner, order.session_id)
        if session.ended:
            order.ended(session)
        elif session.approval is not None:
            key = order.owner, order.session_id
            self._waiting.setdefault(key, []).append(order)
            order.heard(approval_event(session, session.approval))
        return session

    def _run(
        self,
        session: DeviceSession,
        peer: Peer,
        orders: Sequence[Order],
        steps: Sequence[Sequence[Part]] = (),
    ) -> Run:
        log = self._logs.open(session.log_name, at=session.attempt * ATTEMPT)
        run = Run(session, peer, self._desk, log, steps)
        run.orders += orders
        self._runs.put_in_line(run)
        return run

    def current(self, owner: str, client_id: str) -> str | None:
        """The session that a device works on."""
        peer = self._hub.device(owner, client_id)
        runs = self._runs.on(peer) if peer is not None else []
        return next((run.session.session_id for run in runs if not run.over.is_set()), None)

    async def find(self, owner: str, session_id: str) -> SessionView:
        session = await self._get(owner, session_id)
        return SessionView(**_summary(session).model_dump(), parts=await self._parts(session))

    async def page(
        self, owner: str, request: PageRequest, *, client_id: str | None = None
    ) -> Page[SessionSummary]:
        """Newest first."""
        found = await self._desk.sessions.page(owner, request, client_id=client_id)
        summaries = [_summary(await self._settled(session)) for session in found.items]
        return Page[SessionSummary].of(summaries, found.next_cursor)

    async def ended(self, owner: str, session_id: str) -> DeviceSession:
        """The session when it is over, however long that takes. `SessionNotFound`."""
        while True:
            run = self._runs.find(owner, session_id)
            if run is not None:
                await run.over.wait()
            with suppress(TableError):  # a store that fails now and then costs nothing
                session = await self._get(owner, session_id)
                if session.ended:
                    return session
                await self._heed_decision(session)
            await asyncio.sleep(_LOOK_S)

    async def cancel(self, owner: str, session_id: str) -> DeviceSession:
        """End a session. One that has ended stays as it is. `SessionNotFound`."""
        run = self._runs.find(owner, session_id)
        if run is not None:
            run.stop("cancel")
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await run.over.wait()
            return run.session
        session = await self._get(owner, session_id)
        if session.ended:
            return session
        return await self._end(session, "cancelled", "The task was cancelled.")

    async def decide(self, owner: str, session_id: str, decision: Decision) -> DeviceSession:
        """Answer the approval that a session waits for; one that no process works on goes on here.

        `SessionNotFound`, `NothingToApprove`, `DeviceOffline`.
        """
        run = self._runs.find(owner, session_id)
        session = run.session if run is not None else await self._get(owner, session_id)
        waits_for = session.approval
        if waits_for is None or waits_for.approval_id != decision.approval_id:
            raise NothingToApprove
        here = self._hub.device(owner, session.client_id) is not None
        if run is None and not here and session.alive_until < utc_now():
            raise DeviceOffline
        alone = run is None and here  # whoever had the device before has lost it
        if self._runs.stopping:
            raise Unavailable("The server is stopping. Say it again in a moment.")
        decided = session.model_copy(update={"decision": decision})
        open_to_it = eq("attempt", session.attempt) if alone else Absent("decision")
        try:
            session = await self._desk.sessions.change(
                decided, "decision", when=eq("status", "waiting") & open_to_it
            )
        except ConditionFailed:
            raise NothingToApprove from None
        if run is not None:
            run.decide(decision)
        elif alone:
            await self._take_up(session)
        return session

    async def _heed_decision(self, session: DeviceSession) -> None:
        """Go on with what was decided when neither its process nor its device was there."""
        here = self._hub.device(session.created_by, session.client_id) is not None
        if session.decision and here and session.alive_until < utc_now():
            await self._take_up(session)

    async def _take_up(self, session: DeviceSession) -> None:
        """Go on with a session that waited when its process ended."""
        peer = self._hub.device(session.created_by, session.client_id)
        if peer is None:
            raise DeviceOffline
        before = eq("attempt", session.attempt)
        session.attempt += 1
        session.alive_until = utc_now() + LIFE
        steps = await self._desk.sessions.steps(session)
        with suppress(ConditionFailed):  # another process was quicker
            await self._desk.sessions.change(session, "attempt", "alive_until", when=before)
            key = session.created_by, session.session_id
            self._runs.start(self._run(session, peer, self._waiting.pop(key, []), steps))

    async def attach(
        self, owner: str, session_id: str, after: int = 0, *, form: Form = bare
    ) -> Chunks | None:
        """The session's events: see `Storyteller`. `SessionNotFound`."""
        story = story_of(owner, session_id, self._get, self._parts)
        return await self._storyteller.attach(story, after, form)

    async def delete_all_of(self, owner: str) -> None:
        await self._runs.stop_all_of(owner)
        await self._desk.sessions.delete_all_of(owner)

    async def close(self) -> None:
        await self._runs.close()

    async def _parts(self, session: DeviceSession) -> Sequence[Part]:
        run = self._runs.find(session.created_by, session.session_id)
        if run is not None:
            return run.journal.parts
        return [part for step in await self._desk.sessions.steps(session) for part in step]

    async def _get(self, owner: str, session_id: str) -> DeviceSession:
        run = self._runs.find(owner, session_id)
        if run is not None:
            return run.session
        session = await self._desk.sessions.find(owner, session_id)
        if session is None:
            raise SessionNotFound
        return await self._settled(session)

    async def _settled(self, session: DeviceSession) -> DeviceSession:
        """A session whose process is gone has failed, unless it only waits for its owner."""
        if session.ended or session.alive_until > utc_now():
            return session
        if session.approval is None or session.requester == "constellation":
            return await self._end(session, "failed", SERVER_STOPPED)
        if utc_now() - session.approval.asked_at > timedelta(seconds=APPROVAL_S):
            return await self._end(session, "failed", "Nobody has approved it within a day.")
        return session

    async def _end(
        self, session: DeviceSession, status: SessionStatus, error: str
    ) -> DeviceSession:
        """End one that no process works on, or that its owner does not want any more."""
        ending = {"status": status, "error": error, "finished_at": utc_now(), "approval": None}
        ended = session.model_copy(update=ending | {"decision": None})
        alone = eq("alive_until", stored(session)["alive_until"]) if status == "failed" else None
        try:
            ended = await self._desk.sessions.change(ended, *ending, "decision", when=alone)
        except ConditionFailed:
            return await self._desk.sessions.find(session.created_by, session.session_id) or ended
        for order in self._waiting.pop((session.created_by, session.session_id), ()):
            order.ended(ended)
        return ended


def _new_session(order: Order) -> DeviceSession:
    return DeviceSession(
        session_id=order.session_id,
        client_id=order.client_id,
        task_name=order.task_name,
        request=order.request,
        requester=order.requester,
        requester_id=order.requester_id,
        created_by=order.owner,
        alive_until=utc_now() + LIFE,
    )


def _summary(session: DeviceSession) -> SessionSummary:
    return SessionSummary.model_validate(session, from_attributes=True)
