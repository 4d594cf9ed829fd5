"""Reading a turn: its log while there is one, else what is stored of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import orjson

from smriti.core.errors import NotFound
from smriti.messages.repository import MessageRepository
from smriti.realtime.broker import Behind, EventLog, EventLogs
from smriti.realtime.sse import Form, bare, data_frame, follow
from smriti.turns.capabilities import Capabilities
from smriti.turns.envelope import LAST, envelope
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


class Recorded(Protocol):
    @property
    def ended(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Story[Record: Recorded]:
    """What is told under `name`: by the log of `log_name`; without it, by the record, when that has
    ended: `tell` answers numbered frames after a number. `read`: `NotFound` when there is none."""

    name: str
    log_name: str
    read: Callable[[], Awaitable[Record]]
    tell: Callable[[Record, int], Awaitable[list[tuple[int, bytes]]]]


class Storyteller:
    """Reads logs while there are any, else what is stored."""

    def __init__(
        self, logs: EventLogs, *, keep_alive_s: float, is_stopping: Callable[[], bool]
    ) -> None:
        self._logs = logs
        self._keep_alive_s = keep_alive_s
        self._is_stopping = is_stopping

    async def attach[Record: Recorded](
        self, story: Story[Record], after: int, form: Form
    ) -> Chunks | None:
        """The events after a number, then those that come; None when the end was heard."""
        log = self._logs.find(story.log_name)
        if log is not None:
            if log.ended and after >= log.last:
                return None
            return self._followed(log, story.name, after, form)
        record = await story.read()
        if not record.ended:
            return self._awaited(story, record, after, form)
        frames = await story.tell(record, after)
        return _chunks(frames, form) if frames else None

    async def _followed(self, log: EventLog, name: str, after: int, form: Form) -> Chunks:
        """The log to its end; what is not kept any more comes as one text."""
        try:
            await log.read(after, wait_s=0)
        except Behind as behind:
            after = behind.last
            event = envelope(Snapshot(text=behind.text), turn_id=name, seq=after)
            yield form(after, [data_frame(event)])
        async for chunk in follow(log, after, keep_alive_s=self._keep_alive_s, form=form):
            yield chunk

    async def _awaited[Record: Recorded](
        self, story: Story[Record], record: Record, after: int, form: Form
    ) -> Chunks:
        """What another process does, or nobody yet: until it can be read, or is gone."""
        silent_s = 0.0
        while not record.ended and not self._is_stopping():
            if (log := self._logs.find(story.log_name)) is not None:
                async for chunk in self._followed(log, story.name, after, form):
                    yield chunk
                return
            await asyncio.sleep(_LOOK_S)
            silent_s += _LOOK_S
            if silent_s >= self._keep_alive_s:
                silent_s = 0.0
                yield b": keep-alive\n\n"
            try:
                record = await story.read()
            except NotFound:
                return
        if record.ended:
            async for chunk in _chunks(await story.tell(record, after), form):
                yield chunk


class TurnStreams:
    def __init__(
        self,
        storyteller: Storyteller,
        turns: TurnRepository,
        messages: MessageRepository,
        *,
        capabilities: Capabilities,
    ) -> None:
        self._storyteller = storyteller
        self._turns = turns
        self._messages = messages
        self._capabilities = capabilities

    async def attach(
        self, conversation_id: str, turn_id: str, after: int = 0, *, form: Form = bare
    ) -> Chunks | None:
        """The turn's events: see `Storyteller`. `TurnNotFound`."""
        name = log_name(conversation_id, turn_id)
        read = partial(self._read, conversation_id, turn_id)
        return await self._storyteller.attach(Story(turn_id, name, read, self._retold), after, form)

    async def end_of(self, conversation_id: str, turn_id: str) -> dict[str, Any] | None:
        """The turn's last event, when it comes; None when the process ends before the turn."""
        told = b""
        chunks = await self.attach(conversation_id, turn_id)
        if chunks is not None:
            async for chunk in chunks:
                told = chunk
        last = told.removesuffix(b"\n\n").rpartition(b"\n\n")[2]
        event: dict[str, Any] | None = None
        if last.startswith(b"data: "):
            event = orjson.loads(last.removeprefix(b"data: "))
        return event if event and event["event_type"] in LAST else None

    async def _read(self, conversation_id: str, turn_id: str) -> TurnRecord:
        record = await self._turns.find(conversation_id, turn_id)
        if record is None:
            raise TurnNotFound
        return record

    async def _retold(self, record: TurnRecord, after: int) -> list[tuple[int, bytes]]:
        answer = None
        if record.answer_id is not None:
            answer = await self._messages.find(record.conversation_id, record.answer_id)
        told = await self._capabilities.told(record, answer.parts if answer else ())
        return retold_frames(record, answer, told, after=after)


async def _chunks(frames: list[tuple[int, bytes]], form: Form) -> Chunks:
    for number, frame in frames:
        yield form(number, [frame])
