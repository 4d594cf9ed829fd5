"""What modules above lend to agents: tools whose calls last, say what they do, ask people."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Final, Protocol

from smriti.db.table import TableError
from smriti.llm.types import Part, ToolCall
from smriti.tools.approvals import Decision
from smriti.tools.toolset import Toolset
from smriti.turns.architecture import Scene
from smriti.turns.events import TurnEvent
from smriti.turns.models import TurnRecord


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a turn: the same after a restart, so that what it began is found again."""

    owner: str
    turn_id: str
    call_id: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What a tool may do with the turn that it runs in: `say` something to its readers; be `away`
    while others do the work, so that the turn needs no place and no time."""

    say: Callable[[TurnEvent], None]
    away: Callable[[], AbstractAsyncContextManager[None]]


SILENT: Final = Stage(lambda _: None, nullcontext)
"""For a turn that will not run."""


class Capability(Protocol):
    """`lasting` are the names of those tools whose calls the other methods are asked about."""

    name: str
    lasting: frozenset[str]

    def tools(self, scene: Scene, stage: Stage) -> Toolset: ...

    async def told(self, called: Called) -> Sequence[TurnEvent]:
        """What a call has told the turn's readers, from what is stored."""
        ...

    async def asks(self, called: Called) -> str | None:
        """The id of the approval that a call waits for."""
        ...

    async def decide(self, called: Called, decision: Decision) -> None:
        """Answer a call that waits; `Conflict` when it does not any more."""
        ...

    async def abandon(self, called: Called) -> None:
        """End what a call has begun: its turn is over."""
        ...


class Capabilities:
    """All that there are: which of them an agent has, and to which a call belongs."""

    def __init__(self, *known: Capability) -> None:
        self._known = known
        self._by_tool = {tool: capability for capability in known for tool in capability.lasting}

    def tools(self, scene: Scene, stage: Stage) -> list[Toolset]:
        """What the scene's agent may use beside the tools of its architecture: nothing when it
        talks with a stranger, whose machines they are not."""
        return [tools for _, tools in self.lent(scene, stage)]

    def lent(self, scene: Scene, stage: Stage) -> list[tuple[str, Toolset]]:
        """The same, each with the name of its capability."""
        mine = scene.agent.capabilities if scene.user == scene.agent.created_by else ()
        return [(each.name, each.tools(scene, stage)) for each in self._known if each.name in mine]

    def lasting(
        self, record: TurnRecord, parts: Iterable[Part]
    ) -> Iterator[tuple[Capability, Called]]:
        """The calls among these parts of a turn's answer that a capability knows more about."""
        for part in parts:
            if isinstance(part, ToolCall) and part.name in self._by_tool:
                called = Called(record.created_by, record.turn_id, part.call_id)
                yield self._by_tool[part.name], called

    async def told(
        self, record: TurnRecord, parts: Iterable[Part]
    ) -> Mapping[str, Sequence[TurnEvent]]:
        """What these calls have told readers, by their ids."""
        calls = self.lasting(record, parts)
        return {called.call_id: await each.told(called) for each, called in calls}

    async def abandon(self, record: TurnRecord, calls: Iterable[ToolCall]) -> None:
        """End what these calls have begun."""
        for each, called in self.lasting(record, calls):
            with suppress(TableError):  # then it ends by itself
                await each.abandon(called)
