"""krishna-mini: one model call over the recent past, and what else of it bears on the question."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from smriti.memory.models import MemoryOwner
from smriti.memory.recall.models import Exchange
from smriti.messages.models import Message
from smriti.tools.toolset import NoTools
from smriti.turns.architecture import Mind, Scene
from smriti.turns.prompt import RELEVANT_PAST, identity
from smriti.turns.reminding import Occasion, Reminder


class KrishnaMini:
    name = "krishna-mini"
    history_words = 10_000
    max_steps = 0
    remembers = False

    def __init__(self, reminder: Reminder, *, newest: int) -> None:
        self._reminder = reminder
        self.newest = newest

    def mind(self, scene: Scene) -> Mind:
        system = f"{identity(scene.agent)}\n\n{RELEVANT_PAST}"
        return Mind(system, NoTools(), remind=partial(self._remind, scene))

    async def _remind(
        self, scene: Scene, question: Message, seen: Collection[datetime]
    ) -> Sequence[Exchange]:
        agent = scene.agent
        owner = MemoryOwner(agent.agent_id, scene.user, agent.created_at)
        return await self._reminder.remind(owner, Occasion(question, scene.conversation, seen))
