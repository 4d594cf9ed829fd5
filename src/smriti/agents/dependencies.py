"""What routes about agents ask for: the service, and an agent that exists and is the caller's."""

from typing import Annotated

from fastapi import Depends, Security

from smriti.agents.models import Agent
from smriti.agents.service import AgentService
from smriti.auth.keys.dependencies import ScopedUser
from smriti.core.clock import Id
from smriti.core.edge import provide

Agents = Annotated[AgentService, Depends(provide(AgentService))]


async def owned_agent(agent_id: Id, user: ScopedUser, agents: Agents) -> Agent:
    return await agents.get(user.email, agent_id)


OwnedAgent = Annotated[Agent, Security(owned_agent, scopes=["agents:write"])]
ShownAgent = Annotated[Agent, Security(owned_agent, scopes=["agents:read"])]
