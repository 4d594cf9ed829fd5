"""The application: opens what it stands on, mounts every router, guards every request."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Final

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Lifespan, Scope

from smriti.agents.router import router as agents_router
from smriti.agentserver.errors import OlderErrors
from smriti.agentserver.router import PATHS as OLDER_PATHS
from smriti.agentserver.router import asking as older_asking_router
from smriti.agentserver.router import router as older_router
from smriti.auth.cors import Cors
from smriti.auth.hosts import LocalHosts, own_hosts
from smriti.auth.keys.dependencies import EXPIRES, asker_of
from smriti.auth.keys.router import router as keys_router
from smriti.auth.keys.service import KeyService
from smriti.auth.passwords import Passwords
from smriti.auth.router import router as auth_router
from smriti.auth.secrets import load_secrets
from smriti.auth.sessions import REFRESHED, CallerNews
from smriti.conversations.router import router as conversations_router
from smriti.core.config import Config
from smriti.core.edge import DocumentedAPI, Services, install_error_handlers, render_problem
from smriti.core.errors import Unauthenticated, Unavailable
from smriti.core.outbound import outbound_client
from smriti.db.table import Table, TableBusy, TableUnavailable
from smriti.devices.api_router import router as device_sessions_router
from smriti.devices.api_router import ufo as ufo_router
from smriti.devices.door import router as device_door
from smriti.devices.router import router as devices_router
from smriti.devices.service import DeviceService
from smriti.devices.sessions import Sessions as DeviceSessions
from smriti.factories import make_embedder, open_payments, open_table, provider_factories
from smriti.llm.catalog import load_catalog
from smriti.llm.provider import ProviderFactories
from smriti.llm.service import ModelService
from smriti.memory.recall.router import router as recall_router
from smriti.memory.router import router as memory_router
from smriti.observability.logs import configure_logging
from smriti.observability.metrics import Metrics
from smriti.observability.middleware import BodyLimit, CrashBarrier, RequestLog
from smriti.observability.router import router as observability_router
from smriti.payments.gateway import Gateway
from smriti.payments.pricing import load_pricing
from smriti.payments.router import router as payments_router
from smriti.payments.router import webhooks as payment_webhooks
from smriti.retrieval.indexes import Indexes
from smriti.search.router import router as search_router
from smriti.settings.router import checks as provider_checks
from smriti.settings.router import router as settings_router
from smriti.transfer.router import router as transfer_router
from smriti.transfer.router import uploads as uploads_router
from smriti.turns.relay.service import Relay
from smriti.turns.router import asking as asking_router
from smriti.turns.router import imports as messages_router
from smriti.turns.router import router as turns_router
from smriti.turns.runner import TurnRunner
from smriti.turns.starter import Starter
from smriti.usage.dependencies import RequestRate, count_request
from smriti.usage.router import router as usage_router
from smriti.users.service import UserService
from smriti.web.assets import Assets
from smriti.web.compression import CompressedJSON
from smriti.web.router import STATIC, pages
from smriti.web.router import router as web_router
from smriti.widget.keys.router import router as widget_keys_router
from smriti.widget.keys.service import WidgetKeyService
from smriti.widget.pages import router as widget_pages_router
from smriti.widget.router import router as widget_router
from smriti.wiring import NATIVE_TOOLS, Outside, build_services

_VERSION: Final = version("smriti")
_STRANGER_BODY_BYTES: Final = 256 * 1024

log = structlog.get_logger()

type Started = Callable[[Services], Awaitable[None]]


def create_app(
    config: Config,
    *,
    table: Table | None = None,
    providers: ProviderFactories | None = None,
    payments: Gateway | None = None,
    passwords: Passwords | None = None,
    on_start: Started | None = None,
) -> FastAPI:
    """The application. Parts that a test does not give are the configured ones.

    `on_start` is called when everything is ready. `ConfigurationError` when the settings are wrong.
    """
    configure_logging(config.log_level, config.log_format)
    secrets = load_secrets(config)
    metrics = Metrics(native_tools=NATIVE_TOOLS)
    pricing = load_pricing(config.pricing_config)
    catalog = load_catalog(config.model_catalog)
    embedder = make_embedder(config)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            http = outbound_client(allow_private=config.private_networks_allowed)
            stack.push_async_callback(http.aclose)
            if embedder is not None:
                stack.push_async_callback(embedder.close)
            store = table or await open_table(config, stack)
            models = providers or provider_factories(config, catalog)
            gateway = payments or open_payments(config, stack)
            outside = Outside(
                config, secrets, store, models, catalog, http, metrics, embedder, pricing, gateway
            )
            services = app.state.services = build_services(outside, passwords or Passwords())
            await _run(services, stack)
            if on_start is not None:
                await on_start(services)
            yield

    return _guarded(_application(lifespan), config, metrics)


def _application(lifespan: Lifespan[FastAPI]) -> FastAPI:
    app = DocumentedAPI(
        title="Smriti",
        summary="A self-hosted agent server that remembers.",
        version=_VERSION,
        lifespan=lifespan,
        docs_url=None,  # our own page, which needs nothing from other servers
        redoc_url=None,
        telemetry={"tracing": False},
        routes=[*_routes()],
    )
    app.state.admit = count_request
    return app


async def _run(services: Services, stack: AsyncExitStack) -> None:
    """Go on with what a crash interrupted; at the end, turns finish before what they use."""
    users = services.get(UserService)
    stack.push_async_callback(services.get(Indexes).close)
    stack.push_async_callback(services.get(ModelService).close)
    stack.push_async_callback(services.get(Relay).close)
    stack.push_async_callback(users.close)
    stack.push_async_callback(services.get(KeyService).close)
    stack.push_async_callback(services.get(WidgetKeyService).close)
    stack.push_async_callback(services.get(DeviceService).close)
    stack.push_async_callback(services.get(DeviceSessions).close)
    runner = services.get(TurnRunner)
    stack.push_async_callback(runner.close)
    await users.resume_deletions()
    for watch in (services.get(Starter).watch, services.get(Relay).watch):
        stack.callback(asyncio.create_task(watch()).cancel)


@cache
def _routes() -> Sequence[BaseRoute]:
    """What all applications of a process share: the framework takes long to see what each needs."""
    api = APIRouter()
    for uncounted in (
        asking_router,  # first, where it is found soonest; it counts in its own round trip
        older_asking_router,
        web_router,
        pages(Assets(STATIC)),
        observability_router,
        payment_webhooks,
        device_door,
        widget_pages_router,
    ):
        api.include_router(uncounted)
    for router in (
        turns_router,
        auth_router,
        keys_router,  # before whatever takes the last word of its path for the id of a device
        payments_router,
        settings_router,
        provider_checks,
        usage_router,
        transfer_router,
        uploads_router,
        agents_router,
        memory_router,
        recall_router,
        conversations_router,
        messages_router,
        search_router,
        older_router,
        devices_router,
        device_sessions_router,
        ufo_router,
        widget_router,
        widget_keys_router,
    ):
        api.include_router(router, dependencies=[RequestRate])
    return api.routes


def _guarded(app: FastAPI, config: Config, metrics: Metrics) -> FastAPI:
    """What every request passes, from the inside to the outside: the last one added is first."""
    install_error_handlers(app)
    for outage in (TableBusy, TableUnavailable):  # every other TableError is a bug of ours
        app.add_exception_handler(outage, _table_error)
    app.add_middleware(CallerNews)
    app.add_middleware(
        BodyLimit,
        max_bytes=config.max_body_bytes,
        stranger_bytes=_STRANGER_BODY_BYTES,
        knows=_knows,
        larger={"/agents/import": config.import_max_bytes},
    )
    app.add_middleware(CrashBarrier)
    app.add_middleware(OlderErrors, paths=OLDER_PATHS)
    if config.local:
        app.add_middleware(LocalHosts, allowed=own_hosts(config))
    app.add_middleware(CompressedJSON)
    app.add_middleware(
        Cors,
        origins=config.origins,
        open_paths="/widget/",
        shown=["*", REFRESHED, EXPIRES, "X-Request-Id", "Retry-After"],
    )
    app.add_middleware(RequestLog, metrics=metrics)
    return app


async def _knows(scope: Scope) -> bool:
    """Whether a token or a key of ours comes with the request; the account, the route asks for."""
    try:
        await asker_of(Request(scope))
    except Unauthenticated:
        return False
    except (TableBusy, TableUnavailable):
        return True  # as the route will say
    return True


async def _table_error(request: Request, error: Exception) -> Response:
    log.error("store.failed", error=repr(error))
    unavailable = Unavailable(
        "The store does not answer. Try again in a moment.", headers={"Retry-After": "2"}
    )
    return render_problem(unavailable, request.url.path)
