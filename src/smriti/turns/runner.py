"""The owner of running turns: bounded in number, drained when the process ends."""

import asyncio
from collections.abc import Coroutine
from typing import Final
from weakref import WeakValueDictionary

import structlog

from smriti.agents.models import Agent
from smriti.conversations.models import Conversation
from smriti.core.errors import QuotaExceeded, Unavailable

MAX_WAITING: Final = 64
"""Turns of one conversation, the running one included."""

log = structlog.get_logger()


class TooManyTurns(Unavailable):
    slug = "too-many-turns"


class TooManyWaiting(QuotaExceeded):
    slug = "too-many-waiting"


class TurnRunner:
    """Runs turns, and small work that follows them, as tasks that do not belong to a connection."""

    def __init__(self, *, limit: int, grace_s: float) -> None:
        self._limit = limit
        self._grace_s = grace_s
        self._tasks: dict[asyncio.Task[None], Conversation] = {}
        self._places: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def check_room(self, conversation_id: str) -> None:
        """Whether one more turn may start: `TooManyTurns`, `TooManyWaiting`."""
        if len(self._tasks) >= self._limit:
            raise TooManyTurns(
                "The server runs as many turns as it may. Try again in a moment.",
                headers={"Retry-After": "2"},
            )
        of_conversation = [c for c in self._tasks.values() if c.conversation_id == conversation_id]
        if len(of_conversation) >= MAX_WAITING:
            raise TooManyWaiting(
                f"{MAX_WAITING} messages of this conversation wait for their answers already.",
                headers={"Retry-After": "5"},
            )

    def start(self, work: Coroutine[None, None, None], conversation: Conversation) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = conversation
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("turn.task_failed", exc_info=error)

    def place_in_line(self, conversation_id: str) -> asyncio.Lock:
        """Who waits for the conversation's lease waits in this line, first come first served."""
        return self._places.setdefault(conversation_id, asyncio.Lock())

    async def stop(self, conversation_id: str) -> None:
        """Cancel the turns of a conversation and wait until they have put everything away."""
        tasks = self._tasks.items()
        await _cancelled([task for task, of in tasks if of.conversation_id == conversation_id])

    async def stop_agent(self, agent: Agent) -> None:
        """The same for all that an agent is doing."""
        tasks = self._tasks.items()
        await _cancelled([task for task, of in tasks if of.agent_id == agent.agent_id])

    async def close(self) -> None:
        """Let running turns finish for a while, then cancel the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace_s)
        await _cancelled(list(self._tasks))


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
