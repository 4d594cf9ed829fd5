"""Visitors of a site that embeds an agent, and what they see of their conversations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from smriti.auth.models import Asker, TokenClaims
from smriti.conversations.models import UNTITLED, Conversation, Title
from smriti.core.clock import sort_time, utc_now
from smriti.messages.models import MessageView, Role
from smriti.widget.keys.models import WidgetKey

AUDIENCE: Final = "widget"


class VisitorClaims(TokenClaims):
    """What a visitor's token says. `sub` is Google's id of them, or one that we made."""

    type: Literal["widget_visitor"] = "widget_visitor"
    aud: Literal["widget"] = AUDIENCE
    email: str | None = None
    agent_id: str
    key_id: str

    @property
    def is_anonymous(self) -> bool:
        """Google tells everybody's address."""
        return self.email is None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who talks with the agent of a key. Nothing of theirs meets an account of the same address."""

    key: WidgetKey
    claims: VisitorClaims

    @property
    def user(self) -> str:
        """Under which their conversations and the agent's memory of them are stored."""
        return f"visitor:{self.key.agent_id}:{self.claims.sub}"

    @property
    def asker(self) -> Asker:
        return Asker(self.key.created_by, self.user)


class VisitorProfile(BaseModel):
    visitor_id: str
    email: str | None
    name: str
    picture: str | None


class VisitorSignedIn(BaseModel):
    """A visitor's token, `expires_in` seconds from now on."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int
    visitor: VisitorProfile


class WidgetConfig(BaseModel):
    """What a page must know before anybody says anything. `agent_name` is the name of the key;
    `anonymous` and `google` say which ways there are to become a visitor."""

    agent_name: str
    agent_id: str
    welcome_message: str | None
    theme: dict[str, str] = Field(default_factory=dict)
    anonymous: bool
    google: bool


class WidgetConversationCreate(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"title": "A question"}})

    title: Title = UNTITLED


class WidgetConversation(BaseModel):
    conversation_id: str
    agent_id: str
    visitor_id: str
    visitor_name: str
    title: str
    created_at: datetime
    updated_at: datetime | None
    message_count: int = Field(description="A question and an answer for each turn that ended.")

    @classmethod
    def of(cls, conversation: Conversation, visitor: Visitor) -> Self:
        return cls(
            conversation_id=conversation.conversation_id,
            agent_id=conversation.agent_id,
            visitor_id=visitor.claims.sub,
            visitor_name=visitor.claims.name,
            title=conversation.title,
            created_at=conversation.created_at,
            updated_at=conversation.updated_at,
            message_count=2 * conversation.turn_count,
        )


class WidgetConversationRecord(BaseModel):
    """That a conversation is an agent's, and of which visitor: `user` is `Visitor.user`."""

    conversation_id: str
    agent_id: str
    user: str
    created_at: datetime = Field(default_factory=utc_now)


class WidgetMessageCreate(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"content": "When do you open?"}})

    content: Annotated[str, Field(min_length=1, max_length=10_000)]


class WidgetMessage(BaseModel):
    message_id: str
    role: Role
    content: str
    created_at: str = Field(description="ISO 8601, with `+00:00`.")

    @classmethod
    def of(cls, message: MessageView) -> Self:
        return cls(
            message_id=message.message_id,
            role=message.role,
            content=message.content,
            created_at=sort_time(message.created_at),
        )
