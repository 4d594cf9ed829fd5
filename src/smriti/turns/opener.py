"""How a turn begins: one round trip to the store, then every reason to refuse it, in order."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, cast

from smriti.agents.repository import AgentRepository, agent_key
from smriti.agents.service import AgentNotFound
from smriti.auth.models import Asker
from smriti.auth.tokens import NotSignedIn, admit
from smriti.conversations.models import Conversation
from smriti.conversations.repository import (
    ConversationHeld,
    ConversationRepository,
    LeaseLost,
)
from smriti.conversations.service import ConversationNotFound
from smriti.core.clock import sort_time
from smriti.core.errors import Conflict
from smriti.db.table import Get, Item, ItemPage, Read, Table
from smriti.memory.blocks.repository import BlockRepository
from smriti.memory.keys import core_query
from smriti.memory.models import MemoryOwner
from smriti.messages.repository import MessageRepository, newest_messages
from smriti.settings.models import ProviderSettings
from smriti.settings.repository import plan_and_providers
from smriti.settings.service import ProviderService
from smriti.turns.leases import lease_end
from smriti.turns.models import TurnRecord
from smriti.turns.opening import Opening
from smriti.turns.past import PastCache, Shown, Unread
from smriti.turns.summary import Summary, summary_key
from smriti.users.models import User
from smriti.users.repository import user_key

HISTORY_PAGE: Final = 60
"""Messages read with the first round trip; more are read only while the window has room."""

_OLDER_PAGE: Final = 250


class ConversationMismatch(Conflict):
    slug = "conversation-of-another-agent"

    def __init__(self) -> None:
        super().__init__("Conversation does not belong to this agent")


@dataclass(frozen=True, slots=True)
class _Found:
    """`newest` is None when what was said is known from the turn before."""

    user: Item | None
    agent: Item | None
    settings: ItemPage
    memory: ItemPage
    newest: ItemPage | None
    summary: Item | None


class Opener:
    """Reads and takes all that a turn needs, in one round trip."""

    def __init__(
        self,
        table: Table,
        *,
        conversations: ConversationRepository,
        agents: AgentRepository,
        messages: MessageRepository,
        blocks: BlockRepository,
        providers: ProviderService,
    ) -> None:
        self._table = table
        self._conversations = conversations
        self._agents = agents
        self._messages = messages
        self._blocks = blocks
        self._providers = providers
        self.pasts = PastCache()

    async def open(
        self,
        asker: Asker,
        agent_id: str,
        conversation_id: str,
        turn_id: str,
        *,
        admission: Awaitable[None] | None = None,
    ) -> Opening:
        """Take the conversation for this turn, or say why there can be none.

        Who is refused after the lease was taken gives it back.
        """
        taken, found, admitted = await asyncio.gather(
            self._take(asker.user, conversation_id, turn_id),
            self._read(asker, agent_id, conversation_id),
            admission or _admit_all(),
            return_exceptions=True,  # who took the conversation must hear it, to give it back
        )
        if isinstance(taken, BaseException):
            raise taken
        conversation, held = taken
        try:
            _check(admitted)
            admit(asker.claims, _user(_known(found)))
            return await self._checked(turn_id, conversation, _known(found), held=held)
        except BaseException:
            if conversation is not None and not held:
                await self.give_back(conversation, turn_id)
            raise

    async def reopen(self, turn: TurnRecord, conversation: Conversation) -> Opening:
        """The same for a turn that has the conversation: it waited, or its process died."""
        asker = Asker(conversation.owner, conversation.created_by)
        found = await self._read(asker, turn.agent_id, turn.conversation_id)
        if (user := _user(found)) is None or user.deleted_at is not None:
            raise NotSignedIn("User not found")
        if turn.leaves_behind is not None:  # though its process may have died before it did so
            left = conversation.left_behind_with(turn.leaves_behind)
            conversation = conversation.model_copy(update={"left_behind": left})
        opening = await self._checked(turn.turn_id, conversation, found, held=False)
        moment, past = turn.question_at, opening.past
        past = past.before(moment) if isinstance(past, Unread) else past
        return replace(opening, past=past, before=moment)

    async def look(self, conversation: Conversation, turn_id: str) -> Opening:
        """The same without taking the conversation, for who only wants to see."""
        asker = Asker(conversation.owner, conversation.created_by)
        found = await self._read(asker, conversation.agent_id, conversation.conversation_id)
        return await self._checked(turn_id, conversation, found, held=False)

    async def as_before(
        self, opening: Opening, conversation: Conversation, moment: datetime
    ) -> Opening:
        """The opening as if nothing had been said since a moment; `conversation` says what of that
        is left behind."""
        summary = opening.past.summary
        if summary is not None and not summary.holds(conversation.left_behind):
            summary = None
        bare = Unread((), None, summary)
        opening = replace(opening, conversation=conversation, before=moment, past=bare)
        return replace(opening, past=await self.older_messages(opening))

    async def give_back(self, conversation: Conversation, turn_id: str) -> Conversation | None:
        """The conversation as it is then; None when it was another's already."""
        try:
            return await self._conversations.release(conversation, turn_id)
        except LeaseLost:
            return None

    async def with_pictures(self, past: Unread, *, limit: int) -> Unread:
        """The past with the newest pictures of its messages."""
        messages = await self._messages.with_pictures(past.messages, limit=limit)
        return replace(past, messages=messages)

    async def older_messages(self, opening: Opening, after: str | None = None) -> Unread:
        """The next page of history, newest first, and where the one after it begins."""
        conversation = opening.conversation
        query = newest_messages(conversation.conversation_id, _OLDER_PAGE, after=after)
        page = await self._unread(
            conversation, await self._table.query(query), opening.past.summary
        )
        return page.before(opening.before) if opening.before else page

    async def _take(
        self, user: str, conversation_id: str, turn_id: str
    ) -> tuple[Conversation | None, bool]:
        """The conversation, None when there is none; and whether it is another turn's."""
        try:
            conversation = await self._conversations.take(
                user, conversation_id, holder=turn_id, until=lease_end()
            )
        except ConversationHeld as held:
            return held.conversation, True
        return conversation, False

    async def _read(self, asker: Asker, agent_id: str, conversation_id: str) -> _Found:
        owner = asker.owner
        reads: list[Read] = [
            Get(user_key(owner)),
            Get(agent_key(owner, agent_id)),
            plan_and_providers(owner),
            core_query(agent_id, asker.user),
        ]
        if not self.pasts.knows(conversation_id):
            reads.append(Get(summary_key(conversation_id)))
            reads.append(newest_messages(conversation_id, HISTORY_PAGE))
        user, agent, settings, memory, *past = await self._table.read(*reads)
        return _Found(
            cast("Item | None", user),
            cast("Item | None", agent),
            cast("ItemPage", settings),
            cast("ItemPage", memory),
            cast("ItemPage", past[1]) if past else None,
            cast("Item | None", past[0]) if past else None,
        )

    async def _checked(
        self, turn_id: str, conversation: Conversation | None, found: _Found, *, held: bool
    ) -> Opening:
        if found.agent is None:
            raise AgentNotFound
        agent = self._agents.load(found.agent)
        if conversation is None:
            raise ConversationNotFound
        if conversation.agent_id != agent.agent_id:
            raise ConversationMismatch
        owner = conversation.owner
        saved = [
            ProviderSettings.model_validate(item)
            for item in found.settings.items
            if str(item["sk"]).startswith("ProviderSettings#")
        ]
        memory = MemoryOwner(agent.agent_id, conversation.created_by, agent.created_at)
        own = owner == conversation.created_by
        return Opening(
            turn_id=turn_id,
            agent=agent,
            conversation=conversation,
            credentials=self._providers.credentials(owner, agent.agent_provider, saved),
            core=await self._blocks.core_from(memory, found.memory),
            past=await self._past(conversation, found),
            held=held,
            user_name=str((found.user or {}).get("name", "")) if own else "",
        )

    async def _past(self, conversation: Conversation, found: _Found) -> Unread | Shown:
        conversation_id = conversation.conversation_id
        known = self.pasts.find(conversation_id, fence=conversation.fence)
        if known is not None:
            return known
        newest, summary = found.newest, found.summary
        if newest is None:
            summary = await self._table.get(summary_key(conversation_id))
        if newest is None or not _is_fresh(conversation, newest):
            newest = await self._table.query(newest_messages(conversation_id, HISTORY_PAGE))
        return await self._unread(conversation, newest, _summary(conversation, summary))

    async def _unread(
        self, conversation: Conversation, page: ItemPage, summary: Summary | None
    ) -> Unread:
        """The page without what was left behind, and without what is summarised."""
        keys = [str(item["sk"]) for item in page.items]
        active = [
            item
            for item, key in zip(page.items, keys, strict=True)
            if conversation.is_active(key) and (summary is None or key > summary.upto_key)
        ]
        reached = summary is not None and bool(keys) and keys[-1] <= summary.upto_key
        messages = await self._messages.read_items(active)
        return Unread(messages, None if reached else page.next, summary)


async def _admit_all() -> None:
    """Where nobody counts how often who asks."""


def _check(admitted: BaseException | None) -> None:
    if admitted is not None:
        raise admitted


def _is_fresh(conversation: Conversation, newest: ItemPage) -> bool:
    """Whether these are the newest: the turn before may have ended between the wave's calls."""
    if conversation.last_message_at is None:
        return True
    expected = f"MESSAGE#{sort_time(conversation.last_message_at)}"
    return bool(newest.items) and str(newest.items[0]["sk"]) >= expected


def _known(found: _Found | BaseException) -> _Found:
    if isinstance(found, BaseException):
        raise found
    return found


def _user(found: _Found) -> User | None:
    return User.model_validate(found.user) if found.user else None


def _summary(conversation: Conversation, item: Item | None) -> Summary | None:
    summary = Summary.model_validate(item) if item else None
    return summary if summary and summary.holds(conversation.left_behind) else None
