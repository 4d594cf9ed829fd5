"""What a conversation is."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from smriti.core.clock import Id, new_id, utc_now

UNTITLED = "New conversation"

type Title = Annotated[str, Field(min_length=1, max_length=200)]
type Description = Annotated[str, Field(max_length=1000)]


type Stretch = tuple[str, str]
"""The sort keys of the first and the last message of a range."""


class Conversation(BaseModel):
    """One thread of one agent, with the tokens of all its turns and their estimated cost, dollars.

    Members that are not shown tell whose the agent is, when it is not `created_by`'s own. The
    others belong to turns: who holds the conversation until when, how many questions wait, which
    stretches of messages a retry or an edit has left behind.
    """

    conversation_id: str = Field(default_factory=new_id)
    title: str
    description: str | None = None
    agent_id: str
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime | None = None
    turn_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float = 0.0
    agent_owner: str | None = Field(default=None, exclude=True)
    untitled: bool = Field(default=False, exclude=True)
    lease_by: str | None = Field(default=None, exclude=True)
    lease_until: datetime | None = Field(default=None, exclude=True)
    fence: int = Field(default=0, exclude=True)
    waiting: int = Field(default=0, exclude=True)
    cancel_turn: str | None = Field(default=None, exclude=True)
    left_behind: list[Stretch] = Field(default_factory=list, exclude=True)
    last_message_at: datetime | None = Field(default=None, exclude=True)
    deleted_at: datetime | None = Field(default=None, exclude=True)

    @property
    def owner(self) -> str:
        """Whose the agent is: whose providers answer, and whose plan pays."""
        return self.agent_owner or self.created_by

    @property
    def held(self) -> bool:
        """Whether a turn that lives holds it. One that died leaves a lease that has ended."""
        return self.lease_until is not None and self.lease_until >= utc_now()

    def left_behind_with(self, stretch: Stretch) -> list[Stretch]:
        """The stretches when the messages from there to the newest are left behind, too."""
        return [each for each in self.left_behind if each[0] < stretch[0]] + [stretch]

    def is_active(self, message_key: str) -> bool:
        """Whether the message with this sort key belongs to what is said, not to what was left."""
        return not any(first <= message_key <= last for first, last in self.left_behind)


class ConversationCreate(BaseModel):
    """Without a title one is made from the first exchange."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"agent_id": "0199…", "title": "Tea and travel"}}
    )

    agent_id: Id
    title: Title | None = None
    description: Description | None = None


class ConversationUpdate(BaseModel):
    """A partial change; null is no change."""

    model_config = ConfigDict(json_schema_extra={"example": {"title": "Coffee and travel"}})

    title: Title | None = None
    description: Description | None = None
    agent_id: Id | None = None
