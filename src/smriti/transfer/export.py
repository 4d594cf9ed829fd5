"""Exports: files that are written while the client takes them, a page of the store at a time.

What fails in the middle ends the file in the middle: it is no JSON then, and nobody takes it for
whole.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
from pydantic import BaseModel

from smriti.agents.characters.keeping import described
from smriti.agents.characters.repository import CharacterRepository
from smriti.agents.models import Agent
from smriti.agents.service import AgentService
from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.core.clock import utc_now
from smriti.core.paging import Page, PageRequest
from smriti.memory.archive.repository import ArchiveRepository
from smriti.memory.blocks.models import Block, BlockVersion
from smriti.memory.blocks.service import BlockService
from smriti.memory.models import MemoryOwner
from smriti.messages.models import MAX_ATTACHMENTS, Message
from smriti.messages.repository import MessageRepository, message_key
from smriti.transfer.models import KNOWLEDGE, OWNER, VERSION
from smriti.users.models import User

_PAGE: Final = 100
_MESSAGES: Final = 20
"""On a page: a message may be long."""

_CHUNK_BYTES: Final = 64 * 1024

type Chunks = AsyncIterator[bytes]
type List = Callable[[str], Awaitable[Sequence[BaseModel]]]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where what is exported stands."""

    agents: AgentService
    characters: CharacterRepository
    blocks: BlockService
    archive: ArchiveRepository
    conversations: ConversationRepository
    messages: MessageRepository


class Exporter:
    """`lists` are what an account has besides agents: short, and without secrets."""

    def __init__(self, sources: Sources, lists: Mapping[str, List]) -> None:
        self._agents = sources.agents
        self._characters = sources.characters
        self._blocks = sources.blocks
        self._archive = sources.archive
        self._conversations = sources.conversations
        self._messages = sources.messages
        self._lists = lists

    async def agent(self, agent: Agent, *, conversations: bool) -> Chunks:
        """The file of an agent."""
        talks = {}
        if conversations:
            talks = await self._conversations.ids_by_agent(agent.created_by)
        async for chunk in self._agent(agent, talks.get(agent.agent_id, [])):
            yield chunk

    async def character(self, agent: Agent) -> Chunks:
        """What the agent is and knows, for ElizaOS: nothing that it has learnt, and no secret."""
        document = described(agent, await self._characters.find(agent))
        knowledge = document.pop("knowledge", [])
        yield orjson.dumps(document, option=orjson.OPT_INDENT_2).removesuffix(b"\n}")
        yield b',\n  "knowledge": '
        async for chunk in _listed(self._knowledge(agent, knowledge)):
            yield chunk
        yield b"\n}\n"

    async def _knowledge(self, agent: Agent, files: Sequence[object]) -> Chunks:
        for entry in files:
            yield orjson.dumps(entry)
        async for memory in _each(partial(self._archive.oldest_first, _memory_of(agent))):
            if KNOWLEDGE in memory.tags:
                yield orjson.dumps(memory.content)

    async def account(self, user: User) -> Chunks:
        """The file of an account: everything but what is secret."""
        talks = await self._conversations.ids_by_agent(user.email)
        yield _head("smriti-account")
        profile = user.model_dump(mode="json", include={"email", "name", "picture", "created_at"})
        yield b',\n"profile":' + orjson.dumps(profile)
        for name, entries_of in self._lists.items():
            entries = [
                entry.model_dump(exclude={"created_by", "hint"})
                for entry in await entries_of(user.email)
            ]
            yield f',\n"{name}":'.encode() + orjson.dumps(entries, option=orjson.OPT_UTC_Z)
        yield b',\n"agents":['
        between = b"\n"
        for agent in await self._agents.all_of(user.email):
            yield between
            between = b",\n"
            async for chunk in self._agent(agent, talks.pop(agent.agent_id, [])):
                yield chunk
        # Those whose agents are gone: they can still be read.
        left = sorted(each for ids in talks.values() for each in ids)
        yield b'\n],\n"conversations":'
        async for chunk in self._conversation_list(user.email, left):
            yield chunk
        yield b"}\n"

    async def _agent(self, agent: Agent, talks: Sequence[str]) -> Chunks:
        yield _head("smriti-agent")
        definition = agent.model_dump(
            mode="json", exclude={"agent_id", "created_by"}, exclude_none=True
        )
        if (character := await self._characters.find(agent)) is not None:
            definition["character"] = character
        yield b',\n"agent":' + orjson.dumps(definition)
        owner = _memory_of(agent)
        yield b',\n"memory":{"blocks":'
        async for chunk in _listed(self._block_list(owner)):
            yield chunk
        yield b',\n"archive":'
        async for chunk in _listed(self._passages(owner)):
            yield chunk
        yield b'},\n"conversations":'
        async for chunk in self._conversation_list(agent.created_by, talks):
            yield chunk
        # Deleted meanwhile, it would be told without what was deleted first.
        await self._agents.get(agent.created_by, agent.agent_id)
        yield b"}\n"

    async def _block_list(self, owner: MemoryOwner) -> Chunks:
        core = await self._blocks.core(owner)
        for block in core.blocks.values():
            pages = partial(self._blocks.history, owner, block.name)
            history = [version async for version in _each(pages)]
            yield orjson.dumps(_block(owner, block, history), option=orjson.OPT_UTC_Z)

    async def _passages(self, owner: MemoryOwner) -> Chunks:
        async for memory in _each(partial(self._archive.oldest_first, owner)):
            names = {"content", "tags", "author", "created_at", "conversation_id", "sequence"}
            shown = memory.model_dump(mode="json", include=names, exclude_none=True)
            yield orjson.dumps(shown)

    async def _conversation_list(self, owner: str, ids: Sequence[str]) -> Chunks:
        yield b"["
        between = b"\n"
        for conversation_id in ids:
            conversation = await self._conversations.find(owner, conversation_id)
            if conversation is None or conversation.deleted_at is not None:
                continue
            yield between
            between = b",\n"
            yield orjson.dumps(_conversation(conversation)).removesuffix(b"}") + b',"messages":'
            async for chunk in _listed(self._message_list(conversation)):
                yield chunk
            yield b"}"
        yield b"]"

    async def _message_list(self, conversation: Conversation) -> Chunks:
        pages = partial(self._messages.page, conversation.conversation_id, oldest_first=True)
        async for message in _each(pages, _MESSAGES):
            [whole] = await self._messages.with_pictures([message], limit=MAX_ATTACHMENTS)
            yield orjson.dumps(_message(conversation, whole))


async def in_chunks(pieces: Chunks) -> Chunks:
    """The same bytes, in chunks that are worth sending."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= _CHUNK_BYTES:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


async def _each[T](
    page_of: Callable[[PageRequest], Awaitable[Page[T]]], limit: int = _PAGE
) -> AsyncIterator[T]:
    """Everything that is on all pages."""
    request = PageRequest(limit=limit)
    while True:
        page = await page_of(request)
        for item in page.items:
            yield item
        if page.next_cursor is None:
            return
        request = PageRequest(limit=limit, cursor=page.next_cursor)


async def _listed(entries: Chunks) -> Chunks:
    """A JSON list of these, one a line."""
    yield b"["
    between = b"\n"
    async for entry in entries:
        yield between + entry
        between = b",\n"
    yield b"]"


def _memory_of(agent: Agent) -> MemoryOwner:
    return MemoryOwner(agent.agent_id, agent.created_by, agent.created_at)


def _head(name: str) -> bytes:
    head = {"format": name, "version": VERSION, "exported_at": utc_now()}
    return orjson.dumps(head, option=orjson.OPT_UTC_Z).removesuffix(b"}")


def _block(owner: MemoryOwner, block: Block, history: Sequence[BlockVersion]) -> dict[str, Any]:
    definition = block.definition
    return {
        "name": definition.block_name,
        "description": definition.description,
        "word_limit": definition.word_limit,
        "created_at": definition.created_at,
        **_version(owner, block.content),
        "history": [_version(owner, past) for past in history],
    }


def _version(owner: MemoryOwner, version: BlockVersion) -> dict[str, Any]:
    shown = version.model_dump(mode="json", exclude={"word_count", "turn_id"}, exclude_none=True)
    by = {"updated_by": OWNER} if version.updated_by == owner.user_id else {}
    return shown | by


def _conversation(conversation: Conversation) -> dict[str, Any]:
    names = {"conversation_id", "title", "description", "created_at"}
    return conversation.model_dump(mode="json", include=names, exclude_none=True)


def _message(conversation: Conversation, message: Message) -> Mapping[str, Any]:
    """Without what only its own server understands: ids, and what a model signed."""
    shown = message.model_dump(
        mode="json",
        exclude={
            "message_id": True,
            "conversation_id": True,
            "turn_id": True,
            "parts": {"__all__": {"signature"}},
        },
    )
    active = conversation.is_active(message_key(message))
    return shown if active else shown | {"active": False}
