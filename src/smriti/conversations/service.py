"""Decisions about conversations: whose they are, which agent answers, what goes when one goes."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

from smriti.agents.service import AgentService
from smriti.conversations.listing import MessagePage, Wanted
from smriti.conversations.models import (
    UNTITLED,
    Conversation,
    ConversationCreate,
    ConversationUpdate,
)
from smriti.conversations.repository import ConversationRepository
from smriti.core.errors import NotFound
from smriti.core.paging import Page, PageRequest
from smriti.db.table import ConditionFailed
from smriti.messages.models import Attachment, Message, MessageView
from smriti.messages.repository import (
    MessageRepository,
    conversation_partition,
    message_key,
)

type DeleteHook = Callable[[str], Awaitable[None]]


class ConversationNotFound(NotFound):
    slug = "conversation-not-found"

    def __init__(self) -> None:
        super().__init__("Conversation not found")


class MessageNotFound(NotFound):
    slug = "message-not-found"

    def __init__(self) -> None:
        super().__init__("Message not found")


class AttachmentNotFound(NotFound):
    slug = "attachment-not-found"

    def __init__(self) -> None:
        super().__init__("Attachment not found")


class ConversationService:
    """`on_delete` are called with the id of a conversation that is about to be deleted, `on_clear`
    before all that is in it goes: each may be called again, after a crash."""

    def __init__(
        self,
        conversations: ConversationRepository,
        messages: MessageRepository,
        agents: AgentService,
        *,
        on_delete: Sequence[DeleteHook] = (),
        on_clear: Sequence[DeleteHook] = (),
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._agents = agents
        self._on_delete = tuple(on_delete)
        self._on_clear = tuple(on_clear)

    async def create(
        self, owner: str, new: ConversationCreate, conversation_id: str
    ) -> Conversation:
        """A conversation under this id, or the one that an earlier attempt made under it."""
        await self._agents.get(owner, new.agent_id)
        conversation = Conversation(
            conversation_id=conversation_id,
            created_by=owner,
            agent_id=new.agent_id,
            title=new.title or UNTITLED,
            description=new.description,
            untitled=new.title is None,
        )
        try:
            return await self._conversations.create(conversation)
        except ConditionFailed:
            return await self.get(owner, conversation_id)

    async def get(self, owner: str, conversation_id: str) -> Conversation:
        conversation = await self._conversations.find(owner, conversation_id)
        if conversation is None or conversation.deleted_at is not None:
            raise ConversationNotFound
        return conversation

    async def page(
        self, owner: str, page: PageRequest, *, agent_id: str | None = None
    ) -> Page[Conversation]:
        return await self._conversations.page(owner, page, agent_id=agent_id)

    async def update(self, conversation: Conversation, update: ConversationUpdate) -> Conversation:
        changes: dict[str, str] = update.model_dump(exclude_none=True)
        if not changes:
            return conversation
        owner = conversation.created_by
        if update.agent_id is not None:
            await self._agents.get(owner, update.agent_id)
        changed = await self._conversations.change(owner, conversation.conversation_id, changes)
        if changed is None:
            raise ConversationNotFound
        return changed

    async def messages(
        self, conversation: Conversation, page: PageRequest, wanted: Wanted
    ) -> MessagePage:
        """Without those that a retry or an edit has left behind, unless they are wanted too."""
        if wanted.around is not None:
            return await self._messages_around(conversation, wanted.around, page, wanted)
        found = await self._messages.page(
            conversation.conversation_id, page, oldest_first=wanted.oldest_first
        )
        return MessagePage.of(_shown(conversation, found.items, wanted), found.next_cursor)

    async def _messages_around(
        self, conversation: Conversation, message_id: str, page: PageRequest, wanted: Wanted
    ) -> MessagePage:
        middle = await self._messages.find(conversation.conversation_id, message_id)
        if middle is None:
            raise MessageNotFound
        before, after = [
            await self._messages.beside(middle, limit=max(limit, 1), oldest_first=oldest_first)
            for limit, oldest_first in (
                ((page.limit - 1) // 2, not wanted.oldest_first),
                (page.limit // 2, wanted.oldest_first),
            )
        ]
        found = _shown(conversation, [*before.items[::-1], middle, *after.items], wanted)
        shown = MessagePage.of(found, after.next_cursor)
        return shown.model_copy(update={"previous_cursor": before.next_cursor})

    async def attachment(
        self, conversation: Conversation, message_id: str, number: int
    ) -> Attachment:
        """A file that came with a message, counted from 0, with its content."""
        message = await self._messages.find(conversation.conversation_id, message_id)
        if message is None:
            raise MessageNotFound
        if number >= len(message.attachments):
            raise AttachmentNotFound
        return await self._messages.file(message, number)

    async def delete(self, owner: str, conversation_id: str) -> None:
        """Remove a conversation with everything in it. Goes on where a crash interrupted it."""
        if not await self._conversations.mark_deleted(owner, conversation_id):
            raise ConversationNotFound
        for stop in self._on_delete:
            await stop(conversation_id)
        # The conversation goes last, so that a retry after a crash still finds it.
        await self._clear(conversation_id)
        await self._conversations.delete_marked(owner, conversation_id)

    async def clear_if_deleted(self, conversation: Conversation) -> bool:
        """Remove what a turn wrote after its conversation was deleted; whether it was."""
        found = await self._conversations.find(
            conversation.created_by, conversation.conversation_id
        )
        if found is not None and found.deleted_at is None:
            return False
        await self._clear(conversation.conversation_id)
        return True

    async def _clear(self, conversation_id: str) -> None:
        for forget in self._on_clear:
            await forget(conversation_id)
        await self._conversations.delete_partition(conversation_partition(conversation_id))

    async def delete_all_of(self, owner: str) -> None:
        for conversation_id in await self._conversations.ids_of(owner):
            with suppress(ConversationNotFound):  # somebody else has deleted it meanwhile
                await self.delete(owner, conversation_id)


def _shown(
    conversation: Conversation, messages: Iterable[Message], wanted: Wanted
) -> list[MessageView]:
    views = []
    for message in messages:
        view = message.view
        view.active = conversation.is_active(message_key(message))
        if wanted.includes(view):
            views.append(view)
    return views
