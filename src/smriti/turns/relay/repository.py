"""Agents' places at the specialised servers.

Agent#<agent_id>  AgentServer    one agent's; it goes with the agent
"""

from collections.abc import Sequence
from typing import cast

from smriti.agents.models import Agent
from smriti.agents.repository import agent_key
from smriti.agents.service import AgentNotFound
from smriti.db.repository import Repository
from smriti.db.table import (
    EXISTS,
    Absent,
    Change,
    Check,
    Condition,
    Default,
    Delete,
    Key,
    Set,
    TransactionFailed,
    Update,
    Value,
    eq,
)
from smriti.turns.relay.models import Link


def _key(agent_id: str) -> Key:
    return f"Agent#{agent_id}", "AgentServer"


class LinkRepository(Repository[Link]):
    entity = Link

    def key(self, entity: Link) -> Key:
        return _key(entity.agent_id)

    async def find(self, agent_id: str) -> Link:
        """What is known of the agent, which may be nothing."""
        return await self._find(_key(agent_id)) or Link(agent_id=agent_id)

    async def change(self, agent: Agent, **values: object) -> None:
        """Write the named attributes; `AgentNotFound` when the agent is gone."""
        try:
            await self._write(agent, [Set(name, cast("Value", values[name])) for name in values])
        except TransactionFailed:
            raise AgentNotFound from None

    async def _write(
        self, agent: Agent, changes: Sequence[Change], *, when: Condition | None = None
    ) -> None:
        names = Default("agent_id", agent.agent_id), Default("entity_type", "Link")
        await self._table.write(
            Check(agent_key(agent.created_by, agent.agent_id), EXISTS),
            Update(_key(agent.agent_id), (*names, *changes), when=when),
        )

    async def talk_at(self, agent: Agent, conversation_id: str, *, before: str | None) -> str:
        """Have the owner talk in this conversation instead of the one before. The conversation that
        counts: another request may have been quicker. `AgentNotFound`."""
        as_seen = eq("conversation_id", before) if before else Absent("conversation_id")
        try:
            await self._write(agent, [Set("conversation_id", conversation_id)], when=as_seen)
        except TransactionFailed as failure:
            if 0 in failure.failed:
                raise AgentNotFound from None
            found = await self.find(agent.agent_id)
            return found.conversation_id or conversation_id
        return conversation_id

    async def delete_of(self, agent: Agent) -> None:
        await self._table.write(Delete(_key(agent.agent_id)))
