"""What routes about turns ask for."""

from typing import Annotated

from fastapi import Depends, Header, Query, Security

from smriti.auth.keys.dependencies import ChatCaller
from smriti.conversations.dependencies import OwnedConversation, owned_conversation
from smriti.conversations.models import Conversation
from smriti.core.clock import Id
from smriti.core.edge import provide
from smriti.core.errors import BadRequest
from smriti.turns.context import ContextService
from smriti.turns.control import TurnControl
from smriti.turns.importing import Importer
from smriti.turns.offered import ToolOffer
from smriti.turns.service import Ask, TurnService
from smriti.turns.streams import TurnStreams
from smriti.usage.dependencies import ChatRate

Turns = Annotated[TurnService, Depends(provide(TurnService))]
Control = Annotated[TurnControl, Depends(provide(TurnControl))]
Streams = Annotated[TurnStreams, Depends(provide(TurnStreams))]
Imports = Annotated[Importer, Depends(provide(Importer))]
ToolOffers = Annotated[ToolOffer, Depends(provide(ToolOffer))]
Contexts = Annotated[ContextService, Depends(provide(ContextService))]

Supposed = Annotated[
    str,
    Query(
        max_length=4096,
        description="As if this were asked: it comes last, with what the agent is reminded of.",
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[ -~]+$",
        description="A name of your own for this request. Sent again under the same name, it "
        "answers with the turn that it began the first time. Kept for a day.",
    ),
]


async def ask(
    admission: ChatRate,
    agent_id: Id,
    conversation_id: Id,
    asker: ChatCaller,
    key: IdempotencyKey = None,
) -> Ask:
    return Ask(asker, agent_id, conversation_id, key, admission)


async def ask_again(
    admission: ChatRate,
    conversation: OwnedConversation,
    asker: ChatCaller,
    key: IdempotencyKey = None,
) -> Ask:
    return Ask(asker, conversation.agent_id, conversation.conversation_id, key, admission)


AskHere = Annotated[Ask, Depends(ask)]
AskAgain = Annotated[Ask, Depends(ask_again)]

# What a program with the scope `chat` asks to run on a machine, it may not approve.
DecidedConversation = Annotated[Conversation, Security(owned_conversation, scopes=["admin"])]


class NotAnEvent(BadRequest):
    slug = "not-an-event"

    def __init__(self) -> None:
        super().__init__("Last-Event-ID must be the number of an event, as its `id` line gave it.")


async def last_event(
    after: Annotated[
        int, Query(ge=0, le=10**15, description="The number of the last event that you have.")
    ] = 0,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> int:
    """The header wins: a browser that connects again repeats the address of the first time."""
    if not last_event_id:
        return after
    if not (last_event_id.isascii() and last_event_id.isdigit()):
        raise NotAnEvent
    return int(last_event_id)


LastEvent = Annotated[int, Depends(last_event)]
