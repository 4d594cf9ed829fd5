"""Earlier messages, said elsewhere, that become part of a conversation.

    CONVERSATION#<id>  IMPORT#<sha256>    where in time an import without times begins

An import holds the conversation as a turn does. Its ids are made from what it brings: repeated
after a crash it goes on where it was, and brings nothing twice.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field

from smriti.agents.service import AgentService
from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationHeld, LeaseLost
from smriti.conversations.service import ConversationNotFound
from smriti.core.clock import EPOCH, Moment, id_of, sort_time, utc_now
from smriti.core.errors import Invalid, Unavailable
from smriti.db.table import NEW, Change, ConditionFailed, Key, Put, Set, Table, TableError
from smriti.memory.recall.models import Exchange, Talk
from smriti.messages.models import MAX_CONTENT_CHARACTERS, Message
from smriti.messages.repository import conversation_partition, message_key
from smriti.turns.models import TurnRecord
from smriti.turns.plan import Desk
from smriti.turns.service import ConversationBusy
from smriti.turns.starter import Starter
from smriti.turns.summary import SummaryRepository
from smriti.users.models import User

MOST_MESSAGES: Final = 1000
LEASE: Final = timedelta(seconds=60)
_LIMIT_S: Final = 45.0
"""Shorter than the lease: nobody else has the conversation while it is written to."""

_TICK: Final = timedelta(microseconds=1)
_FAST_CLOCKS: Final = timedelta(minutes=1)

log = structlog.get_logger()


class EarlierMessage(BaseModel):
    """Without a time it comes right after the one before it."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=MAX_CONTENT_CHARACTERS)]
    created_at: Moment | None = None


class MessagesImport(BaseModel):
    """Messages in the order in which they were said. An answer follows its question."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "messages": [
                    {
                        "role": "user",
                        "content": "I play the cello",
                        "created_at": "2025-03-01T09:15:00Z",
                    },
                    {"role": "assistant", "content": "Since when?"},
                ]
            }
        }
    )

    messages: Annotated[list[EarlierMessage], Field(min_length=1, max_length=MOST_MESSAGES)]


class ImportedMessage(BaseModel):
    """`created`: false when it was there already."""

    message_id: str
    created: bool


class MessagesImported(BaseModel):
    """In the order of the import."""

    items: list[ImportedMessage]


@dataclass(frozen=True, slots=True)
class ImportedExchange:
    """One exchange that is to become part of the conversation."""

    record: TurnRecord
    exchange: Exchange


class ImportRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    async def begin(self, conversation_id: str, digest: str, moment: datetime) -> datetime:
        """Where the import begins: at this moment, or where it did when it was first tried."""
        pk, sk = _key(conversation_id, digest)
        item = {"pk": pk, "sk": sk, "entity_type": "Import", "begins_at": sort_time(moment)}
        try:
            await self._table.write(Put({**item}, when=NEW))
        except ConditionFailed as failure:
            return datetime.fromisoformat(str((failure.old or item)["begins_at"]))
        return moment


def _key(conversation_id: str, digest: str) -> Key:
    return conversation_partition(conversation_id), f"IMPORT#{digest}"


class Importer:
    def __init__(
        self,
        desk: Desk,
        starter: Starter,
        agents: AgentService,
        summaries: SummaryRepository,
        imports: ImportRepository,
    ) -> None:
        self._desk = desk
        self._starter = starter
        self._agents = agents
        self._summaries = summaries
        self._imports = imports

    async def add(
        self, user: User, conversation: Conversation, new: MessagesImport
    ) -> MessagesImported:
        """Add messages to a conversation. `ConversationBusy` while a turn has it."""
        agent = await self._agents.get(user.email, conversation.agent_id)
        talk = Talk(agent.agent_id, user.email, agent.agent_name, user.name)
        digest = hashlib.sha256(orjson.dumps([m.model_dump() for m in new.messages])).hexdigest()
        holder = id_of(EPOCH, digest.encode())
        held = await self._take(conversation, holder)
        changes: list[Change] = []
        brought: list[ImportedExchange] = []
        try:
            async with asyncio.timeout(_LIMIT_S):
                messages = await self._messages(held, new.messages, digest)
                brought = list(exchanges_of(messages, talk))
                created = await self._store(held, messages, brought)
                changes = _changes(held, messages[-1])
        except TimeoutError as error:
            raise Unavailable("The store is slow. Send the same import again.") from error
        finally:
            await self._give_back(held, holder, changes, brought)
        log.info("messages.imported", count=len(messages), created=sum(created))
        items = [
            ImportedMessage(message_id=message.message_id, created=is_new)
            for message, is_new in zip(messages, created, strict=True)
        ]
        return MessagesImported(items=items)

    async def _take(self, conversation: Conversation, holder: str) -> Conversation:
        owner, conversation_id = conversation.created_by, conversation.conversation_id
        for _ in range(2):
            try:
                taken = await self._desk.conversations.take(
                    owner, conversation_id, holder=holder, until=utc_now() + LEASE
                )
            except ConversationHeld as other:
                if other.conversation.held:
                    raise ConversationBusy from other
                await self._starter.start_next(owner, conversation_id)  # its process died
                continue
            if taken is None:
                raise ConversationNotFound
            return taken
        raise ConversationBusy

    async def _messages(
        self, conversation: Conversation, wanted: Sequence[EarlierMessage], digest: str
    ) -> list[Message]:
        """What is to be stored: each later than the one before it, an answer with its question."""
        conversation_id = conversation.conversation_id
        moment = wanted[0].created_at
        if moment is None:
            newest = conversation.last_message_at
            end = newest + _TICK if newest else conversation.created_at
            moment = await self._imports.begin(conversation_id, digest, end)
        messages: list[Message] = []
        for place, each in enumerate(wanted):
            if place:
                moment = max(each.created_at or moment, moment + _TICK)
            messages.append(_message(conversation_id, each, moment))
            if each.role == "assistant" and place and wanted[place - 1].role == "user":
                messages[-1].turn_id = messages[-2].turn_id
        if moment > utc_now() + _FAST_CLOCKS:
            raise Invalid("Messages of the future cannot be imported.")
        return messages

    async def _store(
        self,
        conversation: Conversation,
        messages: Sequence[Message],
        brought: list[ImportedExchange],
    ) -> list[bool]:
        """Which of the messages are new. They come last: a crash before leaves all to be done."""
        there = await self._desk.messages.existing(messages)
        missing = [message for message, known in zip(messages, there, strict=True) if not known]
        turns = {message.turn_id for message in missing}
        new = [each for each in brought if each.record.turn_id in turns]
        if missing:
            await self._desk.turns.put_all([each.record for each in new])
            await self._desk.recaller.keep_earlier([each.exchange for each in new])
            await self._desk.messages.put_all(missing)
            await self._summaries.forget_from(conversation.conversation_id, message_key(missing[0]))
        return [not known for known in there]

    async def _give_back(
        self,
        held: Conversation,
        holder: str,
        changes: list[Change],
        brought: list[ImportedExchange],
    ) -> None:
        try:
            freed = await self._desk.conversations.release(held, holder, *changes)
        except LeaseLost:
            if await self._desk.conversation_service.clear_if_deleted(held):
                await self._desk.recaller.forget(*(each.record for each in brought))
                raise ConversationNotFound from None
        else:
            with suppress(TableError):  # who waits is found by whoever looks after turns
                await self._starter.after(freed)


def _message(conversation_id: str, said: EarlierMessage, moment: datetime) -> Message:
    content = orjson.dumps([conversation_id, sort_time(moment), said.role, said.content])
    message_id = id_of(moment, content)
    return Message(
        message_id=message_id,
        conversation_id=conversation_id,
        role=said.role,
        content=said.content,
        created_at=moment,
        turn_id=message_id,
    )


def exchanges_of(messages: Sequence[Message], talk: Talk) -> Iterator[ImportedExchange]:
    """Each question with its answer; what has no partner stands alone."""
    by_turn: dict[str, list[Message]] = {}
    for message in messages:
        by_turn.setdefault(str(message.turn_id), []).append(message)
    for turn_id, said in by_turn.items():
        question = next((message for message in said if message.role == "user"), None)
        answer = next((message for message in said if message.role == "assistant"), None)
        record = TurnRecord(
            turn_id=turn_id,
            conversation_id=said[0].conversation_id,
            agent_id=talk.agent_id,
            created_by=talk.user_id,
            question_id=question.message_id if question else "",
            question_at=said[0].created_at,
            answer_id=answer.message_id if answer else None,
            status="complete",
            started_at=said[0].created_at,
            finished_at=said[-1].created_at,
        )
        yield ImportedExchange(record, Exchange.of(turn_id, question, answer, talk))


def _changes(conversation: Conversation, newest: Message) -> list[Change]:
    before = conversation.last_message_at
    moved = before is None or newest.created_at > before
    last = [Set("last_message_at", sort_time(newest.created_at))] if moved else []
    return [Set("updated_at", sort_time(utc_now())), *last]
