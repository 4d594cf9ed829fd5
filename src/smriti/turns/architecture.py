"""The architecture port: how an agent thinks."""

from dataclasses import dataclass
from typing import Protocol

from smriti.agents.models import Agent
from smriti.memory.models import CoreMemory
from smriti.tools.toolset import Toolset


@dataclass(frozen=True, slots=True)
class Scene:
    """Who thinks, for whom, and where: what an architecture builds a turn from."""

    agent: Agent
    user: str
    conversation_id: str
    turn_id: str
    core: CoreMemory


class Architecture(Protocol):
    """`history_words`: the past that is shown at most. `max_steps`: model calls with tools."""

    name: str
    history_words: int
    max_steps: int
    remembers: bool

    def system(self, scene: Scene) -> str:
        """The system prompt: the same to the byte while agent and memory are unchanged."""
        ...

    def tools(self, scene: Scene) -> Toolset: ...


type Architectures = dict[str, Architecture]
