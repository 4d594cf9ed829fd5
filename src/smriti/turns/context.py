"""What the model would see now, and how its window is spent."""

from pydantic import BaseModel, Field

from smriti.conversations.models import Conversation
from smriti.core.clock import new_id, utc_now
from smriti.llm.catalog import estimate_tokens
from smriti.llm.types import ChatMessage, Role, ToolCall
from smriti.messages.models import Message
from smriti.turns.answering import Answering
from smriti.turns.opener import Opener
from smriti.turns.summary import Summary


class ContextTokens(BaseModel):
    """The window, given out: estimated tokens, on the high side."""

    window: int
    kept_for_the_answer: int
    system: int
    tools: int
    summary: int
    relevant_past: int = Field(description="Kept for past exchanges that bear on the question.")
    messages: int
    free: int


class ContextMessage(BaseModel):
    role: Role
    text: str
    tools: list[str] = Field(default_factory=list, description="Tools called in this message.")
    tokens: int


class SummaryView(BaseModel):
    """The running summary, and the messages that it stands for."""

    text: str
    messages: int
    first_at: str
    upto_at: str
    model: str

    @classmethod
    def of(cls, summary: Summary) -> "SummaryView":
        return cls.model_validate(summary.model_dump(mode="json"))


class Context(BaseModel):
    model: str
    tokens: ContextTokens
    system: str
    tools: list[str]
    summary: SummaryView | None
    messages: list[ContextMessage]


class ContextService:
    def __init__(self, opener: Opener, answering: Answering) -> None:
        self._opener = opener
        self._answering = answering

    async def show(self, conversation: Conversation, question: str) -> Context:
        """The prompt that a question asked now would have before it, and with it the question, if
        there is one. Nothing is asked."""
        opening = await self._opener.look(conversation, new_id())
        asked = Message(
            conversation_id=conversation.conversation_id,
            role="user",
            content=question,
            created_at=utc_now(),
        )
        prompt = await self._answering.prompt_for(opening, asked)
        shown, spent = prompt.shown, prompt.spent
        messages = [_shown(said.message, said.tokens) for said in shown.said]
        tokens = estimate_tokens(question)
        if question:
            messages.append(_shown(prompt.request.messages[-1], tokens))
        return Context(
            model=prompt.request.model,
            tokens=ContextTokens(
                window=spent.context,
                kept_for_the_answer=spent.answer,
                system=spent.system,
                tools=spent.tools,
                summary=spent.summary,
                relevant_past=spent.relevant_past,
                messages=shown.tokens + tokens,
                free=max(spent.left - shown.tokens - tokens, 0),
            ),
            system=prompt.request.system,
            tools=[spec.name for spec in prompt.request.tools],
            summary=SummaryView.of(shown.summary) if shown.summary else None,
            messages=messages,
        )


def _shown(message: ChatMessage, tokens: int) -> ContextMessage:
    called = [part.name for part in message.parts if isinstance(part, ToolCall)]
    return ContextMessage(role=message.role, text=message.text, tools=called, tokens=tokens)
