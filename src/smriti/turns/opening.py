"""What a turn knows when it begins."""

from dataclasses import dataclass
from datetime import datetime

from smriti.agents.models import Agent
from smriti.conversations.models import Conversation
from smriti.llm.provider import Credentials
from smriti.memory.blocks.models import CoreMemory
from smriti.memory.recall.models import Talk
from smriti.turns.past import Shown, Unread
from smriti.usage.models import Reservation


@dataclass(frozen=True, slots=True)
class Opening:
    """What a turn knows before the model is called. `user` asks; the agent, its providers and the
    plan are `owner`'s. `held`: another turn has the conversation.

    `before`: the past ends before this moment, that of a question which is stored already.
    `reserved`: the message that was counted for it, of a turn that just begins.
    """

    turn_id: str
    agent: Agent
    conversation: Conversation
    credentials: Credentials
    core: CoreMemory
    past: Unread | Shown
    held: bool
    user_name: str = ""
    before: datetime | None = None
    reserved: Reservation | None = None

    @property
    def user(self) -> str:
        return self.conversation.created_by

    @property
    def owner(self) -> str:
        return self.conversation.owner

    @property
    def talk(self) -> Talk:
        return Talk(
            self.agent.agent_id,
            self.user,
            agent_name=self.agent.agent_name,
            user_name=self.user_name,
        )
