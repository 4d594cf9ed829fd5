"""One turn, from an accepted question to its stored answer. It never belongs to a connection."""

import asyncio
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Final

import structlog

from smriti.conversations.models import Conversation
from smriti.conversations.repository import LeaseLost, answered
from smriti.core.errors import AppError, Conflict, Unavailable, UpstreamFailed
from smriti.db.table import ConditionFailed, TableError
from smriti.memory.recall.models import Talk
from smriti.messages.models import Message
from smriti.turns.answer import Answer
from smriti.turns.events import QuestionSaved, TurnFailed, TurnFinished
from smriti.turns.failures import told
from smriti.turns.leases import keep_lease
from smriti.turns.loop import run_steps
from smriti.turns.models import Ending, TurnRecord
from smriti.turns.plan import Desk, Plan
from smriti.turns.retelling import RESTARTING, STOPPED, retold
from smriti.turns.runner import Running
from smriti.turns.scribe import Scribe

_LIMIT_S: Final = 1800.0

log = structlog.get_logger()


class Turn:
    """One question being answered. `run` is its life from holding the conversation to the end.

    `was_asked`: the question was stored before this attempt.
    """

    def __init__(
        self,
        conversation: Conversation,
        question: Message,
        answer: Answer,
        running: Running,
        desk: Desk,
    ) -> None:
        self._conversation = conversation
        self.question = question
        self._running = running
        self._record = running.record
        self._reporter = running.reporter
        self._desk = desk
        self._scribe = Scribe(conversation, answer, running, desk)
        self._ending: Ending = "complete"
        self._failure: AppError | None = None
        self._talk: Talk | None = None
        self._lease_lost = False
        self._goes_on = False
        self._acceptance = asyncio.Event()
        self.was_asked = False
        self.closed = False
        self.answer: Message | None = None

    async def run(self, plan: Plan) -> Conversation | None:
        """Answer the question; always says a last event, unless another process is to go on.

        Answers the conversation as it was given back; None when it was lost.
        """
        self._desk.metrics.turn_started()
        self._talk = plan.talk
        try:
            await self._work(plan)
            return await self._put_away()
        except asyncio.CancelledError:
            if self._running.stop == "suspend" and (self.accepted or self.was_asked):
                await self._suspend()
            else:
                self._end("cancelled", Unavailable("This answer was stopped. Ask again."))
                await self._put_away()
            raise
        finally:
            self._say_the_end()

    async def fail(self, error: Exception) -> Conversation | None:
        """End a turn that cannot be carried out, though its question is stored."""
        self._desk.metrics.turn_started()
        await self._tell_again()
        self._end("failed", error)
        try:
            return await self._put_away()
        finally:
            self._say_the_end()

    async def conclude(self, stored: Message) -> Conversation | None:
        """End a turn whose answer is whole; only its record was not closed."""
        await self._tell_again()
        self.answer = stored
        if stored.status == "failed":
            self._end("failed", Unavailable("The answer broke off. Ask again."))
        elif stored.status == "cancelled":
            self._ending = "cancelled"
            self._reporter.say(STOPPED)
        try:
            # First, because nobody looks after a turn that is closed.
            await self._scribe.keep(self.question, stored, self._talk)
            return await self._close()
        finally:
            self._reporter.close(self._last_event())

    async def _tell_again(self) -> None:
        """What is stored, to readers who were told that all they knew is void."""
        self._acceptance.set()
        self._reporter.say(QuestionSaved(message_id=self.question.message_id))
        parts = self._scribe.answer.parts
        for event in retold(parts, await self._desk.capabilities.told(self._record, parts)):
            self._reporter.say(event)

    @property
    def accepted(self) -> bool:
        """Whether the question is stored."""
        return self._acceptance.is_set()

    @property
    def completed(self) -> bool:
        return self._ending == "complete"

    async def _work(self, plan: Plan) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                accepted = group.create_task(self._accept(plan))
                thinking = group.create_task(self._think(plan))
                keeper = group.create_task(self._keep_lease(thinking))
                self._running.on_cancel = thinking.cancel
                if self._running.stop == "cancel":  # before there was anything to cancel
                    thinking.cancel()
                await asyncio.wait([thinking])
                if thinking.cancelled():  # perhaps before it began
                    self._ending = "cancelled"
                await accepted
                keeper.cancel()
        except* LeaseLost:
            self._lease_lost = True
            lost = "The conversation was deleted, or another answer took its place."
            self._end("failed", Conflict(lost))
        except* Exception as failed:  # noqa: BLE001 - what accepting met, a bug too
            self._end("failed", failed.exceptions[0])
        finally:
            self._running.on_cancel = None

    async def _keep_lease(self, thinking: asyncio.Task[None]) -> None:
        await keep_lease(
            self._desk.conversations,
            self._conversation,
            self._record.turn_id,
            lambda: thinking.cancel(),
        )

    async def _accept(self, plan: Plan) -> None:
        """Store the question while the model request is under way."""
        await asyncio.gather(*(write() for write in plan.writes))
        self._acceptance.set()
        self._reporter.say(QuestionSaved(message_id=self.question.message_id))
        for event in plan.greeting:
            self._reporter.say(event)
        log.info("turn.started", agent_id=self._record.agent_id, attempt=self._record.attempt)
        await self._running.fate.stored()

    async def _think(self, plan: Plan) -> None:
        """Run the loop. What the model or a tool does wrong is a failure of the answer alone."""
        try:
            if self._desk.slots.full:  # who waits for a place must not lose the question
                await self._acceptance.wait()
            async with plan.stay, asyncio.timeout(_LIMIT_S) as plan.stay.limit:
                await self._loop(plan)
        except asyncio.CancelledError:
            self._ending = "cancelled"
            raise
        except TimeoutError:
            late = f"No answer was found within {_LIMIT_S / 60:.0f} minutes."
            self._end("failed", UpstreamFailed(late))
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - the turn's end: whatever it is, the reader hears
            self._end("failed", error)

    async def _loop(self, plan: Plan) -> None:
        if plan.done.open_calls:
            await self._acceptance.wait()
        events = run_steps(
            plan.request,
            plan.provider,
            plan.mind.tools,
            max_steps=plan.max_steps,
            done=plan.done,
        )
        async with aclosing(events):
            async for event in events:
                await self._acceptance.wait()  # nothing is shown and no tool runs before this
                await self._scribe.take(event)

    async def _put_away(self) -> Conversation | None:
        """Store what was said, close the record, give the conversation back."""
        if self._ending == "cancelled" and self._failure is None:
            self._reporter.say(STOPPED)
        try:
            if self.accepted and not self._lease_lost:
                self.answer = await self._scribe.finish(self._ending, self.question, self._talk)
        except LeaseLost:
            self._lease_lost = True
        except Exception as error:  # noqa: BLE001 - the turn's end
            self._end("failed", error)
        try:
            return await self._close()
        except Exception as error:  # noqa: BLE001 - the turn's end
            self._end("failed", error)
            return None

    async def _close(self) -> Conversation | None:
        desk, record = self._desk, self._record
        self._fill(record)
        last = self.answer or (self.question if self.accepted else None)
        changes = answered(self._newest(last), record.usage, record.cost) if last else []
        finished, released = await asyncio.gather(
            self._scribe.close(accepted=self.accepted),
            desk.conversations.release(self._conversation, record.turn_id, *changes),
            return_exceptions=True,
        )
        self.closed = finished is None
        if self._lease_lost or isinstance(released, LeaseLost):
            deleted = await desk.conversation_service.clear_if_deleted(self._conversation)
            taken_over = self.accepted and isinstance(finished, ConditionFailed)
            self._goes_on = taken_over and not deleted
            if deleted:
                await desk.recaller.forget(record)
        if not self._goes_on:
            await desk.capabilities.abandon(record, self._scribe.answer.open_calls)
        for result in (finished, released):
            if isinstance(result, BaseException) and not isinstance(
                result, LeaseLost | ConditionFailed
            ):
                raise result
        return released if isinstance(released, Conversation) else None

    def _newest(self, said: Message) -> datetime:
        """The time of the newest message: of a question asked again there may be later ones."""
        return max(said.created_at, self._conversation.last_message_at or said.created_at)

    def _fill(self, record: TurnRecord) -> None:
        record.status = self._ending
        record.answer_id = self.answer.message_id if self.answer else None
        record.finish_reason = self._finish_reason
        record.last_seq = self._reporter.last_seq() + 1
        if self._failure is not None:
            record.error = self._failure.detail
            record.problem = self._failure.problem()

    async def _suspend(self) -> None:
        """Leave the turn to the next process: its steps are stored, its lease ends now."""
        self._goes_on = True
        self._reporter.say(RESTARTING)
        with suppress(LeaseLost, TableError):  # then it goes on when the lease ends by itself
            await self._desk.conversations.suspend(self._conversation, holder=self._record.turn_id)

    def _end(self, ending: Ending, error: Exception) -> None:
        """The first failure is the one that is told."""
        failure = told(error)
        if self._failure is None:
            self._failure, self._ending = failure, ending

    @property
    def _finish_reason(self) -> str:
        return "cancelled" if self._ending == "cancelled" else self._scribe.answer.finish_reason

    def _say_the_end(self) -> None:
        # First: nothing below may keep a reader waiting.
        self._reporter.close(None if self._goes_on else self._last_event())
        ending = "suspended" if self._goes_on else self._ending
        seconds = self._scribe.ledger.seconds
        self._desk.metrics.turn_finished(ending, seconds=seconds)
        record = self._record
        self._desk.metrics.turn_spent(
            steps=record.steps, tools_s=record.tools_ms / 1000, cost=record.cost
        )
        for kind, count in record.usage.by_kind():
            self._desk.metrics.tokens_used(kind, count)
        log.info(
            "turn.finished",
            status=ending,
            steps=record.steps,
            seconds=round(seconds, 3),
            error=self._failure.slug if self._failure else None,
        )

    def _last_event(self) -> TurnFinished | TurnFailed:
        if self._failure is not None:
            return TurnFailed(problem=self._failure.problem())
        return TurnFinished(
            message_id=self._scribe.answer.message_id, finish_reason=self._finish_reason
        )
