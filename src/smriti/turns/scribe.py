"""Taking down what the loop brings: told to readers, booked, stored step by step."""

import asyncio
from typing import assert_never

from smriti.conversations.models import Conversation
from smriti.conversations.repository import LeaseLost
from smriti.db.table import ConditionFailed
from smriti.memory.recall.models import Talk
from smriti.messages.models import Message, Status
from smriti.turns.answer import Answer
from smriti.turns.events import (
    LoopEvent,
    Notice,
    ReasoningDelta,
    ReplyEnded,
    StepCompleted,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from smriti.turns.ledger import Ledger
from smriti.turns.plan import Desk
from smriti.turns.runner import Running


class Scribe:
    def __init__(
        self, conversation: Conversation, answer: Answer, running: Running, desk: Desk
    ) -> None:
        self._conversation = conversation
        self._record = running.record
        self._reporter = running.reporter
        self._desk = desk
        self._spoke = False
        self.answer = answer
        self.ledger = Ledger(self._record, desk.catalog)

    async def take(self, event: LoopEvent) -> None:
        match event:
            case TextDelta():
                self.answer.add_text(event.text)
                await self._show(event)
            case Notice():
                self._reporter.say(event)
            case ReasoningDelta() | ToolStarted():
                await self._show(event)
            case ToolFinished(result=result):
                self._desk.metrics.tool_called(result.name, success=result.success)
                await self._show(event)
            case ReplyEnded() | StepCompleted():
                await self._book(event)
            case _:
                assert_never(event)

    async def _show(self, event: TextDelta | ReasoningDelta | ToolStarted | ToolFinished) -> None:
        self._reporter.say(event)
        if self._spoke:
            return
        self._spoke = True
        self.ledger.first_token()
        self._desk.metrics.first_token_seen(seconds=self.ledger.seconds)
        self._reporter.flush()
        await asyncio.sleep(0)  # readers get it before the rest of what came with it is worked on

    async def _book(self, event: ReplyEnded | StepCompleted) -> None:
        if isinstance(event, ReplyEnded):
            self.answer.end_reply(event)
            self.ledger.reply_ended(event)
            worth_storing = not event.repeatable  # before tools run that must not run twice
        else:
            self.answer.end_step(event)
            self.ledger.step_completed(event)
            worth_storing = not event.final
        if worth_storing:
            try:
                noted = self._desk.turns.note_step(self._record)
                await asyncio.gather(self.store("running"), noted)
            except ConditionFailed as error:
                raise LeaseLost from error

    async def finish(self, status: Status, question: Message, talk: Talk | None) -> Message | None:
        """Store the answer and, in the same wave, what of the exchange is found again later: a turn
        is not closed before that."""
        kept = self.keep(question, self.answer.message(status), talk)
        answer, failure = await asyncio.gather(self.store(status), kept, return_exceptions=True)
        if isinstance(answer, BaseException):
            raise answer
        if failure is not None:
            raise failure
        return answer

    async def keep(self, question: Message, answer: Message | None, talk: Talk | None) -> None:
        """Keep what was said for later conversations; without `talk`, names are looked up."""
        fence = self._conversation.fence
        await self._desk.recaller.keep(self._record, (question, answer), talk, fence=fence)

    async def close(self, *, accepted: bool) -> None:
        """Close the record. The message of a turn that failed before the model said anything, or
        whose question could not be stored, is not counted."""
        record, usage = self._record, self._desk.usage
        heard = self._spoke or record.steps or self.answer.parts
        for_nothing = not accepted or (record.status == "failed" and not heard)
        reservation = record.reservation if for_nothing else None
        try:
            await self._desk.turns.finish(record, usage.refund(reservation))
        except ConditionFailed as failure:
            if reservation is not None and not accepted and failure.old is None:
                await usage.give_back(reservation)  # there is no record that could tell of it
            raise

    async def store(self, status: Status) -> Message | None:
        """Store the answer so far; None while there is nothing. `LeaseLost`: it is another's."""
        message = self.answer.message(status)
        if message is not None:
            try:
                await self._desk.messages.put(message, fence=self._conversation.fence)
            except ConditionFailed as error:
                raise LeaseLost from error
        return message
