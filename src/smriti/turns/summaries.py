"""Keeping conversations' summaries: after a turn, when what is shown has outgrown the window."""

from typing import Final

import structlog

from smriti.conversations.models import Conversation
from smriti.conversations.service import ConversationService
from smriti.core.clock import sort_time
from smriti.messages.repository import MessageRepository, message_key
from smriti.turns.asking import Ask
from smriti.turns.past import PastCache, Shown
from smriti.turns.summariser import Summariser
from smriti.turns.summary import KEPT_MESSAGES, SummaryRepository, Told, to_summarise

_AT_ONCE: Final = 1000
"""Messages that one turn's summary may grow by; an imported history is caught up with in steps."""

log = structlog.get_logger()


class SummaryKeeper:
    def __init__(
        self,
        summaries: SummaryRepository,
        messages: MessageRepository,
        conversation_service: ConversationService,
        pasts: PastCache,
    ) -> None:
        self._summaries = summaries
        self._summariser = Summariser(messages)
        self._messages = messages
        self._conversation_service = conversation_service
        self._pasts = pasts
        self._busy: set[str] = set()

    async def keep_up(
        self, conversation: Conversation, shown: Shown, *, room_tokens: int, ask: Ask
    ) -> None:
        """Fold the oldest messages that are shown, and all before them, into the summary."""
        told = [Told(s.words, s.tokens, s.message.role == "user") for s in shown.said]
        count = to_summarise(
            told,
            room_words=shown.shape.words,
            room_tokens=room_tokens,
            kept=max(KEPT_MESSAGES, shown.shape.newest),
        )
        conversation_id = conversation.conversation_id
        if not count or conversation_id in self._busy:
            return
        self._busy.add(conversation_id)
        try:
            await self._extend(conversation, f"MESSAGE#{sort_time(shown.said[count - 1].at)}~", ask)
        finally:
            self._busy.discard(conversation_id)

    async def _extend(self, conversation: Conversation, upto: str, ask: Ask) -> None:
        conversation_id = conversation.conversation_id
        previous = await self._summaries.find(conversation_id)
        if previous is not None and not previous.holds(conversation.left_behind):
            await self._summaries.forget(conversation_id)
            previous = None
        first = f"{previous.upto_key}~" if previous else "MESSAGE#"
        found = await self._messages.between(conversation_id, first, upto, limit=_AT_ONCE)
        active = [message for message in found if conversation.is_active(message_key(message))]
        summary = await self._summariser.extend(previous, active, ask)
        if summary is None:
            return
        summary.left_behind = conversation.left_behind
        if await self._summaries.save(summary):
            log.info("summary.made", messages=summary.messages, words=summary.words)
            self._pasts.drop(conversation_id)
        await self._conversation_service.clear_if_deleted(conversation)
