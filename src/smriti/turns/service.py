"""Asking: every refusal before the first byte, then a turn of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import orjson

from smriti.auth.idempotency.service import AnswerNotKept, Idempotency
from smriti.auth.models import Asker
from smriti.conversations.models import Stretch
from smriti.conversations.service import MessageNotFound
from smriti.core.clock import new_id, sort_time
from smriti.core.errors import BadRequest, Conflict
from smriti.messages.models import MAX_ATTACHMENTS, Message, MessageCreate
from smriti.messages.repository import message_key
from smriti.realtime.broker import EventLogs
from smriti.turns.events import Notice
from smriti.turns.models import TurnRecord
from smriti.turns.opener import Opener
from smriti.turns.opening import Opening
from smriti.turns.plan import Desk
from smriti.turns.queue import next_moment
from smriti.turns.reporter import Reporter
from smriti.turns.request import model_of
from smriti.turns.runner import Fate, Running, TurnRunner
from smriti.turns.starter import Starter


class ConversationBusy(Conflict):
    slug = "conversation-busy"

    def __init__(self) -> None:
        super().__init__("The agent is answering. Wait for the answer, or cancel its turn.")


class MessageLeft(Conflict):
    slug = "message-left-behind"

    def __init__(self) -> None:
        super().__init__("This message belongs to a branch that was left by a retry or an edit.")


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks whom, where, and the name of the request in case that it is sent again.

    `admission` refuses who asks too often; it is awaited with the turn's first reads.
    """

    asker: Asker
    agent_id: str
    conversation_id: str
    key: str | None = None
    admission: Awaitable[None] | None = None


@dataclass(frozen=True, slots=True)
class _Again:
    """A question to be asked again, or another in its place."""

    message_id: str
    new: MessageCreate | None = None


type Begin = Callable[[str, Fate], Awaitable[None]]


class TurnService:
    def __init__(
        self,
        desk: Desk,
        opener: Opener,
        starter: Starter,
        *,
        runner: TurnRunner,
        idempotency: Idempotency,
        logs: EventLogs,
    ) -> None:
        self._desk = desk
        self._opener = opener
        self._starter = starter
        self._runner = runner
        self._idempotency = idempotency
        self._logs = logs

    async def send(self, ask: Ask, new: MessageCreate) -> str:
        """Start a turn, or put it in line, and answer its id: from then on it can be read."""
        return await self._once(ask, "send", new.model_dump(), begin=partial(self._send, ask, new))

    async def retry(self, ask: Ask, message_id: str) -> str:
        """Answer a question again; what came after it is left behind."""
        begin = partial(self._ask_again, _Again(message_id), ask)
        return await self._once(ask, "retry", message_id, begin=begin)

    async def edit(self, ask: Ask, message_id: str, new: MessageCreate) -> str:
        """Ask something else in the place of a question; that one is left behind, too."""
        begin = partial(self._ask_again, _Again(message_id, new), ask)
        return await self._once(ask, "edit", message_id, new.model_dump(), begin=begin)

    async def _once(self, ask: Ask, *request: object, begin: Begin) -> str:
        """Begin a turn; when a request of this key has begun one, that one."""
        self._runner.check_room()
        if ask.key is None:
            turn_id = new_id()
            await begin(turn_id, Fate())
            return turn_id
        named = orjson.dumps([ask.agent_id, ask.conversation_id, *request])
        try:
            claim = await self._idempotency.begin(ask.asker.user, ask.key, named)
        except AnswerNotKept as done:
            return done.resource_id
        turn_id = claim.resource_id
        # A process that died may have begun the turn, and not have said so.
        if await self._desk.turns.find(ask.conversation_id, turn_id) is not None:
            await self._idempotency.release(claim, refused=False)
            return turn_id
        stored = partial(self._idempotency.finish, claim, None)
        try:
            await begin(turn_id, Fate(stored, partial(self._idempotency.forget, claim)))
        except BaseException:
            await self._idempotency.release(claim, refused=True)
            raise
        return turn_id

    async def _send(self, ask: Ask, new: MessageCreate, turn_id: str, fate: Fate) -> None:
        opening = await self._open(ask, turn_id)
        question = _question(opening, new)
        await self._begin(opening, question, _record(opening, question), fate)

    async def _ask_again(self, what: _Again, ask: Ask, turn_id: str, fate: Fate) -> None:
        message_id, new = what.message_id, what.new
        opening = await self._open(ask, turn_id)
        if opening.held and not opening.conversation.held:  # by a turn whose process died
            await self._opener.undo(opening)
            await self._starter.start_next(opening.user, ask.conversation_id)
            opening = await self._open(ask, turn_id)
        try:
            old = await self._question_of(opening, message_id, retry=new is None)
            opening, stretch = await self._branched(opening, old, keeps_it=new is None)
        except BaseException:
            await self._undo(opening)
            raise
        question = _question(opening, new) if new else old
        record = _record(opening, question)
        record.leaves_behind = stretch
        await self._begin(opening, question, record, fate)

    async def _branched(
        self, opening: Opening, old: Message, *, keeps_it: bool
    ) -> tuple[Opening, Stretch]:
        """The opening as if nothing had been said after a question, and what is left behind."""
        conversation = opening.conversation
        newest = conversation.last_message_at or old.created_at
        key = message_key(old)
        stretch = f"{key}~" if keeps_it else key, f"MESSAGE#{sort_time(newest)}~"
        left = conversation.left_behind_with(stretch)
        conversation = conversation.model_copy(update={"left_behind": left})
        return await self._opener.as_before(opening, conversation, old.created_at), stretch

    async def _question_of(self, opening: Opening, message_id: str, *, retry: bool) -> Message:
        """The question to ask again: the message, or what the message answers."""
        if opening.held:
            raise ConversationBusy
        conversation, messages = opening.conversation, self._desk.messages
        conversation_id = conversation.conversation_id
        message = await messages.find(conversation_id, message_id)
        if message is None:
            raise MessageNotFound
        if not conversation.is_active(message_key(message)):
            raise MessageLeft
        if message.role == "user":
            return (await messages.with_pictures([message], limit=MAX_ATTACHMENTS))[0]
        if not retry:
            raise BadRequest("Only what you have said can be edited; an answer can be retried.")
        turn = await self._desk.turns.find(conversation_id, message.turn_id or "")
        if turn is None or not turn.question_id:
            raise BadRequest("Nobody knows what this message answers. Retry the question instead.")
        question = await messages.find_at(conversation_id, turn.question_at, turn.question_id)
        if question is None:
            raise MessageNotFound
        return question

    async def _open(self, ask: Ask, turn_id: str) -> Opening:
        return await self._opener.open(
            ask.asker, ask.agent_id, ask.conversation_id, turn_id, admission=ask.admission
        )

    async def _begin(
        self, opening: Opening, question: Message, record: TurnRecord, fate: Fate
    ) -> None:
        """Start the turn, or let it wait for the conversation."""
        reporter: Reporter | None = None
        try:
            self._runner.check_room()  # again: others may have come meanwhile
            self._starter.check(opening, question)
            reporter = Reporter(self._logs.open(record.log_name), record.turn_id)
            running = Running(record, reporter, fate)
            reporter.say(Notice(text="Loading agent information..."))
            reporter.say(Notice(text="Validating conversation..."))
            if opening.held:
                await self._starter.join(opening.conversation, running, question)
        except BaseException:
            if reporter is not None:
                reporter.close(None)
            await self._undo(opening)
            raise
        if opening.held:
            await self._starter.joined(running)
        else:
            self._starter.start_fresh(opening, question, running)

    async def _undo(self, opening: Opening) -> None:
        await self._starter.after(await self._opener.undo(opening))


def _question(opening: Opening, new: MessageCreate) -> Message:
    return Message(
        conversation_id=opening.conversation.conversation_id,
        role="user",
        content=new.content,
        attachments=list(new.attachments),
        created_at=next_moment(opening.conversation),
        turn_id=opening.turn_id,
    )


def _record(opening: Opening, question: Message) -> TurnRecord:
    return TurnRecord(
        turn_id=opening.turn_id,
        conversation_id=question.conversation_id,
        agent_id=opening.agent.agent_id,
        created_by=opening.user,
        agent_owner=opening.conversation.agent_owner,
        question_id=question.message_id,
        question_at=question.created_at,
        model=model_of(opening),
        reserved=opening.reserved.month if opening.reserved else None,
    )
