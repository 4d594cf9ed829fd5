"""What routes about agents ask for: the service, and an agent that exists and is the caller's."""

from typing import Annotated

from fastapi import Depends

from smriti.agents.models import Agent
from smriti.agents.service import AgentService
from smriti.auth.dependencies import CurrentUser
from smriti.core.clock import Id
from smriti.core.edge import provide

Agents = Annotated[AgentService, Depends(provide(AgentService))]


async def owned_agent(agent_id: Id, user: CurrentUser, agents: Agents) -> Agent:
    return await agents.get(user.email, agent_id)


OwnedAgent = Annotated[Agent, Depends(owned_agent)]
