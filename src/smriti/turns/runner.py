"""The owner of running turns: bounded in number, fair to users, drained when the process ends."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final, Literal

import structlog

from smriti.agents.models import Agent
from smriti.core.errors import Unavailable
from smriti.turns.events import TurnEvent, TurnFailed
from smriti.turns.models import TurnRecord
from smriti.turns.reporter import Reporter
from smriti.turns.retelling import RESTARTING
from smriti.turns.slots import FairSlots
from smriti.turns.stay import Stay

_IN_LINE: Final = 4
"""For each turn that may run, so many more may wait for a place."""

log = structlog.get_logger()

type Stop = Literal["cancel", "delete", "suspend"]


class TooManyTurns(Unavailable):
    slug = "too-many-turns"


async def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Fate:
    """What follows when a question has been stored, or when it could not be."""

    stored: Callable[[], Awaitable[None]] = _nothing
    refused: Callable[[], Awaitable[None]] = _nothing


@dataclass(eq=False, slots=True)
class Running:
    """A turn in this process. `stop`: that it shall end, and why; `over`: that it has ended.

    `on_cancel` ends its thinking; `stay` is its place while it thinks.
    """

    record: TurnRecord
    reporter: Reporter
    fate: Fate = Fate()
    stop: Stop | None = None
    on_cancel: Callable[[], object] | None = None
    stay: Stay | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Whether others do its work for now."""
        return self.stay is not None and self.stay.away

    def cancel(self) -> None:
        """What a person wants: the turn ends well, with what was said so far."""
        self.stop = self.stop or "cancel"
        if self.on_cancel is not None:
            self.on_cancel()


class TurnRunner:
    """Runs turns, and small work that follows them, as tasks that do not belong to a connection."""

    def __init__(self, *, limit: int, grace_s: float) -> None:
        self.slots = FairSlots(limit)
        self._most = limit * (1 + _IN_LINE)
        self._grace_s = grace_s
        self._turns: dict[str, Running] = {}
        self._waiting: dict[str, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.stopping = False

    def check_room(self) -> None:
        """Whether one more turn may start: `TooManyTurns`."""
        busy = (not running.over.is_set() and not running.away for running in self._turns.values())
        if sum(busy) >= self._most:
            raise TooManyTurns(
                "The server has as many turns as it may. Try again in a moment.",
                headers={"Retry-After": "2"},
            )

    def find(self, turn_id: str) -> Running | None:
        """The turn, while it has not ended."""
        running = self._turns.get(turn_id)
        return None if running is None or running.over.is_set() else running

    @property
    def waiting(self) -> set[str]:
        """The turns that came to this process and wait for their conversations."""
        return set(self._waiting)

    def wait(self, running: Running) -> None:
        self._waiting[running.record.turn_id] = running

    def admit(self, turn_id: str) -> Running | None:
        """A turn that waited here and is started now."""
        return self._waiting.pop(turn_id, None)

    def stop_waiting(self, turn_id: str, *last: TurnEvent) -> None:
        """Say the last words to whoever listens for a turn that waited here."""
        running = self._waiting.pop(turn_id, None)
        if running is not None:
            for event in last:
                running.reporter.say(event)
            running.reporter.close(None)

    def start(self, running: Running, work: Coroutine[None, None, None]) -> None:
        """Run a turn, which this process may not be running already."""
        turn_id = running.record.turn_id
        self._turns[turn_id] = running
        running.task = self.follow_up(work)
        running.task.add_done_callback(lambda _: self._ended(turn_id, running))

    def follow_up(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run what is no turn itself: it is waited for, and cancelled, like one."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _ended(self, turn_id: str, running: Running) -> None:
        if self._turns.get(turn_id) is running:
            del self._turns[turn_id]
        running.over.set()  # one that was ended before it began could not say so
        running.reporter.close(None)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("turn.task_failed", exc_info=error)

    async def stop(self, conversation_id: str) -> None:
        """End the turns of a conversation and wait until they have put everything away."""
        gone = Unavailable("The conversation was deleted.").problem()
        for turn_id, running in list(self._waiting.items()):
            if running.record.conversation_id == conversation_id:
                self.stop_waiting(turn_id, TurnFailed(problem=gone))
        await self._stop("delete", lambda turn: turn.conversation_id == conversation_id)

    async def stop_agent(self, agent: Agent) -> None:
        """The same for all that an agent is doing."""
        await self._stop("delete", lambda turn: turn.agent_id == agent.agent_id)

    async def close(self) -> None:
        """Let running turns finish for a while; leave the rest to the next process."""
        self.stopping = True
        for turn_id in self.waiting:
            self.stop_waiting(turn_id, RESTARTING)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace_s)
        await self._stop("suspend", lambda _: True)
        await _cancelled(list(self._tasks))

    async def _stop(self, reason: Stop, which: Callable[[TurnRecord], bool]) -> None:
        found = [running for running in self._turns.values() if which(running.record)]
        for running in found:
            running.stop = reason
        await _cancelled([running.task for running in found if running.task is not None])


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
