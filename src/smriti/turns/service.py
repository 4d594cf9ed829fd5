"""Sending a message: every refusal before the first byte, then a turn of its own."""

import asyncio
from datetime import timedelta
from typing import Final

from structlog.contextvars import bind_contextvars

from smriti.auth.models import Claims
from smriti.core.clock import new_id, utc_now
from smriti.core.errors import AppError, Conflict, Unavailable
from smriti.llm.retry import RetryingProvider
from smriti.llm.service import ModelService
from smriti.messages.models import Message, MessageCreate
from smriti.realtime.broker import EventLog, OpenLog
from smriti.turns.architecture import Architecture, Architectures, Scene
from smriti.turns.events import Notice, TurnFailed
from smriti.turns.failures import told
from smriti.turns.opening import Opener, Opening
from smriti.turns.reporter import Reporter
from smriti.turns.request import build_request, check_images
from smriti.turns.runner import TurnRunner
from smriti.turns.titles import give_title
from smriti.turns.turn import Desk, Plan, Turn

_POLL_S: Final = 0.1
_PATIENCE_S: Final = 600.0
_TICK: Final = timedelta(microseconds=1)


class AnswerNotEnding(Unavailable):
    slug = "answer-not-ending"

    def __init__(self) -> None:
        super().__init__("The answer before this one did not end. Send the message again.")


class TurnService:
    def __init__(
        self,
        desk: Desk,
        opener: Opener,
        runner: TurnRunner,
        *,
        models: ModelService,
        architectures: Architectures,
        open_log: OpenLog,
    ) -> None:
        self._desk = desk
        self._opener = opener
        self._runner = runner
        self._models = models
        self._architectures = architectures
        self._open_log = open_log

    async def send(
        self, claims: Claims, agent_id: str, conversation_id: str, new: MessageCreate
    ) -> EventLog:
        """Start a turn and answer its log. Whatever can be refused is refused here."""
        self._runner.check_room(conversation_id)
        opening = await self._opener.open(claims, agent_id, conversation_id, new_id())
        try:
            self._runner.check_room(conversation_id)  # again: others may have come meanwhile
            architecture = self._architecture_of(opening)
            check_images(opening, _question(opening, new), self._desk.catalog)
        except AppError:
            await self._give_back(opening)
            raise
        events = self._open_log()
        reporter = Reporter(events, opening.turn_id)
        turn = self._answer(claims, opening, new, architecture=architecture, reporter=reporter)
        self._runner.start(turn, opening.conversation)
        return events

    async def _answer(
        self,
        claims: Claims,
        opening: Opening,
        new: MessageCreate,
        *,
        architecture: Architecture,
        reporter: Reporter,
    ) -> None:
        bind_contextvars(turn_id=opening.turn_id)
        reporter.say(Notice(text="Loading agent information..."))
        reporter.say(Notice(text="Validating conversation..."))
        try:
            opening = await self._held(claims, opening, reporter)
            question = _question(opening, new)
            plan = await self._plan(opening, question, architecture)
        except asyncio.CancelledError:
            await self._refuse(opening, reporter, Unavailable("The server is stopping."))
            raise
        except Exception as error:  # noqa: BLE001 - the turn's end: whatever it is, the reader hears
            await self._refuse(opening, reporter, told(error))
            return
        answer = await Turn(opening, question, reporter, self._desk).run(plan)
        await plan.mind.settle()
        if answer is not None and opening.conversation.untitled:
            exchange = (question, answer)
            await give_title(
                self._desk.conversations,
                opening.conversation,
                plan.provider,
                plan.request.model,
                exchange,
            )

    def _architecture_of(self, opening: Opening) -> Architecture:
        name = opening.agent.agent_architecture
        if name not in self._architectures:
            known = ", ".join(self._architectures)
            raise Conflict(f"The agent's architecture {name!r} is not one of {known}.")
        return self._architectures[name]

    async def _held(self, claims: Claims, opening: Opening, reporter: Reporter) -> Opening:
        """The opening once the conversation is this turn's; earlier turns end first, in order."""
        if not opening.held:
            return opening
        reporter.say(Notice(text="Waiting for the answer before this one..."))
        conversation_id = opening.conversation.conversation_id
        try:
            async with asyncio.timeout(_PATIENCE_S), self._runner.place_in_line(conversation_id):
                while not await self._opener.retake(opening):  # noqa: ASYNC110 - the lease is elsewhere
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise AnswerNotEnding from error
        return await self._opener.open(
            claims, opening.agent.agent_id, conversation_id, opening.turn_id
        )

    async def _plan(self, opening: Opening, question: Message, architecture: Architecture) -> Plan:
        scene = Scene(
            agent=opening.agent,
            user=opening.user,
            conversation_id=opening.conversation.conversation_id,
            turn_id=opening.turn_id,
            core=opening.core,
        )
        mind = architecture.mind(scene)
        request = await build_request(
            mind,
            question,
            opening,
            architecture=architecture,
            opener=self._opener,
            catalog=self._desk.catalog,
        )
        agent = opening.agent
        connected = await self._models.connect(agent.agent_provider, opening.credentials)
        provider = RetryingProvider(connected, fallback_model=agent.fallback_model)
        return Plan(request, provider, mind, architecture.max_steps, architecture.remembers)

    async def _refuse(self, opening: Opening, reporter: Reporter, failure: AppError) -> None:
        reporter.close(TurnFailed(problem=failure.problem()))
        await self._give_back(opening)

    async def _give_back(self, opening: Opening) -> None:
        if not opening.held:
            await self._opener.give_back(opening.conversation, opening.turn_id)


def _question(opening: Opening, new: MessageCreate) -> Message:
    """The message to store: never older than the newest one, whatever the clocks say."""
    now = utc_now()
    if opening.newest:
        now = max(now, opening.newest[0].created_at + _TICK)
    return Message(
        conversation_id=opening.conversation.conversation_id,
        role="user",
        content=new.content,
        attachments=list(new.attachments),
        created_at=now,
        turn_id=opening.turn_id,
    )
