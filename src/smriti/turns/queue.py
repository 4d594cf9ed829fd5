"""Questions that wait for their conversation, in the table, so that they survive a restart.

    CONVERSATION#<conversation>  QUEUED#<turn>    the question of a turn that waits, as a message

Joining, leaving and being admitted are transactions: the conversation's `waiting` always counts
exactly the questions that wait. Whoever holds the conversation sees it when it gives it back.
"""

from datetime import datetime, timedelta
from typing import Final

from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.conversations.service import ConversationNotFound
from smriti.core.clock import sort_time, utc_now
from smriti.core.errors import QuotaExceeded
from smriti.db.table import (
    EXISTS,
    NEW,
    Delete,
    Item,
    Key,
    Put,
    Query,
    Set,
    Table,
    TransactionFailed,
    Update,
    eq,
    key_of,
)
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository, conversation_partition
from smriti.turns.leases import lease_end
from smriti.turns.models import TurnRecord
from smriti.turns.repository import OFF_INDEX, TurnRepository, turn_key

MAX_WAITING: Final = 64
"""Questions of one conversation."""

_QUEUED: Final = "QUEUED#"
_TICK: Final = timedelta(microseconds=1)


class TooManyWaiting(QuotaExceeded):
    slug = "too-many-waiting"

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_WAITING} messages of this conversation wait for their answers already.",
            headers={"Retry-After": "5"},
        )


class TurnQueue:
    def __init__(
        self,
        table: Table,
        *,
        conversations: ConversationRepository,
        messages: MessageRepository,
        turns: TurnRepository,
    ) -> None:
        self._table = table
        self._conversations = conversations
        self._messages = messages
        self._turns = turns

    async def join(self, conversation: Conversation, record: TurnRecord, question: Message) -> None:
        """Put a question at the end of the line. `TooManyWaiting`, `ConversationNotFound`."""
        pk, sk = _key(record)
        head = await self._messages.head_of(question)
        try:
            await self._table.write(
                self._conversations.one_more_waits(conversation, limit=MAX_WAITING),
                Put(self._turns.item(record), when=NEW),
                Put({**head, "pk": pk, "sk": sk}, when=NEW),
            )
        except TransactionFailed as failure:
            old = failure.failed.get(0)
            if old is None or "deleted_at" in old:
                raise ConversationNotFound from failure
            raise TooManyWaiting from failure

    async def first(self, conversation: Conversation) -> Item | None:
        """The question that is next, as it is stored."""
        partition = conversation_partition(conversation.conversation_id)
        page = await self._table.query(Query(partition, begins=_QUEUED, limit=1))
        return page.items[0] if page.items else None

    async def admit(self, seen: Conversation, queued: Item, *, attempt: int) -> bool:
        """Give the conversation to who waited, whose question becomes a message.

        False when something moved meanwhile.
        """
        turn_id = str(queued["turn_id"])
        moment = next_moment(seen)
        message = f"MESSAGE#{sort_time(moment)}#{queued['message_id']!s}"
        begun = (
            Set("status", "running"),
            Set("question_at", sort_time(moment)),
            Set("attempt", attempt),
        )
        try:
            await self._table.write(
                self._conversations.pass_on(seen, holder=turn_id, until=lease_end()),
                Delete(key_of(queued), when=EXISTS),
                Put({**queued, "sk": message, "created_at": sort_time(moment)}),
                Update(turn_key(seen.conversation_id, turn_id), begun, when=eq("status", "queued")),
            )
        except TransactionFailed:
            return False
        return True

    async def leave(self, conversation: Conversation, record: TurnRecord) -> bool:
        """Take a question out of the line; False when it does not wait any more."""
        cancelled = Set("status", "cancelled"), Set("finished_at", sort_time(utc_now()))
        try:
            await self._table.write(
                self._conversations.one_waits_no_more(conversation),
                Delete(_key(record), when=EXISTS),
                Update(
                    self._turns.key(record), (*cancelled, *OFF_INDEX), when=eq("status", "queued")
                ),
            )
        except TransactionFailed:
            return False
        return True


def next_moment(conversation: Conversation) -> datetime:
    """The time of the next message: later than the newest one, whatever the clocks say."""
    newest = conversation.last_message_at
    return utc_now() if newest is None else max(utc_now(), newest + _TICK)


def _key(record: TurnRecord) -> Key:
    return conversation_partition(record.conversation_id), f"{_QUEUED}{record.turn_id}"
