"""Provider settings and model lists."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from smriti.auth.idempotency.route import IdempotentRoute
from smriti.auth.keys.dependencies import AdminUser, AgentsReader
from smriti.core.edge import PROBLEMS
from smriti.llm.local_servers import LocalServer
from smriti.llm.provider import ModelInfo
from smriti.settings.dependencies import LocalModels, Providers
from smriti.settings.models import ProviderCheck, ProviderListing, ProviderStatus

router = APIRouter(tags=["settings"], responses=PROBLEMS, route_class=IdempotentRoute)
checks = APIRouter(tags=["settings"], responses=PROBLEMS)

FormValues = Annotated[
    dict[str, Any],
    Body(
        examples=[{"base_url": "http://localhost:11434/v1", "api_key": "", "model": "llama3.2"}],
        description="One flat object: the values of the provider's form. Saved again, a secret "
        "that is left empty stays as it is, unless the address (`base_url`, `region`) changes; "
        "null forgets it.",
    ),
]


@router.get("/settings/providers", summary="List providers with their forms")
async def list_providers(user: AdminUser, providers: Providers) -> list[ProviderListing]:
    return await providers.listing(user.email)


@router.get("/settings/providers/{provider_name}", summary="Ask whether a provider is configured")
async def get_provider(provider_name: str, user: AdminUser, providers: Providers) -> ProviderStatus:
    return await providers.status(user.email, provider_name)


@router.post(
    "/settings/providers/{provider_name}", status_code=201, summary="Save a provider's settings"
)
async def save_provider(
    provider_name: str, values: FormValues, user: AdminUser, providers: Providers
) -> ProviderStatus:
    return await providers.save(user.email, provider_name, values)


@checks.post(
    "/settings/providers/{provider_name}/check",
    summary="Try a provider's settings, without saving them",
)
async def check_provider(
    provider_name: str, values: FormValues, user: AdminUser, providers: Providers
) -> ProviderCheck:
    return await providers.check(user.email, provider_name, values)


@router.delete(
    "/settings/providers/{provider_name}", status_code=204, summary="Forget a provider's settings"
)
async def delete_provider(provider_name: str, user: AdminUser, providers: Providers) -> None:
    await providers.delete(user.email, provider_name)


@router.get("/llm/local-servers", summary="Look for model servers on the machine of this server")
async def list_local_servers(_: AdminUser, local: LocalModels) -> list[LocalServer]:
    return await local.found()


@router.get("/llm/models/{provider_name}", summary="List a provider's models")
async def list_models(
    provider_name: str, user: AgentsReader, providers: Providers
) -> list[ModelInfo]:
    return await providers.models(user.email, provider_name)
