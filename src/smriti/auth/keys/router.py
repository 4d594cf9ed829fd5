"""API keys over HTTP: only who is signed in makes, changes and revokes them."""

from fastapi import APIRouter, Depends

from smriti.auth.dependencies import CurrentUser, no_store
from smriti.auth.idempotency.dependencies import NewId
from smriti.auth.idempotency.route import IdempotentRoute
from smriti.auth.keys.dependencies import Keys
from smriti.auth.keys.models import (
    ApiKey,
    KeyCreate,
    NewKey,
    ProgramKeyCreate,
    ProgramKeyUpdate,
)
from smriti.auth.keys.service import DEVICE_KEYS, PROGRAM_KEYS
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS

router = APIRouter(
    responses=PROBLEMS, dependencies=[Depends(no_store)], route_class=IdempotentRoute
)


@router.post(
    "/devices/keys",
    status_code=201,
    tags=["devices"],
    summary="Make an API key for devices, which is shown this once",
)
async def make_key(new: KeyCreate, user: CurrentUser, keys: Keys, key_id: NewId) -> NewKey:
    return await keys.make(user.email, new, key_id)


@router.get(
    "/devices/keys",
    tags=["devices"],
    summary="List your API keys for devices, without their secrets",
)
async def list_keys(user: CurrentUser, keys: Keys) -> list[ApiKey]:
    return await keys.all_of(user.email, DEVICE_KEYS)


@router.delete(
    "/devices/keys/{key_id}",
    status_code=204,
    tags=["devices"],
    summary="Revoke an API key and close its connections",
)
async def revoke_key(key_id: Id, user: CurrentUser, keys: Keys) -> None:
    await keys.revoke(user.email, key_id, DEVICE_KEYS)


@router.post(
    "/api-keys",
    status_code=201,
    tags=["keys"],
    summary="Make an API key for a program, which is shown this once",
)
async def make_program_key(
    new: ProgramKeyCreate, user: CurrentUser, keys: Keys, key_id: NewId
) -> NewKey:
    return await keys.make_for_program(user.email, new, key_id)


@router.get(
    "/api-keys", tags=["keys"], summary="List your API keys for programs, without their secrets"
)
async def list_program_keys(user: CurrentUser, keys: Keys) -> list[ApiKey]:
    return await keys.all_of(user.email, PROGRAM_KEYS)


@router.patch(
    "/api-keys/{key_id}",
    tags=["keys"],
    summary="Change the name, the scopes or the expiry of a program's API key",
)
async def change_program_key(
    key_id: Id, change: ProgramKeyUpdate, user: CurrentUser, keys: Keys
) -> ApiKey:
    return await keys.change_for_program(user.email, key_id, change)


@router.delete(
    "/api-keys/{key_id}", status_code=204, tags=["keys"], summary="Revoke a program's API key"
)
async def revoke_program_key(key_id: Id, user: CurrentUser, keys: Keys) -> None:
    await keys.revoke(user.email, key_id, PROGRAM_KEYS)
