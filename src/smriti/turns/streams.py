"""Reading a turn: its log while there is one, else what is stored of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from smriti.core.errors import NotFound
from smriti.messages.repository import MessageRepository
from smriti.realtime.broker import Behind, EventLog, EventLogs
from smriti.realtime.sse import Form, bare, data_frame, follow
from smriti.turns.capabilities import Capabilities
from smriti.turns.envelope import envelope
from smriti.turns.events import Snapshot
from smriti.turns.models import TurnRecord, log_name
from smriti.turns.repository import TurnRepository
from smriti.turns.retelling import retold_frames

_LOOK_S: Final = 1.0

type Chunks = AsyncIterator[bytes]


class TurnNotFound(NotFound):
    slug = "turn-not-found"

    def __init__(self) -> None:
        super().__init__("Turn not found")


class TurnStreams:
    def __init__(
        self,
        logs: EventLogs,
        turns: TurnRepository,
        messages: MessageRepository,
        *,
        capabilities: Capabilities,
        keep_alive_s: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._logs = logs
        self._turns = turns
        self._messages = messages
        self._capabilities = capabilities
        self._keep_alive_s = keep_alive_s
        self._is_stopping = is_stopping

    async def attach(
        self, conversation_id: str, turn_id: str, after: int = 0, *, form: Form = bare
    ) -> Chunks | None:
        """The turn's events after a number, then those that come; None when the end was heard."""
        log = self._logs.find(log_name(conversation_id, turn_id))
        if log is not None:
            if log.ended and after >= log.last:
                return None
            return followed(log, turn_id, after, form, keep_alive_s=self._keep_alive_s)
        record = await self._turns.find(conversation_id, turn_id)
        if record is None:
            raise TurnNotFound
        if not record.ended:
            return self._awaited(record, after, form)
        frames = await self._retold(record, after)
        return chunks(frames, form) if frames else None

    async def _awaited(self, record: TurnRecord, after: int, form: Form) -> Chunks:
        """A turn that another process runs, or that nobody runs yet: until it can be read."""
        conversation_id, turn_id = record.conversation_id, record.turn_id
        silent_s = 0.0
        found: TurnRecord | None = record
        while found is not None and not found.ended and not self._is_stopping():
            if (log := self._logs.find(record.log_name)) is not None:
                events = followed(log, turn_id, after, form, keep_alive_s=self._keep_alive_s)
                async for chunk in events:
                    yield chunk
                return
            await asyncio.sleep(_LOOK_S)
            silent_s += _LOOK_S
            if silent_s >= self._keep_alive_s:
                silent_s = 0.0
                yield b": keep-alive\n\n"
            found = await self._turns.find(conversation_id, turn_id)
        if found is not None and found.ended:
            async for chunk in chunks(await self._retold(found, after), form):
                yield chunk

    async def _retold(self, record: TurnRecord, after: int) -> list[tuple[int, bytes]]:
        answer = None
        if record.answer_id is not None:
            answer = await self._messages.find(record.conversation_id, record.answer_id)
        told = await self._capabilities.told(record, answer.parts if answer else ())
        return retold_frames(record, answer, told, after=after)


async def followed(
    log: EventLog, turn_id: str, after: int, form: Form, *, keep_alive_s: float
) -> Chunks:
    """The log after a number, to its end; what is not kept any more comes as one text."""
    try:
        await log.read(after, wait_s=0)
    except Behind as behind:
        after = behind.last
        event = envelope(Snapshot(text=behind.text), turn_id=turn_id, seq=after)
        yield form(after, [data_frame(event)])
    async for chunk in follow(log, after, keep_alive_s=keep_alive_s, form=form):
        yield chunk


async def chunks(frames: list[tuple[int, bytes]], form: Form) -> Chunks:
    """Numbered frames as they are put on the wire."""
    for number, frame in frames:
        yield form(number, [frame])
