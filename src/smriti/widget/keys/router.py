"""Widget keys over HTTP, for the owner of their agent. They are public: every read shows them."""

from typing import Annotated

from fastapi import APIRouter, Depends

from smriti.agents.dependencies import OwnedAgent, ShownAgent
from smriti.auth.idempotency.dependencies import NewId
from smriti.auth.idempotency.route import IdempotentRoute
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS, provide
from smriti.widget.keys.models import WidgetKey, WidgetKeyCreate, WidgetKeyUpdate
from smriti.widget.keys.service import WidgetKeyService

router = APIRouter(
    prefix="/agents/{agent_id}/api-keys",
    tags=["widget"],
    responses=PROBLEMS,
    route_class=IdempotentRoute,
)

WidgetKeys = Annotated[WidgetKeyService, Depends(provide(WidgetKeyService))]


@router.post("", status_code=201, summary="Make a public key with which sites embed the agent")
async def make_widget_key(
    new: WidgetKeyCreate, agent: OwnedAgent, keys: WidgetKeys, key_id: NewId
) -> WidgetKey:
    return await keys.make(agent, new, key_id)


@router.get("", summary="List the agent's public keys")
async def list_widget_keys(agent: ShownAgent, keys: WidgetKeys) -> list[WidgetKey]:
    return await keys.all_of(agent.agent_id)


@router.get("/{key_id}", summary="Get a public key")
async def get_widget_key(key_id: Id, agent: ShownAgent, keys: WidgetKeys) -> WidgetKey:
    return await keys.get(agent.agent_id, key_id)


@router.patch("/{key_id}", summary="Change a public key")
async def update_widget_key(
    key_id: Id, update: WidgetKeyUpdate, agent: OwnedAgent, keys: WidgetKeys
) -> WidgetKey:
    return await keys.update(agent.agent_id, key_id, update)


@router.delete("/{key_id}", status_code=204, summary="Delete a public key: it opens nothing more")
async def delete_widget_key(key_id: Id, agent: OwnedAgent, keys: WidgetKeys) -> None:
    await keys.delete(agent.agent_id, key_id)
