"""The lease of a conversation: one turn at a time, and a sign of life while it runs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.core.clock import utc_now
from smriti.db.table import TableError

LEASE_S: Final = 15.0
_TICK_S: Final = 1.0
_TICKS_A_RENEWAL: Final = 5


def lease_end() -> datetime:
    return utc_now() + timedelta(seconds=LEASE_S)


async def keep_lease(
    conversations: ConversationRepository,
    conversation: Conversation,
    turn_id: str,
    on_cancel: Callable[[], object],
) -> None:
    """Renew the lease until cancelled; `LeaseLost` when another turn has it.

    Looks every second for the word that another process leaves when somebody cancels the turn.
    """
    owner, conversation_id = conversation.created_by, conversation.conversation_id
    tick = 0
    while True:
        await asyncio.sleep(_TICK_S)
        tick += 1
        # A store that fails now and then costs nothing: the fence decides at the end.
        with suppress(TableError):
            if tick % _TICKS_A_RENEWAL == 0:
                seen: Conversation | None = await conversations.renew(
                    conversation, holder=turn_id, until=lease_end()
                )
            else:
                seen = await conversations.find(owner, conversation_id)
            if seen is not None and seen.cancel_turn == turn_id:
                on_cancel()
