"""One turn, from an accepted question to its stored answer. It never belongs to a connection."""

import asyncio
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final, assert_never

import structlog

from smriti.conversations.repository import ConversationRepository, LeaseLost
from smriti.conversations.service import ConversationService
from smriti.core.errors import AppError, Conflict, Unavailable, UpstreamFailed
from smriti.db.table import ConditionFailed, TableError
from smriti.llm.catalog import Catalog
from smriti.llm.provider import Provider
from smriti.llm.types import ModelRequest
from smriti.messages.models import Message, Status
from smriti.messages.repository import MessageRepository
from smriti.observability.metrics import Metrics, TurnOutcome
from smriti.turns.answer import Answer
from smriti.turns.architecture import Mind
from smriti.turns.events import (
    LoopEvent,
    Notice,
    QuestionSaved,
    ReasoningDelta,
    StepCompleted,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnFailed,
    TurnFinished,
)
from smriti.turns.failures import told
from smriti.turns.loop import run_steps
from smriti.turns.models import TurnRecord, TurnStatus
from smriti.turns.opening import LEASE_S, Opening, lease_end
from smriti.turns.reporter import Reporter
from smriti.turns.repository import TurnRepository

_RENEW_S: Final = LEASE_S / 3
_LIMIT_S: Final = 1800.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Desk:
    """Where turns keep things: shared by all of them."""

    conversations: ConversationRepository
    conversation_service: ConversationService
    messages: MessageRepository
    turns: TurnRepository
    catalog: Catalog
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Plan:
    """How a turn will think: the first request, the model, the mind."""

    request: ModelRequest
    provider: Provider
    mind: Mind
    max_steps: int
    remembers: bool


class Turn:
    """One question being answered. `run` is its life from holding the conversation to the end."""

    def __init__(self, opening: Opening, question: Message, reporter: Reporter, desk: Desk) -> None:
        self._opening = opening
        self._question = question
        self._reporter = reporter
        self._desk = desk
        self._answer = Answer(question)
        self._status: TurnOutcome = "complete"
        self._failure: AppError | None = None
        self._accepted = False
        self._lease_lost = False
        self._began = time.monotonic()
        self._spoke = False

    async def run(self, plan: Plan) -> Message | None:
        """Answer the question; the stored answer, None if that failed. Always says a last event."""
        self._desk.metrics.turn_started()
        try:
            await self._work(plan)
            answer = await self._put_away()
        except asyncio.CancelledError:
            self._fail(Unavailable("This answer was stopped. Send the message again."), "cancelled")
            await self._put_away()
            raise
        finally:
            self._say_the_end()
        return None if self._failure else answer

    async def _work(self, plan: Plan) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._keep_lease())
                accepted = group.create_task(self._accept(plan))
                await self._think(plan, accepted)
                keeper.cancel()
        except* LeaseLost:
            self._lease_lost = True
            self._fail(Conflict("The conversation was deleted, or another answer took its place."))
        except* Exception as failed:  # noqa: BLE001 - what accepting met, a bug too
            self._fail(failed.exceptions[0])

    async def _accept(self, plan: Plan) -> None:
        """Store the question while the model request is under way."""
        opening, question = self._opening, self._question
        record = self._record("running")
        await asyncio.gather(self._desk.turns.begin(record), self._desk.messages.put(question))
        self._accepted = True
        self._reporter.say(QuestionSaved(message_id=question.message_id))
        memory = ["Loading memory..."] if plan.remembers else []
        for text in (
            "Loading provider configuration...",
            *memory,
            "Building conversation context...",
            "Connecting to AI model...",
        ):
            self._reporter.say(Notice(text=text))
        log.info("turn.started", agent_id=opening.agent.agent_id)

    async def _think(self, plan: Plan, accepted: asyncio.Task[None]) -> None:
        """Run the loop. What the model or a tool does wrong is a failure of the answer alone."""
        try:
            async with asyncio.timeout(_LIMIT_S):
                events = run_steps(
                    plan.request, plan.provider, plan.mind.tools, max_steps=plan.max_steps
                )
                async with aclosing(events):
                    async for event in events:
                        if not self._accepted:  # nothing is shown and no tool runs before this
                            await asyncio.wait([accepted])
                        await self._take(event)
        except TimeoutError:
            self._fail(UpstreamFailed(f"No answer was found within {_LIMIT_S / 60:.0f} minutes."))
        except Exception as error:  # noqa: BLE001 - the turn's end: whatever it is, the reader hears
            self._fail(error)
        await asyncio.wait([accepted])

    async def _take(self, event: LoopEvent) -> None:
        match event:
            case TextDelta():
                self._answer.add_text(event.text)
                self._show(event)
            case Notice():
                self._reporter.say(event)
            case ReasoningDelta() | ToolStarted():
                self._show(event)
            case ToolFinished(result=result):
                self._desk.metrics.tool_called(result.name, success=result.success)
                self._show(event)
            case StepCompleted():
                self._answer.add_step(event)
                if not event.final:
                    await self._store_answer("running")
            case _:
                assert_never(event)

    def _show(self, event: TextDelta | ReasoningDelta | ToolStarted | ToolFinished) -> None:
        if not self._spoke:
            self._spoke = True
            self._desk.metrics.first_token_seen(seconds=time.monotonic() - self._began)
        self._reporter.say(event)

    async def _keep_lease(self) -> None:
        opening = self._opening
        while True:
            await asyncio.sleep(_RENEW_S)
            # A store that fails now and then costs nothing: the fence decides at the end.
            with suppress(TableError):
                await self._desk.conversations.renew(
                    opening.conversation, holder=opening.turn_id, until=lease_end()
                )

    async def _store_answer(self, status: Status) -> Message | None:
        message = self._answer.message(status)
        if message is not None:
            await self._desk.messages.put(message)
        return message

    async def _put_away(self) -> Message | None:
        """Store what was said, close the record, give the conversation back."""
        answer: Message | None = None
        try:
            if self._accepted and not self._lease_lost:
                answer = await self._store_answer(self._status)
        except Exception as error:  # noqa: BLE001 - the turn's end
            self._fail(error)
        try:
            await self._close(answer)
        except Exception as error:  # noqa: BLE001 - the turn's end
            self._fail(error)
        return answer

    async def _close(self, answer: Message | None) -> None:
        desk, opening = self._desk, self._opening
        last = answer or (self._question if self._accepted else None)
        results = await asyncio.gather(
            desk.turns.finish(self._record(self._status, answer)),
            desk.conversations.release(
                opening.conversation,
                holder=opening.turn_id,
                last_message_at=last.created_at if last else None,
            ),
            return_exceptions=True,
        )
        if self._lease_lost or any(isinstance(result, LeaseLost) for result in results):
            await desk.conversation_service.clear_if_deleted(opening.conversation)
        for result in results:
            if not isinstance(result, LeaseLost | ConditionFailed | None):
                raise result

    def _record(self, status: TurnStatus, answer: Message | None = None) -> TurnRecord:
        return TurnRecord(
            turn_id=self._opening.turn_id,
            conversation_id=self._question.conversation_id,
            agent_id=self._opening.agent.agent_id,
            created_by=self._opening.user,
            question_id=self._question.message_id,
            answer_id=answer.message_id if answer else None,
            status=status,
            error=self._failure.detail if self._failure else None,
            steps=self._answer.steps,
            usage=self._answer.usage,
            started_at=self._question.created_at,
        )

    def _fail(self, error: Exception, status: TurnOutcome = "failed") -> None:
        """The first failure is the one that is told."""
        failure = told(error)
        if self._failure is None:
            self._failure, self._status = failure, status

    def _say_the_end(self) -> None:
        self._reporter.close(self._last_event())  # first: nothing below may keep a reader waiting
        seconds = time.monotonic() - self._began
        self._desk.metrics.turn_finished(self._status, seconds=seconds)
        for kind, count in self._answer.usage.by_kind():
            self._desk.metrics.tokens_used(kind, count)
        log.info(
            "turn.finished",
            status=self._status,
            steps=self._answer.steps,
            seconds=round(seconds, 3),
            error=self._failure.slug if self._failure else None,
        )

    def _last_event(self) -> TurnFinished | TurnFailed:
        if self._failure is not None:
            return TurnFailed(problem=self._failure.problem())
        return TurnFinished(
            message_id=self._answer.message_id, finish_reason=self._answer.finish_reason
        )
