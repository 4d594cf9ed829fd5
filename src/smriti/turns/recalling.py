"""What turns leave for later conversations: kept when they end, taken out when it shall go."""

import asyncio
from collections.abc import Sequence

import structlog

from smriti.agents.repository import AgentRepository
from smriti.conversations.models import Stretch
from smriti.core.clock import sort_time
from smriti.db.table import TableError
from smriti.memory.recall.models import Exchange, ExchangeKey, Talk
from smriti.memory.recall.service import RecallService
from smriti.messages.models import Message
from smriti.turns.models import TurnRecord
from smriti.turns.repository import TurnRepository
from smriti.users.repository import UserRepository

log = structlog.get_logger()


class Recaller:
    """Every exchange that is recalled has the record of its turn, which tells where it is kept."""

    def __init__(
        self,
        recall: RecallService,
        turns: TurnRepository,
        agents: AgentRepository,
        users: UserRepository,
    ) -> None:
        self._recall = recall
        self._turns = turns
        self._agents = agents
        self._users = users

    async def keep(
        self,
        record: TurnRecord,
        said: tuple[Message, Message | None],
        talk: Talk | None,
        *,
        fence: int,
    ) -> None:
        """Keep what a turn has said, in the place of what it leaves behind.

        May be repeated. A store that refuses costs nobody the answer.
        """
        try:
            if record.leaves_behind is not None:
                await self._leave(record, record.leaves_behind)
            talk = talk or await self._talk_of(record)
            exchange = Exchange.of(record.turn_id, *said, talk)
            await self._recall.remember(exchange, fence=fence)
        except TableError as error:
            log.warning("recall.not_kept", error=repr(error))

    async def keep_earlier(self, exchanges: Sequence[Exchange]) -> None:
        """Keep what was said elsewhere. The records of the turns are stored already."""
        await self._recall.remember_all(exchanges)

    async def forget(self, *records: TurnRecord) -> None:
        """Take out what turns have kept after their conversation was deleted."""
        await self._recall.forget(map(_key_of, records))

    async def forget_conversation(self, conversation_id: str) -> None:
        """Take out all that was said in a conversation, whose turns are still in the table."""
        async for records in self._turns.in_pages(conversation_id):
            await self._recall.forget(map(_key_of, records))

    async def _leave(self, record: TurnRecord, stretch: Stretch) -> None:
        """Take out what was said since the question that is asked again, by whatever turn."""
        since = stretch[0].split("#")[1]
        async for records in self._turns.in_pages(record.conversation_id):
            left = [each for each in records if _is_left(each, record, since)]
            if left:
                await self._recall.forget(map(_key_of, left))

    async def _talk_of(self, record: TurnRecord) -> Talk:
        user, agent = await asyncio.gather(
            self._users.find(record.created_by),
            self._agents.find(record.owner, record.agent_id),
        )
        return Talk(
            record.agent_id,
            record.created_by,
            agent_name=agent.agent_name if agent else "",
            user_name=user.name if user else "",
        )


def _key_of(record: TurnRecord) -> ExchangeKey:
    return ExchangeKey(record.agent_id, record.created_by, record.question_at, record.turn_id)


def _is_left(earlier: TurnRecord, record: TurnRecord, since: str) -> bool:
    return earlier.turn_id != record.turn_id and sort_time(earlier.question_at) >= since
