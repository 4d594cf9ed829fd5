"""Conversations and their messages over HTTP."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from smriti.auth.idempotency.dependencies import NewId
from smriti.auth.idempotency.route import IdempotentRoute
from smriti.auth.keys.dependencies import ChatUser
from smriti.conversations.dependencies import Conversations, OwnedConversation
from smriti.conversations.files import FILE, file_response
from smriti.conversations.listing import MessagePage, Wanted
from smriti.conversations.models import Conversation, ConversationCreate, ConversationUpdate
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS, Paging
from smriti.core.paging import Page, PageRequest
from smriti.messages.models import MAX_ATTACHMENTS

router = APIRouter(
    prefix="/conversations",
    tags=["conversations"],
    responses=PROBLEMS,
    route_class=IdempotentRoute,
)


async def _ten(
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    cursor: Annotated[str | None, Query(max_length=4096)] = None,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor or None)


@router.post("/", status_code=201, summary="Begin a conversation with an agent")
async def create_conversation(
    new: ConversationCreate,
    user: ChatUser,
    conversations: Conversations,
    conversation_id: NewId,
) -> Conversation:
    return await conversations.create(user.email, new, conversation_id)


@router.get("/", summary="List your conversations, newest first")
async def list_conversations(
    user: ChatUser,
    conversations: Conversations,
    page: Annotated[PageRequest, Depends(_ten)],
    agent_id: Annotated[
        str | None,
        Query(max_length=200, description="Only those with this agent; pages may be short."),
    ] = None,
) -> Page[Conversation]:
    return await conversations.page(user.email, page, agent_id=agent_id or None)


@router.get("/{conversation_id}", summary="Get a conversation")
async def get_conversation(conversation: OwnedConversation) -> Conversation:
    return conversation


@router.put("/{conversation_id}", summary="Change a conversation")
async def update_conversation(
    update: ConversationUpdate, conversation: OwnedConversation, conversations: Conversations
) -> Conversation:
    return await conversations.update(conversation, update)


@router.delete(
    "/{conversation_id}", status_code=204, summary="Delete a conversation and all its messages"
)
async def delete_conversation(
    conversation_id: Id, user: ChatUser, conversations: Conversations
) -> None:
    await conversations.delete(user.email, conversation_id)


async def _wanted(
    order: Annotated[
        Literal["newest", "oldest"], Query(description="Which come first.")
    ] = "newest",
    inactive: Annotated[
        bool, Query(description="Also what a retry or an edit has left behind.")
    ] = False,
    around: Annotated[
        str | None,
        Query(
            max_length=200,
            description="The id of a message: the page is of those on both sides of it, wherever "
            "it is, and `cursor` counts for nothing. It goes on with `next_cursor`, and with "
            "`previous_cursor` in the other order.",
        ),
    ] = None,
) -> Wanted:
    return Wanted(order == "oldest", inactive, around or None)


@router.get("/{conversation_id}/messages", summary="List messages, newest first, or around one")
async def list_messages(
    conversation: OwnedConversation,
    conversations: Conversations,
    page: Paging,
    wanted: Annotated[Wanted, Depends(_wanted)],
) -> MessagePage:
    return await conversations.messages(conversation, page, wanted)


@router.get(
    "/{conversation_id}/messages/{message_id}/attachments/{number}",
    summary="Get a file that came with a message",
    response_class=Response,
    responses=FILE,
)
async def get_attachment(
    message_id: Id,
    number: Annotated[int, Path(ge=0, lt=MAX_ATTACHMENTS, description="Which, from 0.")],
    conversation: OwnedConversation,
    conversations: Conversations,
) -> Response:
    return file_response(await conversations.attachment(conversation, message_id, number))
