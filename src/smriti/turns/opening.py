"""How a turn begins: one round trip to the store, then every reason to refuse it, in order."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast

from smriti.agents.models import Agent
from smriti.agents.repository import AgentRepository, agent_key
from smriti.agents.service import AgentNotFound
from smriti.auth.models import Claims
from smriti.auth.tokens import admit
from smriti.conversations.models import Conversation
from smriti.conversations.repository import (
    ConversationHeld,
    ConversationRepository,
    LeaseLost,
)
from smriti.conversations.service import ConversationNotFound
from smriti.core.clock import sort_time, utc_now
from smriti.core.errors import Conflict
from smriti.db.table import Get, Item, ItemPage, Table
from smriti.llm.provider import Credentials
from smriti.memory.blocks.models import CoreMemory
from smriti.memory.blocks.repository import BlockRepository
from smriti.memory.keys import core_query
from smriti.memory.models import MemoryOwner
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository, newest_messages
from smriti.settings.models import ProviderSettings
from smriti.settings.repository import plan_and_providers
from smriti.settings.service import ProviderService
from smriti.users.models import User
from smriti.users.repository import user_key

LEASE_S: Final = 15.0
HISTORY_PAGE: Final = 60
"""Messages read with the first round trip; more are read only while the window has room."""

_OLDER_PAGE: Final = 250


class ConversationMismatch(Conflict):
    slug = "conversation-of-another-agent"

    def __init__(self) -> None:
        super().__init__("Conversation does not belong to this agent")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a turn knows before the model is called. `held`: another turn has the conversation."""

    turn_id: str
    agent: Agent
    conversation: Conversation
    credentials: Credentials
    core: CoreMemory
    newest: list[Message]
    older: str | None
    held: bool

    @property
    def user(self) -> str:
        return self.conversation.created_by


@dataclass(frozen=True, slots=True)
class _Found:
    user: Item | None
    agent: Item | None
    settings: ItemPage
    newest: ItemPage
    memory: ItemPage


@dataclass(frozen=True, slots=True)
class _Taken:
    """The conversation, None when there is none; `held`: it is another turn's."""

    conversation: Conversation | None
    held: bool


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

    async def open(
        self, claims: Claims, agent_id: str, conversation_id: str, turn_id: str
    ) -> Opening:
        """Take the conversation for this turn, or say why there can be none.

        Who is refused after the lease was taken gives it back.
        """
        email = claims.sub
        taken, found = await asyncio.gather(
            self._take(email, conversation_id, turn_id),
            self._read(email, agent_id, conversation_id),
            return_exceptions=True,  # who took the conversation must hear it, to give it back
        )
        if isinstance(taken, BaseException):
            raise taken
        try:
            return await self._checked(claims, turn_id, taken, found)
        except BaseException:
            if taken.conversation is not None and not taken.held:
                await self.give_back(taken.conversation, turn_id)
            raise

    async def retake(self, opening: Opening) -> bool:
        """Try to take a conversation that was held; False while it still is."""
        of = opening.conversation
        taken = await self._take(of.created_by, of.conversation_id, opening.turn_id)
        if taken.conversation is None:
            raise ConversationNotFound
        return not taken.held

    async def give_back(self, conversation: Conversation, turn_id: str) -> None:
        try:
            await self._conversations.release(conversation, holder=turn_id)
        except LeaseLost:
            return

    async def with_pictures(self, opening: Opening, *, limit: int) -> Opening:
        """The opening with the newest pictures of its messages."""
        return replace(
            opening, newest=await self._messages.with_pictures(opening.newest, limit=limit)
        )

    async def older_messages(
        self, opening: Opening, after: str
    ) -> tuple[list[Message], str | None]:
        """The next page of history, newest first, and where the one after it begins."""
        conversation_id = opening.conversation.conversation_id
        page = await self._table.query(newest_messages(conversation_id, _OLDER_PAGE, after=after))
        return await self._messages.read_items(page.items), page.next

    async def _take(self, email: str, conversation_id: str, turn_id: str) -> _Taken:
        try:
            conversation = await self._conversations.take(
                email, conversation_id, holder=turn_id, until=lease_end()
            )
        except ConversationHeld as held:
            return _Taken(held.conversation, held=True)
        return _Taken(conversation, held=False)

    async def _read(self, email: str, agent_id: str, conversation_id: str) -> _Found:
        answers = await self._table.read(
            Get(user_key(email)),
            Get(agent_key(email, agent_id)),
            plan_and_providers(email),
            newest_messages(conversation_id, HISTORY_PAGE),
            core_query(agent_id, email),
        )
        user, agent, settings, newest, memory = answers
        return _Found(
            cast("Item | None", user),
            cast("Item | None", agent),
            cast("ItemPage", settings),
            cast("ItemPage", newest),
            cast("ItemPage", memory),
        )

    async def _checked(
        self, claims: Claims, turn_id: str, taken: _Taken, found: _Found | BaseException
    ) -> Opening:
        if isinstance(found, BaseException):
            raise found
        admit(claims, User.model_validate(found.user) if found.user else None)
        if found.agent is None:
            raise AgentNotFound
        agent = self._agents.load(found.agent)
        conversation = taken.conversation
        if conversation is None:
            raise ConversationNotFound
        if conversation.agent_id != agent.agent_id:
            raise ConversationMismatch
        saved = [
            ProviderSettings.model_validate(item)
            for item in found.settings.items
            if str(item["sk"]).startswith("ProviderSettings#")
        ]
        newest = await self._fresh(conversation, found.newest)
        owner = MemoryOwner(agent.agent_id, claims.sub, agent.created_at)
        return Opening(
            turn_id=turn_id,
            agent=agent,
            conversation=conversation,
            credentials=self._providers.credentials(claims.sub, agent.agent_provider, saved),
            core=await self._blocks.core_from(owner, found.memory),
            newest=await self._messages.read_items(newest.items),
            older=newest.next,
            held=taken.held,
        )

    async def _fresh(self, conversation: Conversation, newest: ItemPage) -> ItemPage:
        """The newest messages; read again if the turn before ended between this wave's calls."""
        if conversation.last_message_at is None:
            return newest
        expected = f"MESSAGE#{sort_time(conversation.last_message_at)}"
        if newest.items and str(newest.items[0]["sk"]) >= expected:
            return newest
        return await self._table.query(newest_messages(conversation.conversation_id, HISTORY_PAGE))


def lease_end() -> datetime:
    return utc_now() + timedelta(seconds=LEASE_S)
