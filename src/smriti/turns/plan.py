"""What a turn works with: where it keeps things, and how it will think."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from smriti.conversations.repository import ConversationRepository
from smriti.conversations.service import ConversationService
from smriti.llm.catalog import Catalog
from smriti.llm.provider import Provider
from smriti.llm.types import ModelRequest
from smriti.memory.recall.models import Talk
from smriti.messages.repository import MessageRepository
from smriti.observability.metrics import Metrics
from smriti.turns.architecture import Mind
from smriti.turns.capabilities import Capabilities
from smriti.turns.events import TurnEvent
from smriti.turns.loop import Progress
from smriti.turns.models import TurnRecord
from smriti.turns.recalling import Recaller
from smriti.turns.repository import TurnRepository
from smriti.turns.slots import FairSlots
from smriti.turns.stay import Stay
from smriti.usage.service import UsageService

type Write = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where turns keep things: shared by all of them."""

    conversations: ConversationRepository
    conversation_service: ConversationService
    messages: MessageRepository
    turns: TurnRepository
    recaller: Recaller
    metrics: Metrics
    slots: FairSlots
    catalog: Catalog
    capabilities: Capabilities
    usage: UsageService

    async def count_tokens(self, record: TurnRecord) -> None:
        """Count what a turn has used; who closes its record does."""
        if record.reservation is not None:
            tokens = record.usage.total_tokens
            await self.usage.count_tokens(record.reservation, record.turn_id, tokens)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a turn will think: the first request, the model, the mind, who talks with whom, and what
    is `done` already. Its `stay` is where and how long it may think.

    `aside` is asked for what is not the answer: a title, a summary.

    `writes` make the question acknowledged; they run while the model request is under way, and
    `greeting` is told after them.
    """

    request: ModelRequest
    provider: Provider
    aside: Provider
    mind: Mind
    talk: Talk
    stay: Stay
    max_steps: int
    greeting: Sequence[TurnEvent]
    done: Progress
    writes: Sequence[Write] = ()
