"""Decisions about agents: which values make sense, and what goes when one goes."""

from collections.abc import Awaitable, Callable, Sequence

from smriti.agents.models import Agent, AgentCreate, AgentUpdate
from smriti.agents.repository import AgentRepository
from smriti.core.errors import Invalid, NotFound
from smriti.db.table import ConditionFailed

type DeleteHook = Callable[[Agent], Awaitable[None]]


class AgentNotFound(NotFound):
    slug = "agent-not-found"

    def __init__(self) -> None:
        super().__init__("Agent not found")


class AgentService:
    def __init__(
        self,
        agents: AgentRepository,
        *,
        architectures: Sequence[str],
        providers: Sequence[str],
        on_delete: Sequence[DeleteHook] = (),
    ) -> None:
        self._agents = agents
        self.architectures = tuple(architectures)
        self._providers = tuple(providers)
        self._on_delete = tuple(on_delete)

    async def create(self, owner: str, new: AgentCreate) -> Agent:
        """A new agent; when the owner has one of this name, that one, unchanged."""
        self._check(new.agent_architecture, new.agent_provider)
        return await self._agents.create(Agent(created_by=owner, **new.model_dump()))

    async def get(self, owner: str, agent_id: str) -> Agent:
        agent = await self._agents.find(owner, agent_id)
        if agent is None:
            raise AgentNotFound
        return agent

    async def all_of(self, owner: str) -> list[Agent]:
        return await self._agents.all_of(owner)

    async def update(self, agent: Agent, update: AgentUpdate) -> Agent:
        changes = update.model_dump(exclude_unset=True)
        if not changes:
            return agent
        changed = agent.model_copy(update=changes)
        self._check(changed.agent_architecture, changed.agent_provider)
        try:
            return await self._agents.change(changed, list(changes))
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
            ("agent_provider", provider, self._providers),
        ):
            if value not in known:
                raise Invalid(
                    f"{name} must be one of {', '.join(known)}; not {value!r}.",
                    errors=[{"type": "enum", "loc": ["body", name], "msg": f"not {value!r}"}],
                )
