"""Every long-lived object of the process, built once, from the table upwards."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import httpx2

from smriti.agents.characters.repository import CharacterRepository
from smriti.agents.repository import AgentRepository
from smriti.agents.service import AgentService
from smriti.agentserver.assembly import add_agent_server
from smriti.auth.assembly import add_sign_in
from smriti.auth.idempotency.service import Idempotency
from smriti.auth.keys.service import KeyService, RevokeHook
from smriti.auth.passwords import Passwords
from smriti.auth.secrets import ServerSecrets
from smriti.conversations.repository import ConversationRepository
from smriti.conversations.service import ConversationService
from smriti.core.config import Config
from smriti.core.crypto import SecretBox
from smriti.core.edge import Services
from smriti.db.table import Table
from smriti.devices.assembly import add_devices
from smriti.devices.chat import ChatTools
from smriti.devices.repository import DeviceRepository
from smriti.devices.sessions import Sessions as DeviceSessions
from smriti.factories import own_credentials, rate_windows
from smriti.llm.catalog import Catalog
from smriti.llm.local_servers import LocalServers, usual_places
from smriti.llm.provider import ProviderFactories
from smriti.llm.service import ModelService
from smriti.memory.archive.items import archive_corpus
from smriti.memory.archive.repository import ArchiveRepository
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.repository import BlockRepository
from smriti.memory.blocks.service import BlockService
from smriti.memory.owners import MemoryOwnerRepository
from smriti.memory.recall.repository import RecallRepository, recall_corpus
from smriti.memory.recall.service import RecallService
from smriti.messages.repository import MessageRepository
from smriti.observability.health import Health
from smriti.observability.metrics import Metrics
from smriti.payments.assembly import add_payments
from smriti.payments.gateway import Gateway
from smriti.payments.plans import Plans
from smriti.payments.pricing import Pricing
from smriti.payments.service import Billing
from smriti.realtime.broker import EventLogs
from smriti.realtime.memory import MemoryLogs
from smriti.retrieval.embeddings.port import Embedder
from smriti.retrieval.following import SETTLE_S
from smriti.retrieval.indexes import Indexes
from smriti.retrieval.port import Retriever
from smriti.retrieval.snapshots import Snapshots
from smriti.search.service import SearchService
from smriti.settings.repository import ProviderSettingsRepository
from smriti.settings.service import ProviderService
from smriti.tools.native.conversations import ConversationTools
from smriti.tools.native.memory import MemoryTools
from smriti.tools.native.recall import RecallTools
from smriti.transfer.assembly import add_transfer
from smriti.turns.answering import Answering
from smriti.turns.architectures.assembly import architecture_names, make_architectures
from smriti.turns.capabilities import Capabilities
from smriti.turns.context import ContextService
from smriti.turns.control import TurnControl
from smriti.turns.importing import Importer, ImportRepository
from smriti.turns.offered import ToolOffer
from smriti.turns.opener import Opener
from smriti.turns.plan import Desk
from smriti.turns.queue import TurnQueue
from smriti.turns.recalling import Recaller
from smriti.turns.relay.assembly import add_relay
from smriti.turns.relay.repository import LinkRepository
from smriti.turns.repository import TurnRepository
from smriti.turns.runner import TurnRunner
from smriti.turns.service import TurnService
from smriti.turns.starter import Starter
from smriti.turns.streams import Storyteller, TurnStreams
from smriti.turns.summaries import SummaryKeeper
from smriti.turns.summary import SummaryRepository
from smriti.usage.assembly import make_rates, make_usage
from smriti.usage.service import UsageService
from smriti.users.repository import DeletionRepository, UserRepository
from smriti.users.service import DeleteHook, UserService
from smriti.widget.assembly import add_widget

_MEGABYTE: Final = 1024 * 1024

NATIVE_TOOLS: Final = (
    *MemoryTools.names(),
    *ConversationTools.names(),
    *RecallTools.names(),
    *ChatTools.names(),
)


@dataclass(frozen=True, slots=True)
class Outside:
    """What the process stands on: settings, secrets, the store, the ways to the world."""

    config: Config
    secrets: ServerSecrets
    table: Table
    providers: ProviderFactories
    catalog: Catalog
    http: httpx2.AsyncClient
    metrics: Metrics
    embedder: Embedder | None
    pricing: Pricing
    payments: Gateway | None


def build_services(outside: Outside, passwords: Passwords) -> Services:
    table = outside.table
    on_account_deleted: list[DeleteHook] = []
    users = UserService(UserRepository(table), DeletionRepository(table), on_account_deleted)
    health = Health({"store": partial(_ask_store, table)})
    box = SecretBox(outside.secrets.encryption_key.get_secret_value())
    on_key_revoked: list[RevokeHook] = []
    services = Services(
        outside.config, outside.metrics, health, users, box, outside.pricing, passwords
    )
    add_sign_in(services, outside.secrets, table, outside.http, on_key_revoked=on_key_revoked)
    _add_metering(services, outside)
    _add_models(services, outside)
    _add_memory(services, outside)
    add_relay(services, outside.config, table)
    _add_conversations(services, outside)
    logs = MemoryLogs()
    add_devices(services, table, logs, on_key_revoked)
    _add_turns(services, outside, logs)
    services.add(
        SearchService(
            services.get(AgentService),
            services.get(ConversationRepository),
            services.get(ArchiveService),
            services.get(RecallService),
        )
    )
    add_transfer(services)
    add_agent_server(services)
    add_widget(services, outside.secrets, table)
    billing = services.find(Billing)
    on_account_deleted += [
        services.get(KeyService).delete_all_of,
        services.get(DeviceSessions).delete_all_of,
        *([billing.delete_all_of] if billing else []),
        services.get(ConversationService).delete_all_of,
        services.get(AgentService).delete_all_of,
    ]
    return services


def _add_metering(services: Services, outside: Outside) -> None:
    config, table = outside.config, outside.table
    add_payments(services, table, outside.payments)
    agents, plans = AgentRepository(table), services.get(Plans)
    services.add(agents, make_usage(config, table, plans, agents=agents.count))
    services.add(make_rates(config, rate_windows(config, table)))


def _add_models(services: Services, outside: Outside) -> None:
    models = ModelService(outside.providers)
    settings = ProviderSettingsRepository(outside.table)
    own = own_credentials(outside.config)
    providers = ProviderService(settings, models, services.get(SecretBox), own=own)
    places = usual_places(outside.config.ollama_url) if outside.config.local else []
    local_servers = LocalServers(outside.http, places)
    services.add(outside.catalog, models, providers, local_servers)


def _add_memory(services: Services, outside: Outside) -> None:
    table, retriever = outside.table, _indexes(outside)
    archive, recall = ArchiveRepository(table), RecallRepository(table)
    owners = MemoryOwnerRepository(table, on_delete=[partial(_forget, retriever)])
    blocks, usage = BlockRepository(table), services.get(UsageService)
    talked = MessageRepository(table), ConversationRepository(table)
    services.add(retriever, owners, blocks, archive, BlockService(blocks, owners, usage))
    services.add(ArchiveService(archive, owners, retriever))
    services.add(RecallService(recall, owners, retriever, *talked))


def _forget(retriever: Retriever, agent_id: str, user_id: str) -> None:
    retriever.forget(archive_corpus(agent_id, user_id))
    retriever.forget(recall_corpus(agent_id, user_id))


def _indexes(outside: Outside) -> Indexes:
    config = outside.config
    most_bytes = config.index_snapshots_mb * _MEGABYTE
    snapshots = Snapshots(config.snapshots, most_bytes=most_bytes, store=config.store_name)
    return Indexes(
        outside.table,
        budget_bytes=config.index_cache_mb * _MEGABYTE,
        metrics=outside.metrics,
        snapshots=snapshots if config.index_snapshots_mb else None,
        embedder=outside.embedder,
        settle_s=0 if config.dynamodb_table is None else SETTLE_S,
    )


def _add_conversations(services: Services, outside: Outside) -> None:
    """Agents, what is said to them, and who runs their answers."""
    config = outside.config
    runner = TurnRunner(limit=config.max_concurrent_turns, grace_s=config.shutdown_grace_s)
    agents, devices = services.get(AgentRepository), DeviceRepository(outside.table)
    forget_memory = services.get(MemoryOwnerRepository).delete_all_of
    unlink = services.get(LinkRepository).delete_of
    characters = CharacterRepository(outside.table)
    agent_service = AgentService(
        agents,
        services.get(UsageService),
        architectures=architecture_names(services),
        providers=list(outside.providers),
        on_delete=[
            runner.stop_agent,
            forget_memory,
            devices.forget_agent,
            characters.delete,
            unlink,
        ],
    )
    messages = MessageRepository(outside.table)
    conversations = ConversationRepository(outside.table)
    turns = TurnRepository(outside.table)
    recaller = Recaller(services.get(RecallService), turns, agents, UserRepository(outside.table))
    conversation_service = ConversationService(
        conversations,
        messages,
        agent_service,
        on_delete=[runner.stop],
        on_clear=[recaller.forget_conversation],
    )
    services.add(runner, agent_service, messages, conversations, conversation_service)
    services.add(turns, recaller, devices, characters)


def _add_turns(services: Services, outside: Outside, logs: EventLogs) -> None:
    table, runner = outside.table, services.get(TurnRunner)
    desk = _desk(services, outside)
    opener = _opener(services, table, desk)
    summaries = SummaryRepository(table)
    architectures = make_architectures(
        services, outside.config, by_meaning=outside.embedder is not None
    )
    answering = Answering(
        desk,
        opener,
        models=services.get(ModelService),
        architectures=architectures,
        summaries=SummaryKeeper(summaries, desk.messages, desk.conversation_service, opener.pasts),
    )
    queue = TurnQueue(
        table, conversations=desk.conversations, messages=desk.messages, turns=desk.turns
    )
    starter = Starter(desk, queue, runner, answering, logs)
    keep_alive_s = outside.config.stream_keep_alive_s
    idempotency = services.get(Idempotency)
    services.add(
        starter,
        TurnStreams(
            Storyteller(logs, keep_alive_s=keep_alive_s, is_stopping=lambda: runner.stopping),
            desk.turns,
            desk.messages,
            capabilities=desk.capabilities,
        ),
        TurnControl(desk, queue, runner),
        TurnService(desk, opener, starter, runner=runner, idempotency=idempotency, logs=logs),
        ContextService(opener, answering),
        ToolOffer(architectures, desk.capabilities, services.get(BlockService)),
        Importer(desk, starter, services.get(AgentService), summaries, ImportRepository(table)),
    )


def _opener(services: Services, table: Table, desk: Desk) -> Opener:
    agents, blocks = services.get(AgentRepository), services.get(BlockRepository)
    providers = services.get(ProviderService)
    return Opener(table, desk, agents=agents, blocks=blocks, providers=providers)


def _desk(services: Services, outside: Outside) -> Desk:
    return Desk(
        services.get(ConversationRepository),
        services.get(ConversationService),
        services.get(MessageRepository),
        services.get(TurnRepository),
        services.get(Recaller),
        outside.metrics,
        services.get(TurnRunner).slots,
        outside.catalog,
        services.get(Capabilities),
        services.get(UsageService),
    )


async def _ask_store(table: Table) -> None:
    await table.get(("Health", "Check"))
