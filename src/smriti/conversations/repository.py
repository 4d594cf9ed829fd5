"""Conversations in the table.

    USER#<owner>  CONVERSATION#<id>    one conversation; ids sort by age

The item has several writers (the owner, the running turn), so it is changed by named attributes:
`lease_by`, `lease_until`, `fence` say which turn holds it, `deleted_at` that it is being removed.
"""

from datetime import datetime

from smriti.conversations.models import Conversation
from smriti.core.clock import sort_time, utc_now
from smriti.core.paging import Page, PageRequest
from smriti.db.repository import Repository, collect, everything
from smriti.db.table import (
    EXISTS,
    NEW,
    Absent,
    Add,
    Change,
    Compare,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Query,
    Remove,
    Set,
    eq,
    key_of,
)

_LISTED = EXISTS & Absent("deleted_at")


class LeaseLost(Exception):
    """Another turn holds the conversation now, or it is gone."""


class ConversationHeld(Exception):
    """Another turn holds the conversation until its lease ends or is given back."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__("Another turn holds the conversation.")
        self.conversation = conversation


def conversation_key(owner: str, conversation_id: str) -> Key:
    return f"USER#{owner}", f"CONVERSATION#{conversation_id}"


class ConversationRepository(Repository[Conversation]):
    entity = Conversation

    def key(self, entity: Conversation) -> Key:
        return conversation_key(entity.created_by, entity.conversation_id)

    async def create(self, conversation: Conversation) -> Conversation:
        marks: Item = {"untitled": True} if conversation.untitled else {}
        await self._table.write(Put({**self.item(conversation), **marks}, when=NEW))
        return conversation

    async def find(self, owner: str, conversation_id: str) -> Conversation | None:
        """The conversation, also one whose deletion was begun."""
        return await self._find(conversation_key(owner, conversation_id))

    async def page(self, owner: str, page: PageRequest) -> Page[Conversation]:
        """Newest first; those being deleted are left out, so a page may be short."""
        query = Query(f"USER#{owner}", begins="CONVERSATION#", newest_first=True)
        items, cursor = await collect(self._table, query, page)
        found = [self.load(item) for item in items]
        return Page[Conversation].of([one for one in found if one.deleted_at is None], cursor)

    async def ids_of(self, owner: str) -> list[str]:
        items = await everything(self._table, Query(f"USER#{owner}", begins="CONVERSATION#"))
        return [str(item["conversation_id"]) for item in items]

    async def change(
        self, owner: str, conversation_id: str, changes: dict[str, str]
    ) -> Conversation | None:
        """Set these attributes; None when the conversation is gone."""
        sets = [Set(name, value) for name, value in changes.items()]
        named = [Remove("untitled")] if "title" in changes else []
        touched = Set("updated_at", sort_time(utc_now()))
        key = conversation_key(owner, conversation_id)
        try:
            return self.load(await self._table.update(key, *sets, *named, touched, when=_LISTED))
        except ConditionFailed:
            return None

    async def give_title(self, owner: str, conversation_id: str, title: str) -> None:
        """Name an untitled conversation; one that was named meanwhile keeps its name."""
        changes = (Set("title", title), Remove("untitled"))
        try:
            await self._table.update(
                conversation_key(owner, conversation_id),
                *changes,
                when=_LISTED & eq("untitled", True),
            )
        except ConditionFailed:
            return

    async def mark_deleted(self, owner: str, conversation_id: str) -> bool:
        """Take it out of every list and every turn's reach; False when there is none."""
        key = conversation_key(owner, conversation_id)
        try:
            await self._table.update(key, Set("deleted_at", sort_time(utc_now())), when=EXISTS)
        except ConditionFailed:
            return False
        return True

    async def delete_marked(self, owner: str, conversation_id: str) -> None:
        await self._table.write(Delete(conversation_key(owner, conversation_id)))

    async def delete_partition(self, partition: str) -> None:
        """Remove every item of the partition: messages, pieces, turn records."""
        after: str | None = None
        while True:
            page = await self._table.query(Query(partition, after=after))
            await self._table.bulk(deletes=[key_of(item) for item in page.items])
            after = page.next
            if after is None:
                return

    async def take(
        self, owner: str, conversation_id: str, *, holder: str, until: datetime
    ) -> Conversation | None:
        """Take the lease and answer the conversation as it is now (one write, no read).

        None: there is no such conversation. `ConversationHeld`: another turn has it.
        """
        free = Absent("lease_until") | Compare("lease_until", "<", sort_time(utc_now()))
        try:
            item = await self._table.update(
                conversation_key(owner, conversation_id),
                Set("lease_by", holder),
                Set("lease_until", sort_time(until)),
                Add("fence", 1),
                when=_LISTED & (free | eq("lease_by", holder)),
            )
        except ConditionFailed as failure:
            if failure.old is None or "deleted_at" in failure.old:
                return None
            raise ConversationHeld(self.load(failure.old)) from failure
        return self.load(item)

    async def renew(self, conversation: Conversation, *, holder: str, until: datetime) -> None:
        await self._held(conversation, holder, Set("lease_until", sort_time(until)))

    async def release(
        self, conversation: Conversation, *, holder: str, last_message_at: datetime | None = None
    ) -> None:
        """Give the lease back; with a new message, say when it was."""
        changes: list[Change] = [Remove("lease_by"), Remove("lease_until")]
        if last_message_at is not None:
            moment = sort_time(last_message_at)
            changes += [Set("updated_at", moment), Set("last_message_at", moment)]
        await self._held(conversation, holder, *changes)

    async def _held(self, conversation: Conversation, holder: str, *changes: Change) -> None:
        ours: Condition = eq("lease_by", holder) & eq("fence", conversation.fence)
        try:
            await self._table.update(self.key(conversation), *changes, when=_LISTED & ours)
        except ConditionFailed as failure:
            raise LeaseLost from failure
