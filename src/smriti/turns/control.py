"""Turns as their owner sees them: what became of them, and stopping one."""

import asyncio
from contextlib import suppress
from typing import Final

from smriti.conversations.models import Conversation
from smriti.core.paging import Page, PageRequest
from smriti.tools.approvals import Decision
from smriti.turns.approvals import Approvals
from smriti.turns.events import TurnFinished
from smriti.turns.models import TurnRecord, TurnSummary, TurnView
from smriti.turns.plan import Desk
from smriti.turns.queue import TurnQueue
from smriti.turns.retelling import STOPPED
from smriti.turns.runner import TurnRunner
from smriti.turns.streams import TurnNotFound

_PATIENCE_S: Final = 1.0


class TurnControl:
    def __init__(self, desk: Desk, queue: TurnQueue, runner: TurnRunner) -> None:
        self._desk = desk
        self._approvals = Approvals(desk)
        self._queue = queue
        self._runner = runner

    async def page(self, conversation: Conversation, page: PageRequest) -> Page[TurnSummary]:
        """The turns of a conversation, newest first."""
        found = await self._desk.turns.page(conversation.conversation_id, page)
        summaries = [TurnSummary.model_validate(record.model_dump()) for record in found.items]
        return Page[TurnSummary].of(summaries, found.next_cursor)

    async def get(self, conversation: Conversation, turn_id: str) -> TurnView:
        return (await self._record(conversation, turn_id)).view

    async def cancel(self, conversation: Conversation, turn_id: str) -> TurnView:
        """Stop a turn and answer what became of it. One that has ended stays as it is."""
        running = self._runner.find(turn_id)
        if running is not None and running.record.conversation_id == conversation.conversation_id:
            running.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await running.over.wait()
            return await self.get(conversation, turn_id)
        record = await self._record(conversation, turn_id)
        if record.status == "queued" and await self._queue.leave(conversation, record):
            end = TurnFinished(message_id=None, finish_reason="cancelled")
            self._runner.stop_waiting(turn_id, STOPPED, end)
        elif not record.ended:
            await self._desk.conversations.ask_to_cancel(conversation, turn_id)
        return await self.get(conversation, turn_id)

    async def decide(
        self, conversation: Conversation, turn_id: str, decision: Decision
    ) -> TurnView:
        """Answer a command that waits for approval; the turn goes on. `NothingToApprove`."""
        record = await self._record(conversation, turn_id)
        await self._approvals.decide(record, decision)
        return record.view

    async def _record(self, conversation: Conversation, turn_id: str) -> TurnRecord:
        record = await self._desk.turns.find(conversation.conversation_id, turn_id)
        if record is None:
            raise TurnNotFound
        return record
