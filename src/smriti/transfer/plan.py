"""A look through a whole file before anything of it is written: whether all of it can be, under
which ids, and what must be known of a thing before the file tells it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from smriti.agents.repository import MAX_AGENTS
from smriti.conversations.models import Stretch
from smriti.memory.blocks.models import (
    DEFAULT_BLOCKS,
    MAX_BLOCK_BYTES,
    MAX_BLOCKS,
    MAX_CORE_BYTES,
    count_bytes,
    count_words,
)
from smriti.messages.models import Message
from smriti.messages.repository import message_key
from smriti.transfer.ids import DerivedIds
from smriti.transfer.models import (
    FileAgent,
    FileBlock,
    FileConversation,
    FileMessage,
    FilePassage,
    Nobody,
    Piece,
)
from smriti.transfer.reader import ImportFileInvalid

MAX_CONVERSATIONS: Final = 100_000
_MAX_MESSAGES: Final = 1 << 24
_MAX_STRETCHES: Final = 2_000
_MAX_WARNINGS: Final = 100


@dataclass(slots=True)
class PlannedConversation:
    """The id that a conversation gets, and what its messages will make of it."""

    conversation_id: str
    messages: int = 0
    last_message_at: datetime | None = None
    left_behind: list[Stretch] = field(default_factory=list)
    last_is_active: bool = True


@dataclass(slots=True)
class PlannedAgent:
    """What an agent is going to have. `threads` are the ids of its conversations by those that
    they have in the file."""

    agent_id: str
    capabilities: Sequence[str] = ()
    blocks: set[str] = field(default_factory=set)
    core_bytes: int = 0
    memories: int = 0
    conversations: list[PlannedConversation] = field(default_factory=list)
    threads: dict[str, str] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        return sum(conversation.messages for conversation in self.conversations)


@dataclass(slots=True)
class Plan:
    """What a file will become. `agents` are in its order, with one for `Nobody`."""

    agents: list[PlannedAgent] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        if len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(text)


def plan_of(pieces: Iterator[Piece], ids: DerivedIds) -> Plan:
    """The plan of a file. `ImportFileInvalid` when a part of it does not fit."""
    planner = _Planner(ids)
    for piece in pieces:
        planner.take(piece)
    return planner.plan


class _Planner:
    def __init__(self, ids: DerivedIds) -> None:
        self.plan = Plan()
        self._ids = ids

    def take(self, piece: Piece) -> None:
        for note in piece.notes:
            self.plan.warn(note)
        match piece.value:
            case FileAgent() as agent:
                self._agent(piece, agent)
            case Nobody():
                self.plan.agents.append(PlannedAgent(self._ids.of("nobody")))
            case FileBlock() as block:
                self._block(piece, block)
            case FilePassage():
                self._current.memories += 1
            case FileConversation() as conversation:
                self._conversation(piece, conversation)
            case FileMessage() as message:
                self._message(piece, message)

    @property
    def _current(self) -> PlannedAgent:
        return self.plan.agents[-1]

    def _agent(self, piece: Piece, agent: FileAgent) -> None:
        number = len(self.plan.agents)
        _check(piece, number < MAX_AGENTS, f"is one of more than {MAX_AGENTS} agents")
        planned = PlannedAgent(self._ids.of("agent", number), agent.capabilities)
        self.plan.agents.append(planned)
        for name in agent.ignored:
            self.plan.warn(f"Agent {agent.agent_name!r}: {name[:80]!r} is not known here.")

    def _block(self, piece: Piece, block: FileBlock) -> None:
        agent = self._current
        _check(piece, block.name not in agent.blocks, f"is a second block {block.name!r}")
        agent.blocks.add(block.name)
        count = len(agent.blocks | DEFAULT_BLOCKS.keys())
        _check(piece, count <= MAX_BLOCKS, f"is one of more than {MAX_BLOCKS} blocks")
        sizes = [count_bytes(version.lines) for version in (block, *block.history)]
        agent.core_bytes += sizes[0]
        _check(piece, max(sizes) <= MAX_BLOCK_BYTES, f"has more than {MAX_BLOCK_BYTES} bytes")
        _check(
            piece,
            agent.core_bytes <= MAX_CORE_BYTES,
            f"and the blocks before it have more than {MAX_CORE_BYTES} bytes",
        )
        if count_words(block.lines) > block.word_limit:
            self.plan.warn(f"Memory block {block.name!r} holds more words than its limit.")

    def _conversation(self, piece: Piece, conversation: FileConversation) -> None:
        agent = self._current
        order = sum(len(each.conversations) for each in self.plan.agents)
        _check(
            piece,
            order < MAX_CONVERSATIONS,
            f"is one of more than {MAX_CONVERSATIONS} conversations",
        )
        moment = conversation.created_at or self._ids.moment
        conversation_id = self._ids.at(moment, order, "conversation", order)
        agent.conversations.append(PlannedConversation(conversation_id))
        if conversation.conversation_id is not None:
            known = conversation.conversation_id in agent.threads
            _check(piece, not known, "has the conversation_id of another one")
            agent.threads[conversation.conversation_id] = conversation_id

    def _message(self, piece: Piece, message: FileMessage) -> None:
        talk = self._current.conversations[-1]
        earlier = talk.last_message_at
        _check(
            piece,
            earlier is None or earlier <= message.created_at,
            "is older than the message before it; the oldest must come first",
        )
        _check(piece, talk.messages < _MAX_MESSAGES, f"is one of more than {_MAX_MESSAGES}")
        if not message.active:
            key = message_key(message_of(self._ids, talk.conversation_id, talk.messages, message))
            first = talk.left_behind.pop()[0] if not talk.last_is_active else key
            talk.left_behind.append((first, key))
            _check(piece, len(talk.left_behind) <= _MAX_STRETCHES, "is left behind once too often")
        talk.last_is_active = message.active
        talk.last_message_at = message.created_at
        talk.messages += 1


def message_of(ids: DerivedIds, conversation_id: str, number: int, message: FileMessage) -> Message:
    """A message of a file as it is stored: the one that has so many before it."""
    moment = message.created_at
    return Message(
        message_id=ids.at(moment, number, conversation_id, number),
        conversation_id=conversation_id,
        created_at=moment,
        # No turn goes on with what another server has begun.
        status="cancelled" if message.status == "running" else message.status,
        **message.model_dump(include={"role", "content", "parts", "attachments"}),
    )


def _check(piece: Piece, fits: bool, otherwise: str) -> None:
    if not fits:
        raise ImportFileInvalid(piece.place, otherwise)
