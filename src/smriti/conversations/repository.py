"""Conversations in the table.

    USER#<owner>  CONVERSATION#<id>    one conversation; ids sort by age

The item has several writers (the owner, the running turn), so it is changed by named attributes:
`lease_by`, `lease_until`, `fence` say which turn holds it, `waiting` how many questions want it
next, `deleted_at` that it is being removed. A lease that has ended belongs to a turn whose process
died: that turn is continued (`turns/starter.py`) before anything else happens here.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from smriti.conversations.models import Conversation, Stretch
from smriti.core.clock import sort_time, utc_now
from smriti.core.paging import Page, PageRequest
from smriti.db.repository import Repository, collect, everything, pages
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
    Get,
    Item,
    Key,
    Put,
    Query,
    Remove,
    Set,
    Update,
    Value,
    eq,
    key_of,
)
from smriti.llm.types import Usage

_PAGE: Final = 1000
_LISTED: Final = EXISTS & Absent("deleted_at")
_LONG_AGO: Final = sort_time(datetime.fromtimestamp(0, UTC))


class LeaseLost(Exception):
    """Another turn holds the conversation now, or it is gone."""


class ConversationHeld(Exception):
    """Another turn holds the conversation, or is to have it next."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__("Another turn holds the conversation, or is to have it next.")
        self.conversation = conversation


def conversation_key(owner: str, conversation_id: str) -> Key:
    return f"USER#{owner}", f"CONVERSATION#{conversation_id}"


class ConversationRepository(Repository[Conversation]):
    entity = Conversation

    def key(self, entity: Conversation) -> Key:
        return conversation_key(entity.created_by, entity.conversation_id)

    async def create(self, conversation: Conversation) -> Conversation:
        await self._table.write(self.creation(conversation))
        return conversation

    def creation(self, conversation: Conversation) -> Put:
        """The action of a new conversation."""
        marks: Item = {"untitled": True} if conversation.untitled else {}
        if conversation.agent_owner is not None:
            marks["agent_owner"] = conversation.agent_owner
        return Put({**self.item(conversation), **marks}, when=NEW)

    async def adopt(self, conversation: Conversation) -> None:
        """Write a conversation that was held elsewhere; one that is there stays as it is."""
        stretches: list[Value] = [list(each) for each in conversation.left_behind]
        marks: Item = {"left_behind": stretches} if stretches else {}
        if conversation.last_message_at is not None:
            marks["last_message_at"] = sort_time(conversation.last_message_at)
        with suppress(ConditionFailed):
            await self._table.write(Put({**self.item(conversation), **marks}, when=NEW))

    async def find(self, owner: str, conversation_id: str) -> Conversation | None:
        """The conversation, also one whose deletion was begun."""
        return await self._find(conversation_key(owner, conversation_id))

    async def find_all(self, owner: str, wanted: Iterable[str]) -> dict[str, Conversation]:
        """By their ids, those of the owner that there are; not those being deleted."""
        reads = [Get(conversation_key(owner, each)) for each in dict.fromkeys(wanted)]
        found = await self._table.read(*reads) if reads else []
        loaded = [self.load(item) for item in found if isinstance(item, dict)]
        return {one.conversation_id: one for one in loaded if one.deleted_at is None}

    async def page(
        self, owner: str, page: PageRequest, *, agent_id: str | None = None
    ) -> Page[Conversation]:
        """Newest first, of one agent or all; those being deleted and those of other agents are left
        out, so a page may be short."""
        query = Query(f"USER#{owner}", begins="CONVERSATION#", newest_first=True)
        items, cursor = await collect(self._table, query, page)
        listed = [
            one
            for one in map(self.load, items)
            if one.deleted_at is None and agent_id in {None, one.agent_id}
        ]
        return Page[Conversation].of(listed, cursor)

    async def newest(self, owner: str, *, limit: int) -> list[Conversation]:
        """The newest that are not being deleted, at most so many."""
        query = Query(f"USER#{owner}", begins="CONVERSATION#", limit=limit, newest_first=True)
        found = [self.load(item) for item in (await self._table.query(query)).items]
        return [one for one in found if one.deleted_at is None]

    async def ids_of(self, owner: str) -> list[str]:
        items = await everything(self._table, Query(f"USER#{owner}", begins="CONVERSATION#"))
        return [str(item["conversation_id"]) for item in items]

    async def ids_by_agent(self, owner: str) -> dict[str, list[str]]:
        """The ids of all conversations, oldest first, by the id of the agent they are with."""
        found: dict[str, list[str]] = {}
        query = Query(f"USER#{owner}", begins="CONVERSATION#", limit=_PAGE)
        async for items in pages(self._table, query):
            for item in items:
                ids = found.setdefault(str(item["agent_id"]), [])
                ids.append(str(item["conversation_id"]))
        return found

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
        async for items in pages(self._table, Query(partition)):
            await self._table.bulk(deletes=[key_of(item) for item in items])

    async def take(
        self, owner: str, conversation_id: str, *, holder: str, until: datetime
    ) -> Conversation | None:
        """Take the lease and answer the conversation as it is now (one write, no read).

        None: there is no such conversation. `ConversationHeld`: another turn has it, or had it when
        its process died, or others wait for it.
        """
        free = Absent("lease_until") & (Absent("waiting") | Compare("waiting", "<=", 0))
        try:
            item = await self._table.update(
                conversation_key(owner, conversation_id),
                *_lease(holder, until),
                when=_LISTED & (free | eq("lease_by", holder)),
            )
        except ConditionFailed as failure:
            if failure.old is None or "deleted_at" in failure.old:
                return None
            raise ConversationHeld(self.load(failure.old)) from failure
        return self.load(item)

    async def take_over(
        self, seen: Conversation, *, holder: str, until: datetime
    ) -> Conversation | None:
        """Take a lease that has ended; None when somebody was quicker."""
        try:
            item = await self._table.update(
                self.key(seen), *_lease(holder, until), when=_LISTED & _as_seen(seen)
            )
        except ConditionFailed:
            return None
        return self.load(item)

    def one_more_waits(self, conversation: Conversation, *, limit: int) -> Update:
        """The action of a question that joins the line."""
        room = Absent("waiting") | Compare("waiting", "<", limit)
        return Update(self.key(conversation), (Add("waiting", 1),), when=_LISTED & room)

    def one_waits_no_more(self, conversation: Conversation) -> Update:
        return Update(self.key(conversation), (Add("waiting", -1),), when=EXISTS)

    def pass_on(self, seen: Conversation, *, holder: str, until: datetime) -> Update:
        """The action that gives a free conversation to who waited for it."""
        changes = (*_lease(holder, until), Add("waiting", -1))
        return Update(self.key(seen), changes, when=_LISTED & _as_seen(seen))

    async def free(self, seen: Conversation) -> None:
        """Nobody is left: neither a turn to go on with nor a question that waits."""
        changes = (Remove("lease_by"), Remove("lease_until"), Remove("waiting"))
        unmoved = _as_seen(seen) & (eq("waiting", seen.waiting) | Absent("waiting"))
        with suppress(ConditionFailed):
            await self._table.update(self.key(seen), *changes, when=_LISTED & unmoved)

    async def renew(
        self, conversation: Conversation, *, holder: str, until: datetime
    ) -> Conversation:
        return await self._held(conversation, holder, Set("lease_until", sort_time(until)))

    async def ask_to_cancel(self, conversation: Conversation, turn_id: str) -> None:
        """Leave word for the process that runs the turn."""
        with suppress(ConditionFailed):  # it has ended
            await self._table.update(
                self.key(conversation), Set("cancel_turn", turn_id), when=eq("lease_by", turn_id)
            )

    async def leave_behind(self, conversation: Conversation, holder: str, stretch: Stretch) -> None:
        """Make the messages of a stretch inactive; again is no error."""
        stretches: list[Value] = [list(each) for each in conversation.left_behind_with(stretch)]
        await self._held(conversation, holder, Set("left_behind", stretches))

    async def release(
        self, conversation: Conversation, holder: str, *changes: Change
    ) -> Conversation:
        """Give the lease back, with what the turn changed; the conversation as it is then."""
        freed = (Remove("lease_by"), Remove("lease_until"), Remove("cancel_turn"))
        return await self._held(conversation, holder, *freed, *changes)

    async def suspend(self, conversation: Conversation, *, holder: str) -> None:
        """End the lease at once, for another process to go on with the turn."""
        await self._held(conversation, holder, Set("lease_until", _LONG_AGO))

    async def _held(
        self, conversation: Conversation, holder: str, *changes: Change
    ) -> Conversation:
        ours: Condition = eq("lease_by", holder) & eq("fence", conversation.fence)
        try:
            item = await self._table.update(self.key(conversation), *changes, when=_LISTED & ours)
        except ConditionFailed as failure:
            raise LeaseLost from failure
        return self.load(item)


def answered(last_message_at: datetime, usage: Usage, cost: float | None) -> list[Change]:
    """What a turn changes of its conversation when it ends."""
    moment = sort_time(last_message_at)
    return [
        Set("updated_at", moment),
        Set("last_message_at", moment),
        Add("turn_count", 1),
        *(Add(name, count) for name, count in usage if count),
        *([Add("cost", round(cost, 9))] if cost else []),
    ]


def _lease(holder: str, until: datetime) -> tuple[Change, ...]:
    return Set("lease_by", holder), Set("lease_until", sort_time(until)), Add("fence", 1)


def _as_seen(seen: Conversation) -> Condition:
    """Nobody has taken the conversation, or renewed its lease, since it was seen."""
    if seen.lease_until is None:
        return Absent("lease_until")
    return eq("lease_by", seen.lease_by) & eq("lease_until", sort_time(seen.lease_until))
