"""Decisions about visitors' conversations: whose they are, who pays, what goes with the agent."""

from contextlib import suppress
from typing import Final

from smriti.agents.models import Agent
from smriti.auth.tokens import InvalidKey
from smriti.conversations.listing import Wanted
from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.conversations.service import ConversationNotFound, ConversationService
from smriti.core.errors import AppError, Forbidden
from smriti.core.paging import PageRequest
from smriti.messages.models import MessageCreate
from smriti.turns.service import Ask, TurnService
from smriti.widget.keys.service import WidgetKeyService
from smriti.widget.models import (
    Visitor,
    WidgetConversation,
    WidgetConversationCreate,
    WidgetMessage,
    WidgetMessageCreate,
)
from smriti.widget.repository import WidgetConversationRepository

_PAGE: Final = PageRequest(limit=100)
"""So many of the newest a plain list shows."""


class AnothersConversation(Forbidden):
    slug = "conversation-of-another-visitor"

    def __init__(self) -> None:
        super().__init__("Access denied")


class WidgetService:
    def __init__(
        self,
        records: WidgetConversationRepository,
        conversations: ConversationRepository,
        conversation_service: ConversationService,
        turns: TurnService,
        *,
        keys: WidgetKeyService,
    ) -> None:
        self._records = records
        self._conversations = conversations
        self._conversation_service = conversation_service
        self._turns = turns
        self._keys = keys

    async def begin(self, visitor: Visitor, new: WidgetConversationCreate) -> WidgetConversation:
        """A conversation with a title that is not made by the model: its owner would pay for it."""
        conversation = Conversation(
            agent_id=visitor.key.agent_id,
            agent_owner=visitor.key.created_by,
            created_by=visitor.user,
            title=new.title,
        )
        if not await self._records.create(conversation, visitor.key, self._conversations):
            raise InvalidKey
        return WidgetConversation.of(conversation, visitor)

    async def all_of(self, visitor: Visitor) -> list[WidgetConversation]:
        """Newest first."""
        found = await self._conversations.page(visitor.user, _PAGE)
        return [WidgetConversation.of(one, visitor) for one in found.items]

    async def get(self, visitor: Visitor, conversation_id: str) -> Conversation:
        """`ConversationNotFound`, or `AnothersConversation` with the same agent."""
        try:
            return await self._conversation_service.get(visitor.user, conversation_id)
        except ConversationNotFound as missing:
            raise await self._missing(visitor, conversation_id, missing) from None

    async def messages(self, conversation: Conversation) -> list[WidgetMessage]:
        """The newest, oldest first; of an answer under way nothing, a stream tells that."""
        found = await self._conversation_service.messages(conversation, _PAGE, Wanted())
        said = [WidgetMessage.of(one) for one in found.items if one.status != "running"]
        return said[::-1]

    async def send(self, visitor: Visitor, ask: Ask, new: WidgetMessageCreate) -> str:
        """Start a turn and answer its id."""
        try:
            return await self._turns.send(ask, MessageCreate(content=new.content))
        except ConversationNotFound as missing:
            raise await self._missing(visitor, ask.conversation_id, missing) from None

    async def forget_agent(self, agent: Agent) -> None:
        """Delete its keys, then all that visitors said. May be repeated after a crash."""
        await self._keys.delete_all_of(agent.agent_id)
        for record in await self._records.all_of(agent.agent_id):
            with suppress(ConversationNotFound):
                await self._conversation_service.delete(record.user, record.conversation_id)
            await self._records.delete(record)

    async def _missing(
        self, visitor: Visitor, conversation_id: str, missing: ConversationNotFound
    ) -> AppError:
        """What to answer when a visitor has no such conversation."""
        record = await self._records.find(visitor.key.agent_id, conversation_id)
        return missing if record is None or record.user == visitor.user else AnothersConversation()
