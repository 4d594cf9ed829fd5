"""How a turn is carried out once it has its conversation: plan, run, what follows the answer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from smriti.conversations.models import Conversation
from smriti.core.errors import Unavailable
from smriti.llm.retry import RetryingProvider
from smriti.llm.service import ModelService
from smriti.messages.models import Message
from smriti.tools.toolset import Combined
from smriti.turns.answer import Answer
from smriti.turns.architecture import Architecture, Architectures, Mind, Scene, architecture_of
from smriti.turns.asking import Ask
from smriti.turns.capabilities import SILENT, Stage
from smriti.turns.events import Notice, TurnEvent, TurnFailed
from smriti.turns.failures import told
from smriti.turns.loop import Progress
from smriti.turns.models import TurnRecord
from smriti.turns.opener import Opener
from smriti.turns.opening import Opening
from smriti.turns.past import Said
from smriti.turns.plan import Desk, Plan, Write
from smriti.turns.prompt import answer as shown_answer
from smriti.turns.request import Prompt, build_prompt
from smriti.turns.retelling import retold
from smriti.turns.runner import Running
from smriti.turns.stay import Stay
from smriti.turns.summaries import SummaryKeeper
from smriti.turns.titles import give_title
from smriti.turns.turn import Turn

_LENT_STEPS: Final = 10


async def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Done:
    """A turn that has ended: the conversation as it was given back, what is still to be done.

    `closed`: by this process, so that its tokens are to be counted here.
    """

    conversation: Conversation | None
    follow_up: Callable[[], Awaitable[None]] = _nothing
    accepted: bool = True
    closed: bool = False


class Answering:
    def __init__(
        self,
        desk: Desk,
        opener: Opener,
        *,
        models: ModelService,
        architectures: Architectures,
        summaries: SummaryKeeper,
    ) -> None:
        self._desk = desk
        self._opener = opener
        self._models = models
        self._architectures = architectures
        self._summaries = summaries

    def architecture_of(self, opening: Opening) -> Architecture:
        return architecture_of(opening.agent, self._architectures)

    async def fresh(self, opening: Opening, question: Message, running: Running) -> Done:
        """Answer a question that has just come. One that cannot be planned for leaves no trace."""
        answer = Answer(question, running.record.turn_id, opening.conversation)
        turn = Turn(opening.conversation, question, answer, running, self._desk)
        try:
            plan, prompt = await self._plan(opening, question, answer, running)
        except BaseException as error:
            stopping = Unavailable("The server is stopping.")
            failure = told(error) if isinstance(error, Exception) else stopping
            running.reporter.close(TurnFailed(problem=failure.problem()))
            freed = await self._opener.undo(opening)
            if not isinstance(error, Exception):
                raise
            return Done(freed, accepted=False)
        plan = replace(plan, writes=self._first_writes(opening, question, running.record))
        return await self._carried_out(turn, plan, prompt, opening)

    def _first_writes(self, opening: Opening, question: Message, record: TurnRecord) -> list[Write]:
        """What makes the question acknowledged. One that is asked again is stored already."""
        writes: list[Write] = [partial(self._desk.turns.begin, record)]
        if question.turn_id == record.turn_id:
            writes.append(partial(self._desk.messages.put, question))
        return writes + self._branch_writes(opening, record)

    def _branch_writes(self, opening: Opening, record: TurnRecord) -> list[Write]:
        if record.leaves_behind is None:
            return []
        leave = self._desk.conversations.leave_behind
        return [partial(leave, opening.conversation, record.turn_id, record.leaves_behind)]

    async def going_on(
        self,
        conversation: Conversation,
        running: Running,
        question: Message | None,
        *,
        stored: Message | None = None,
    ) -> Done:
        """Answer a question that is stored: it waited, or a process died over its answer, of which
        `stored` is left. None: that process did not even store the question."""
        if question is None:
            return await self._unheard(conversation, running)
        answer = Answer(question, running.record.turn_id, conversation, stored=stored)
        turn = Turn(conversation, question, answer, running, self._desk)
        turn.was_asked = True
        if stored is not None and stored.status != "running":
            return Done(await turn.conclude(stored), closed=turn.closed)
        try:
            opening = await self._opener.reopen(running.record, conversation)
            plan, prompt = await self._plan(opening, question, answer, running)
        except Exception as error:  # noqa: BLE001 - the turn's end: whatever it is, the reader hears
            return Done(await turn.fail(error), closed=turn.closed)
        # The process that began it may have died before it had left the other branch.
        plan = replace(plan, writes=self._branch_writes(opening, running.record))
        return await self._carried_out(turn, plan, prompt, opening)

    async def _unheard(self, conversation: Conversation, running: Running) -> Done:
        record = running.record
        failure = Unavailable("The server stopped before it stored the question. Send it again.")
        running.reporter.close(TurnFailed(problem=failure.problem()))
        refund = self._desk.usage.refund(record.reservation)
        await self._desk.turns.forget(record, refund)  # so that the request can be made again
        freed = await self._opener.give_back(conversation, record.turn_id)
        return Done(freed, accepted=False)

    async def prompt_for(self, opening: Opening, question: Message) -> Prompt:
        """What the model would be shown."""
        _, prompt = await self._prompt(opening, question, self.architecture_of(opening), SILENT)
        return prompt

    async def _prompt(
        self, opening: Opening, question: Message, architecture: Architecture, stage: Stage
    ) -> tuple[Mind, Prompt]:
        scene = Scene(
            agent=opening.agent,
            user=opening.user,
            conversation=opening.conversation,
            turn_id=opening.turn_id,
            core=opening.core,
        )
        mind = architecture.mind(scene)
        lent = self._desk.capabilities.tools(scene, stage)
        if lent:
            mind = replace(mind, tools=Combined(mind.tools, *lent))
        return mind, await build_prompt(
            mind,
            question,
            opening,
            architecture=architecture,
            opener=self._opener,
            catalog=self._desk.catalog,
        )

    async def _plan(
        self, opening: Opening, question: Message, answer: Answer, running: Running
    ) -> tuple[Plan, Prompt]:
        architecture, desk = self.architecture_of(opening), self._desk
        running.stay = Stay(desk.slots, opening.owner)
        stage = Stage(running.reporter.say, running.stay.left)
        mind, prompt = await self._prompt(opening, question, architecture, stage)
        agent = opening.agent
        connected = await self._models.connect(agent.agent_provider, opening.credentials)
        provider = RetryingProvider(connected, fallback_model=agent.fallback_model)
        running.record.model = prompt.request.model
        plan = Plan(
            request=prompt.request.continued(*answer.parts) if answer.parts else prompt.request,
            provider=mind.provider or provider,
            aside=provider,
            mind=mind,
            talk=opening.talk,
            stay=running.stay,
            # An architecture without tools has those that its agent is lent.
            max_steps=architecture.max_steps or (_LENT_STEPS if prompt.request.tools else 0),
            greeting=await self._greeting(running.record, answer, architecture),
            done=Progress(running.record.steps, answer.open_calls),
        )
        return plan, prompt

    async def _greeting(
        self, record: TurnRecord, answer: Answer, architecture: Architecture
    ) -> Sequence[TurnEvent]:
        """What is told first: of a new attempt, all that the ones before it have told."""
        if not record.attempt:
            return _loading(remembers=architecture.remembers)
        told = await self._desk.capabilities.told(record, answer.parts)
        return list(retold(answer.parts, told, record.call_ms))

    async def _carried_out(self, turn: Turn, plan: Plan, prompt: Prompt, opening: Opening) -> Done:
        conversation, known = opening.conversation, prompt.known
        freed = await turn.run(plan)
        if freed is not None and known is not None:
            if turn.answer is not None:
                known = known.followed_by(
                    Said.of(shown_answer(turn.answer), turn.answer.created_at)
                )
            self._opener.pasts.keep(conversation.conversation_id, known, fence=conversation.fence)
        else:
            self._opener.pasts.drop(conversation.conversation_id)
        ask = Ask(plan.aside, plan.request.model, prompt.traits)

        async def follow_up() -> None:
            if turn.completed and turn.answer is not None and conversation.untitled:
                exchange = (turn.question, turn.answer)
                await give_title(self._desk.conversations, conversation, ask, exchange)
            await plan.mind.settle(ask)
            shown, room = known or prompt.shown, prompt.spent.left
            await self._summaries.keep_up(conversation, shown, room_tokens=room, ask=ask)

        return Done(freed, follow_up, accepted=turn.accepted, closed=turn.closed)


def _loading(*, remembers: bool) -> list[TurnEvent]:
    memory = ["Loading memory..."] if remembers else []
    return [
        Notice(text=text)
        for text in (
            "Loading provider configuration...",
            *memory,
            "Building conversation context...",
            "Connecting to AI model...",
        )
    ]
