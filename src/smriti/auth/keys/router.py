"""API keys over HTTP: only who is signed in makes and revokes them."""

from fastapi import APIRouter, Depends

from smriti.auth.dependencies import CurrentUser, no_store
from smriti.auth.idempotency.dependencies import NewId
from smriti.auth.idempotency.route import IdempotentRoute
from smriti.auth.keys.dependencies import Keys
from smriti.auth.keys.models import ApiKey, KeyCreate, NewKey
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS

router = APIRouter(
    prefix="/devices/keys",
    tags=["devices"],
    responses=PROBLEMS,
    dependencies=[Depends(no_store)],
    route_class=IdempotentRoute,
)


@router.post("", status_code=201, summary="Make an API key, which is shown this once")
async def make_key(new: KeyCreate, user: CurrentUser, keys: Keys, key_id: NewId) -> NewKey:
    return await keys.make(user.email, new, key_id)


@router.get("", summary="List your API keys, without their secrets")
async def list_keys(user: CurrentUser, keys: Keys) -> list[ApiKey]:
    return await keys.all_of(user.email)


@router.delete("/{key_id}", status_code=204, summary="Revoke an API key and close its connections")
async def revoke_key(key_id: Id, user: CurrentUser, keys: Keys) -> None:
    await keys.revoke(user.email, key_id)
