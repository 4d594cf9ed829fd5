"""Decisions about agents: which values make sense, and what goes when one goes."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence, Set
from itertools import count
from typing import Final

from smriti.agents.models import Agent, AgentCreate, AgentUpdate
from smriti.agents.repository import MAX_AGENTS, AgentRepository, AgentsFull, NameTaken
from smriti.auth.keys.models import ApiKey, KeyScope
from smriti.auth.keys.service import require
from smriti.core.errors import Conflict, Invalid, NotFound
from smriti.db.table import ConditionFailed
from smriti.usage.service import UsageService

_MAX_NAME: Final = 100
_LENT_WITH: Final[KeyScope] = "devices"
"""The capability that lends machines, and the scope that opens them."""

type DeleteHook = Callable[[Agent], Awaitable[None]]


class AgentNotFound(NotFound):
    slug = "agent-not-found"

    def __init__(self) -> None:
        super().__init__("Agent not found")


class AgentNameTaken(Conflict):
    slug = "agent-name-taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"You have another agent called {name!r}. Choose another name.")


class TooManyAgents(Conflict):
    slug = "too-many-agents"

    def __init__(self) -> None:
        super().__init__(f"There are {MAX_AGENTS} agents already. Delete one first.")


def check_lent(key: ApiKey | None, capabilities: Iterable[str]) -> None:
    """`ScopeMissing` when a program would give an agent what it may not do itself."""
    if key is not None and _LENT_WITH in capabilities:
        require(key, [_LENT_WITH])


class AgentService:
    """`on_delete` are called with an agent that is about to go."""

    def __init__(
        self,
        agents: AgentRepository,
        usage: UsageService,
        *,
        architectures: Sequence[str],
        providers: Sequence[str],
        on_delete: Sequence[DeleteHook] = (),
    ) -> None:
        self._agents = agents
        self._usage = usage
        self.architectures = tuple(architectures)
        self.providers = tuple(providers)
        self._on_delete = list(on_delete)

    def begin_deleting_with(self, hook: DeleteHook) -> None:
        """Call it before all the others: it shuts the agent's doors."""
        self._on_delete.insert(0, hook)

    async def create(self, owner: str, new: AgentCreate) -> Agent:
        """A new agent; when the owner has one of this name, that one, unchanged.

        `PlanLimitReached`, `TooManyAgents`.
        """
        self._check(new.agent_architecture, new.agent_provider)
        return await self._create(Agent(created_by=owner, **new.model_dump()))

    async def adopt(self, agent: Agent) -> Agent:
        """Add an agent that was made elsewhere, under its id; again, that is the one.

        When the owner has its name already, a number follows it.
        """
        owner = agent.created_by
        made = await self._agents.find(owner, agent.agent_id)
        if made is not None:
            return made
        taken = {other.agent_name for other in await self.all_of(owner)}
        for name in _numbered(agent.agent_name):
            if name in taken:
                continue
            named = agent.model_copy(update={"agent_name": name})
            made = await self._create(named)
            if made.agent_id == agent.agent_id:
                return made
        raise AssertionError("There are more names than agents.")

    async def check_room(self, owner: str, agent_ids: Set[str]) -> None:
        """Whether the owner may have these agents too: `PlanLimitReached`, `TooManyAgents`."""
        allowed = await self._usage.allowance(owner, "agents")
        there = {agent.agent_id for agent in await self.all_of(owner)}
        if len(there | agent_ids) > max(len(there), allowed.within(MAX_AGENTS)):
            raise allowed.refused(len(there), MAX_AGENTS, TooManyAgents())

    async def _create(self, agent: Agent) -> Agent:
        allowed = await self._usage.allowance(agent.created_by, "agents")
        try:
            return await self._agents.create(agent, most=allowed.within(MAX_AGENTS))
        except AgentsFull as full:
            raise allowed.refused(full.count, MAX_AGENTS, TooManyAgents()) from full

    async def get(self, owner: str, agent_id: str) -> Agent:
        agent = await self._agents.find(owner, agent_id)
        if agent is None:
            raise AgentNotFound
        return agent

    async def named(self, owner: str, name: str) -> Agent:
        agent = await self._agents.find_named(owner, name)
        if agent is None:
            raise AgentNotFound
        return agent

    async def all_of(self, owner: str) -> list[Agent]:
        return await self._agents.all_of(owner)

    async def update(self, agent: Agent, update: AgentUpdate) -> Agent:
        """`AgentNameTaken`, `AgentNotFound`, `Invalid`."""
        changes = update.model_dump(exclude_unset=True)
        if changes.get("agent_name") == agent.agent_name:
            del changes["agent_name"]
        if not changes:
            return agent
        changed = agent.model_copy(update=changes)
        self._check(changed.agent_architecture, changed.agent_provider)
        try:
            if "agent_name" in changes:
                return await self._agents.rename(agent, changed, list(changes))
            return await self._agents.change(changed, list(changes))
        except NameTaken as taken:
            raise AgentNameTaken(changed.agent_name) from taken
        except ConditionFailed:
            raise AgentNotFound from None

    async def delete(self, owner: str, agent_id: str) -> None:
        """Remove an agent with what it remembers. One that does not exist is gone already."""
        agent = await self._agents.find(owner, agent_id)
        if agent is None:
            return
        for forget in self._on_delete:
            await forget(agent)
        await self._agents.delete(agent)

    async def delete_all_of(self, owner: str) -> None:
        for agent in await self._agents.all_of(owner):
            await self.delete(owner, agent.agent_id)

    def _check(self, architecture: str, provider: str) -> None:
        for name, value, known in (
            ("agent_architecture", architecture, self.architectures),
            ("agent_provider", provider, self.providers),
        ):
            if value not in known:
                raise Invalid(
                    f"{name} must be one of {', '.join(known)}; not {value!r}.",
                    errors=[{"type": "enum", "loc": ["body", name], "msg": f"not {value!r}"}],
                )


def _numbered(name: str) -> Iterator[str]:
    """`name`, then the same with (2), (3), … behind it, none longer than a name may be."""
    yield name
    base = re.sub(r" \(\d+\)$", "", name)
    for number in count(2):
        suffix = f" ({number})"
        yield base[: _MAX_NAME - len(suffix)].rstrip() + suffix
