"""Who is next in a conversation: a turn that just came, one that waits, one whose process died."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final

import structlog
from structlog.contextvars import bind_contextvars

from smriti.conversations.models import Conversation
from smriti.conversations.repository import LeaseLost
from smriti.core.errors import Unavailable
from smriti.db.table import ConditionFailed, Item, TableError
from smriti.messages.models import Message
from smriti.realtime.broker import EventLogs
from smriti.turns.answering import Answering, Done
from smriti.turns.approvals import Approvals
from smriti.turns.events import Notice, TurnResumed
from smriti.turns.leases import lease_end
from smriti.turns.models import ATTEMPT, TurnRecord
from smriti.turns.opening import Opening
from smriti.turns.plan import Desk
from smriti.turns.queue import TurnQueue
from smriti.turns.reporter import Reporter
from smriti.turns.request import check_images
from smriti.turns.runner import Running, TurnRunner

_ATTEMPTS: Final = 8
_SWEEP_S: Final = 5.0

log = structlog.get_logger()


class Starter:
    def __init__(
        self,
        desk: Desk,
        queue: TurnQueue,
        runner: TurnRunner,
        answering: Answering,
        logs: EventLogs,
    ) -> None:
        self._desk = desk
        self._queue = queue
        self._runner = runner
        self._answering = answering
        self._logs = logs
        self._approvals = Approvals(desk)
        self._lost: set[str] = set()
        self._answered: set[str] = set()

    def check(self, opening: Opening, question: Message) -> None:
        """Refuse what the agent cannot answer, before anything is said or stored."""
        self._answering.architecture_of(opening)
        check_images(opening, question, self._desk.catalog)

    def start_fresh(self, opening: Opening, question: Message, running: Running) -> None:
        """Start a turn that has taken its conversation."""
        work = self._answering.fresh(opening, question, running)
        self._runner.start(running, self._then_next(running, work))

    async def join(self, conversation: Conversation, running: Running, question: Message) -> None:
        """Put a question in line; it is answered after those before it. `ApprovalPending`."""
        await self._approvals.check_none(conversation)
        record = running.record
        record.status = "queued"
        running.reporter.say(Notice(text="Waiting for the answer before this one..."))
        self._runner.wait(running)
        try:
            await self._queue.join(conversation, record, question)
        except BaseException:
            self._runner.admit(record.turn_id)
            raise

    async def joined(self, running: Running) -> None:
        """The question is in line, whatever happens now."""
        record = running.record
        await running.fate.stored()
        with suppress(TableError):  # it waits already; whoever looks after turns will start it
            await self.start_next(record.created_by, record.conversation_id)

    async def start_next(self, owner: str, conversation_id: str) -> None:
        """Start whoever is next, unless a living turn has the conversation: that one will do it."""
        for _ in range(_ATTEMPTS):
            seen = await self._desk.conversations.find(owner, conversation_id)
            if seen is None or seen.deleted_at is not None or seen.held:
                return
            if await self._start_one(seen):
                return

    async def _start_one(self, seen: Conversation) -> bool:
        """False when somebody else was quicker, so that it must be looked at again."""
        if seen.lease_by is not None:
            if self._runner.find(seen.lease_by):
                return True  # it lives: this process was only too slow to renew its lease
            dead = await self._desk.turns.find(seen.conversation_id, seen.lease_by)
            if dead is not None and dead.status == "running":
                return await self._take_up(seen, dead)
        queued = await self._queue.first(seen)
        if queued is None:
            if seen.lease_by is not None or seen.waiting:
                await self._desk.conversations.free(seen)
            return True
        # Its readers elsewhere have heard numbers that only the process where it waited knows.
        attempt = 0 if str(queued["turn_id"]) in self._runner.waiting else 1
        admitted = await self._queue.admit(seen, queued, attempt=attempt)
        return admitted and await self._start_queued(seen, queued)

    async def _take_up(self, seen: Conversation, record: TurnRecord) -> bool:
        """Go on with a turn whose process died."""
        turn_id = record.turn_id
        taken = await self._desk.conversations.take_over(seen, holder=turn_id, until=lease_end())
        if taken is None:
            return False
        if not await self._desk.turns.begin_again(record):
            with suppress(LeaseLost):  # it was deleted
                await self._desk.conversations.release(taken, turn_id)
            return False
        record.attempt += 1
        log.info("turn.taken_up", turn_id=turn_id, attempt=record.attempt)
        self._runner.stop_waiting(turn_id)
        running = self._resuming(record)
        work = self._left_at_stop(taken, running, self._resumed(taken, running))
        self._runner.start(running, self._then_next(running, work))
        return True

    def _resuming(self, record: TurnRecord) -> Running:
        """A turn that has readers who heard of it from another process, or in another attempt."""
        log = self._logs.open(record.log_name, at=record.base_seq)
        reporter = Reporter(log, record.turn_id)
        reporter.say(TurnResumed())
        return Running(record, reporter)

    async def _resumed(self, conversation: Conversation, running: Running) -> Done:
        record, messages = running.record, self._desk.messages
        question, newest = await asyncio.gather(
            messages.find_at(record.conversation_id, record.question_at, record.question_id),
            messages.newest(record.conversation_id, limit=2),
        )
        answers = [message for message in newest if message.turn_id == record.turn_id]
        stored = next((message for message in answers if message.role == "assistant"), None)
        return await self._answering.going_on(conversation, running, question, stored=stored)

    async def _left_at_stop(
        self, conversation: Conversation, running: Running, work: Awaitable[Done]
    ) -> Done:
        """Do the work. When the process stops, the next one shall not wait for the lease's end."""
        try:
            return await work
        except asyncio.CancelledError:
            if running.stop == "suspend":
                with suppress(LeaseLost, TableError):
                    turn_id = running.record.turn_id
                    await self._desk.conversations.suspend(conversation, holder=turn_id)
            raise

    async def _start_queued(self, seen: Conversation, queued: Item) -> bool:
        """Start a turn that waited, and now has the conversation."""
        turn_id, desk = str(queued["turn_id"]), self._desk
        conversation, record = await asyncio.gather(
            desk.conversations.find(seen.created_by, seen.conversation_id),
            desk.turns.find(seen.conversation_id, turn_id),
        )
        if conversation is None or record is None:  # just being deleted
            return True
        question = await desk.messages.find_at(
            record.conversation_id, record.question_at, record.question_id
        )
        running = self._runner.admit(turn_id)
        if running is None:  # it came to another process, or to this one before it was restarted
            running = self._resuming(record)
        running.record = record
        going_on = self._answering.going_on(conversation, running, question)
        work = self._left_at_stop(conversation, running, going_on)
        self._runner.start(running, self._then_next(running, work))
        return True

    async def _then_next(self, running: Running, work: Awaitable[Done]) -> None:
        """A turn, the one after it, and what the first leaves to be done."""
        record = running.record
        bind_contextvars(turn_id=record.turn_id)
        try:
            done = await work
        finally:
            running.over.set()
            running.reporter.close(None)  # whatever happened: nobody listens in vain
        if not done.accepted:
            await running.fate.refused()
        await self.after(done.conversation)
        counting = [self._desk.count_tokens(record)] if done.closed else []
        await asyncio.gather(done.follow_up(), *counting)  # the title shall not wait

    async def after(self, freed: Conversation | None) -> None:
        """Start who waits for a conversation that was just given back."""
        if freed is not None and freed.waiting > 0:
            with suppress(TableError):
                await self.start_next(freed.created_by, freed.conversation_id)

    async def watch(self) -> None:
        """Look after turns that nobody runs, for as long as the process lives."""
        while True:
            try:
                await self.sweep()
            except TableError as error:
                log.warning("turns.not_looked_after", error=repr(error))
            except Exception:
                log.exception("turns.not_looked_after")
            await asyncio.sleep(_SWEEP_S)

    async def sweep(self) -> None:
        """Start what waits for nobody, continue what somebody left, close what was left open."""
        waited = self._runner.waiting
        under_way = await self._desk.turns.under_way()
        strays = [record for record in under_way if not self._runner.find(record.turn_id)]
        lost = set[str]()
        for owner, conversation_id in {(r.created_by, r.conversation_id): None for r in strays}:
            conversation = await self._desk.conversations.find(owner, conversation_id)
            of_it = [record for record in strays if record.conversation_id == conversation_id]
            if conversation is None:
                for record in of_it:
                    await self._desk.turns.forget(record)
                continue
            lost |= {r.turn_id for r in of_it if _is_lost(r, conversation)}
            await self.start_next(owner, conversation_id)
        for record in strays:
            # Twice in a row: a turn that ends gives its lease back while its record is closed.
            if record.turn_id in lost & self._lost:
                await self._close_lost(record)
        self._lost = lost
        answered = waited - {record.turn_id for record in under_way}  # by another process
        for turn_id in answered & self._answered:  # twice in a row: else it is just joining
            self._runner.stop_waiting(turn_id)
        self._answered = answered

    async def _close_lost(self, record: TurnRecord) -> None:
        """Close the record of a turn whose process died between its last two writes."""
        answer = await self._desk.messages.answer_of(record.conversation_id, record.turn_id)
        record.last_seq = record.base_seq + ATTEMPT - 1  # nobody has heard the end, which is lost
        if answer is not None and answer.status != "running":
            record.status, record.answer_id = answer.status, answer.message_id
        else:
            failure = Unavailable("The server stopped in the middle of this answer. Ask again.")
            record.status, record.error = "failed", failure.detail
            record.problem = failure.problem()
        in_vain = answer is None and not record.steps
        refund = self._desk.usage.refund(record.reservation) if in_vain else None
        with suppress(ConditionFailed):
            await self._desk.turns.finish(record, refund)
            await self._desk.count_tokens(record)


def _is_lost(record: TurnRecord, conversation: Conversation) -> bool:
    return record.status == "running" and conversation.lease_by != record.turn_id
