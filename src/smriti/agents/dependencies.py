"""What routes about agents ask for: the service, and an agent that exists and is the caller's."""

from typing import Annotated

from fastapi import Depends, Security

from smriti.agents.models import Agent, AgentCreate, AgentUpdate
from smriti.agents.service import AgentService, check_lent
from smriti.auth.keys.dependencies import KeyOf, ScopedUser
from smriti.core.clock import Id
from smriti.core.edge import provide

Agents = Annotated[AgentService, Depends(provide(AgentService))]


async def owned_agent(agent_id: Id, user: ScopedUser, agents: Agents) -> Agent:
    return await agents.get(user.email, agent_id)


OwnedAgent = Annotated[Agent, Security(owned_agent, scopes=["agents:write"])]
ShownAgent = Annotated[Agent, Security(owned_agent, scopes=["agents:read"])]


async def _new_agent(new: AgentCreate, key: KeyOf) -> AgentCreate:
    check_lent(key, new.capabilities)
    return new


async def _agent_update(update: AgentUpdate, agent: OwnedAgent, key: KeyOf) -> AgentUpdate:
    check_lent(key, {*(update.capabilities or ())} - {*agent.capabilities})
    return update


# What a caller may make of an agent.
NewAgent = Annotated[AgentCreate, Depends(_new_agent)]
AgentChange = Annotated[AgentUpdate, Depends(_agent_update)]
