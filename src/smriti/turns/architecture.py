"""The architecture port: how an agent thinks."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from smriti.agents.models import Agent
from smriti.conversations.models import Conversation
from smriti.core.errors import Conflict
from smriti.llm.provider import Provider
from smriti.memory.blocks.models import CoreMemory
from smriti.memory.recall.models import Exchange
from smriti.messages.models import Message
from smriti.tools.toolset import Toolset
from smriti.turns.asking import Ask


@dataclass(frozen=True, slots=True)
class Scene:
    """Who thinks, for whom, and where: what an architecture builds a turn from. The agent is its
    `created_by`'s, who need not be the `user`."""

    agent: Agent
    user: str
    conversation: Conversation
    turn_id: str
    core: CoreMemory


async def _nothing(_: Ask) -> None:
    return


type Remind = Callable[[Message, Collection[datetime]], Awaitable[Sequence[Exchange]]]
"""Past exchanges that bear on a question, the best first, but for what was said at these times in
its conversation. Never fails, and never takes long."""


@dataclass(frozen=True, slots=True)
class Mind:
    """One turn's thinking. `settle` is called once, after the answer is stored, and may take long.

    `system` is the same to the byte while agent and memory are unchanged. `provider` answers in the
    place of the agent's own.
    """

    system: str
    tools: Toolset
    remind: Remind | None = None
    provider: Provider | None = None
    settle: Callable[[Ask], Awaitable[None]] = _nothing


class Architecture(Protocol):
    """`history_words`: the past that is shown at most, but for the `newest` messages, which only
    the model's window can leave out. `max_steps`: model calls with tools."""

    name: str
    history_words: int
    newest: int
    max_steps: int
    remembers: bool

    def mind(self, scene: Scene) -> Mind: ...


type Architectures = Mapping[str, Architecture]


def architecture_of(agent: Agent, known: Architectures) -> Architecture:
    """How the agent thinks; `Conflict` where this server does not know that way."""
    name = agent.agent_architecture
    if name not in known:
        raise Conflict(f"The agent's architecture {name!r} is not one of {', '.join(known)}.")
    return known[name]
