"""Conversations of visitors in the table, beside the conversations themselves.

Agent#<agent>#Widget  Conversation#<id>    which visitor's a conversation of the agent is
"""

from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.db.repository import Repository
from smriti.db.table import EXISTS, NEW, Check, Delete, Key, Put, Query, TransactionFailed
from smriti.widget.keys.models import WidgetKey
from smriti.widget.keys.repository import widget_key_key
from smriti.widget.models import WidgetConversationRecord


def _key(agent_id: str, conversation_id: str) -> Key:
    return f"Agent#{agent_id}#Widget", f"Conversation#{conversation_id}"


class WidgetConversationRepository(Repository[WidgetConversationRecord]):
    entity = WidgetConversationRecord

    def key(self, entity: WidgetConversationRecord) -> Key:
        return _key(entity.agent_id, entity.conversation_id)

    async def create(
        self, conversation: Conversation, key: WidgetKey, conversations: ConversationRepository
    ) -> bool:
        """False when the key is deleted: who deletes all of an agent begins with its keys."""
        record = WidgetConversationRecord(
            conversation_id=conversation.conversation_id,
            agent_id=conversation.agent_id,
            user=conversation.created_by,
        )
        try:
            await self._table.write(
                Check(widget_key_key(key.agent_id, key.key_id), EXISTS),
                Put(self.item(record), when=NEW),
                conversations.creation(conversation),
            )
        except TransactionFailed:
            return False
        return True

    async def find(self, agent_id: str, conversation_id: str) -> WidgetConversationRecord | None:
        return await self._find(_key(agent_id, conversation_id))

    async def all_of(self, agent_id: str) -> list[WidgetConversationRecord]:
        return await self._all(Query(f"Agent#{agent_id}#Widget", begins="Conversation#"))

    async def delete(self, record: WidgetConversationRecord) -> None:
        await self._table.write(Delete(self.key(record)))
