"""Agents over HTTP."""

from fastapi import APIRouter

from smriti.agents import forms
from smriti.agents.dependencies import AgentChange, Agents, NewAgent, OwnedAgent, ShownAgent
from smriti.agents.models import Agent
from smriti.agents.templates import TEMPLATES, AgentTemplate
from smriti.auth.idempotency.route import IdempotentRoute
from smriti.auth.keys.dependencies import AgentsReader, AgentsWriter
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS
from smriti.core.forms import FormSchema
from smriti.settings.dependencies import Providers

router = APIRouter(
    prefix="/agents", tags=["agents"], responses=PROBLEMS, route_class=IdempotentRoute
)


@router.get(
    "/supported-models",
    summary="Describe the form that creates an agent",
    response_model_exclude_none=True,
)
async def create_schema(user: AgentsReader, agents: Agents, providers: Providers) -> FormSchema:
    return forms.create_form(agents.architectures, *await providers.all_models(user.email))


@router.get("/templates", summary="List agents to begin with, as the creating form takes them")
async def list_templates(_: AgentsReader) -> list[AgentTemplate]:
    return list(TEMPLATES)


@router.get(
    "/update-schema/{agent_id}",
    summary="Describe the form that changes an agent",
    response_model_exclude_none=True,
)
async def update_schema(
    agent_id: str, user: AgentsReader, agents: Agents, providers: Providers
) -> FormSchema:
    offered = await providers.all_models(user.email)
    return forms.update_form(agent_id, agents.architectures, *offered)


@router.post(
    "", status_code=201, summary="Create an agent, or get the one that has this name already"
)
async def create_agent(user: AgentsWriter, new: NewAgent, agents: Agents) -> Agent:
    return await agents.create(user.email, new)


@router.get("", summary="List your agents")
async def list_agents(user: AgentsReader, agents: Agents) -> list[Agent]:
    return await agents.all_of(user.email)


@router.get("/{agent_id}", summary="Get an agent")
async def get_agent(agent: ShownAgent) -> Agent:
    return agent


@router.put("/{agent_id}", summary="Change an agent")
async def update_agent(update: AgentChange, agent: OwnedAgent, agents: Agents) -> Agent:
    return await agents.update(agent, update)


@router.delete("/{agent_id}", status_code=204, summary="Delete an agent and what it remembers")
async def delete_agent(agent_id: Id, user: AgentsWriter, agents: Agents) -> None:
    await agents.delete(user.email, agent_id)
