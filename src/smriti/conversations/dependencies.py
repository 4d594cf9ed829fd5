"""What routes about conversations ask for."""

from typing import Annotated

from fastapi import Depends, Security

from smriti.auth.keys.dependencies import ScopedUser
from smriti.conversations.models import Conversation
from smriti.conversations.service import ConversationService
from smriti.core.clock import Id
from smriti.core.edge import provide

Conversations = Annotated[ConversationService, Depends(provide(ConversationService))]


async def owned_conversation(
    conversation_id: Id, user: ScopedUser, conversations: Conversations
) -> Conversation:
    return await conversations.get(user.email, conversation_id)


OwnedConversation = Annotated[Conversation, Security(owned_conversation, scopes=["chat"])]
