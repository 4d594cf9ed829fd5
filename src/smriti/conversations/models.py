"""What a conversation is."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from smriti.core.clock import Id, new_id, utc_now

UNTITLED = "New conversation"

type Title = Annotated[str, Field(min_length=1, max_length=200)]
type Description = Annotated[str, Field(max_length=1000)]


class Conversation(BaseModel):
    """One thread of one agent. Members that are not shown belong to the turn that holds it."""

    conversation_id: str = Field(default_factory=new_id)
    title: str
    description: str | None = None
    agent_id: str
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime | None = None
    untitled: bool = Field(default=False, exclude=True)
    fence: int = Field(default=0, exclude=True)
    last_message_at: datetime | None = Field(default=None, exclude=True)
    deleted_at: datetime | None = Field(default=None, exclude=True)


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
