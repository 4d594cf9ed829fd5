"""Reading a session: its log while there is one, else what is stored of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from smriti.devices.models import DeviceSession
from smriti.devices.run import last_event
from smriti.llm.types import Part
from smriti.realtime.broker import EventLogs
from smriti.realtime.sse import Form
from smriti.turns.events import TurnEvent
from smriti.turns.models import ATTEMPT
from smriti.turns.retelling import STOPPED, frames_of, retold
from smriti.turns.streams import Chunks, chunks, followed

_LOOK_S: Final = 1.0

type Read = Callable[[str, str], Awaitable[DeviceSession]]
type ReadParts = Callable[[DeviceSession], Awaitable[Sequence[Part]]]


class SessionStreams:
    def __init__(
        self,
        logs: EventLogs,
        read: Read,
        parts: ReadParts,
        *,
        keep_alive_s: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._logs = logs
        self._read = read
        self._parts = parts
        self._keep_alive_s = keep_alive_s
        self._is_stopping = is_stopping

    async def attach(self, owner: str, session_id: str, after: int, form: Form) -> Chunks | None:
        """The session's events after a number, then those that come; None when the end was heard.

        `SessionNotFound`.
        """
        session = await self._read(owner, session_id)
        log = self._logs.find(session.log_name)
        if log is not None:
            if log.ended and after >= log.last:
                return None
            return followed(log, session_id, after, form, keep_alive_s=self._keep_alive_s)
        if not session.ended:
            return self._awaited(session, after, form)
        frames = await self._retold(session, after)
        return chunks(frames, form) if frames else None

    async def _awaited(
        self, session: DeviceSession, after: int, form: Form
    ) -> AsyncIterator[bytes]:
        """A session that nobody in this process works on: until it can be read."""
        silent_s = 0.0
        while not session.ended and not self._is_stopping():
            if (log := self._logs.find(session.log_name)) is not None:
                keep_alive_s = self._keep_alive_s
                events = followed(log, session.session_id, after, form, keep_alive_s=keep_alive_s)
                async for chunk in events:
                    yield chunk
                return
            await asyncio.sleep(_LOOK_S)
            silent_s += _LOOK_S
            if silent_s >= self._keep_alive_s:
                silent_s = 0.0
                yield b": keep-alive\n\n"
            session = await self._read(session.created_by, session.session_id)
        if session.ended:
            async for chunk in chunks(await self._retold(session, after), form):
                yield chunk

    async def _retold(self, session: DeviceSession, after: int) -> list[tuple[int, bytes]]:
        """Its numbers are those of one attempt more: see `retelling`."""
        base = (session.attempt + 1) * ATTEMPT
        if session.last_seq is not None and session.last_seq <= after < base:
            return []
        stopped = [STOPPED] if session.status == "cancelled" else []
        events: list[TurnEvent] = [
            *retold(await self._parts(session)),
            *stopped,
            last_event(session),
        ]
        return frames_of(events, turn_id=session.session_id, base=base, after=after)
