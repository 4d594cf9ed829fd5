"""Builds what imports and exports need out of what the process has already."""

from smriti.agents.characters.repository import CharacterRepository
from smriti.agents.service import AgentService
from smriti.auth.keys.service import KeyService
from smriti.conversations.repository import ConversationRepository
from smriti.conversations.service import ConversationService
from smriti.core.edge import Services
from smriti.devices.service import DeviceService
from smriti.memory.archive.repository import ArchiveRepository
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.service import BlockService
from smriti.memory.owners import MemoryOwnerRepository
from smriti.messages.repository import MessageRepository
from smriti.settings.service import ProviderService
from smriti.transfer.export import Exporter, Sources
from smriti.transfer.gate import TransferGate
from smriti.transfer.service import ImportService
from smriti.transfer.writing import Stores
from smriti.turns.recalling import Recaller
from smriti.turns.repository import TurnRepository


def add_transfer(services: Services) -> None:
    stores = Stores(
        services.get(AgentService),
        services.get(CharacterRepository),
        services.get(ProviderService),
        services.get(MemoryOwnerRepository),
        services.get(BlockService),
        services.get(ArchiveService),
        services.get(ConversationRepository),
        services.get(ConversationService),
        services.get(MessageRepository),
        services.get(TurnRepository),
        services.get(Recaller),
    )
    sources = Sources(
        services.get(AgentService),
        services.get(CharacterRepository),
        services.get(BlockService),
        services.get(ArchiveRepository),
        services.get(ConversationRepository),
        services.get(MessageRepository),
    )
    exporter = Exporter(
        sources,
        lists={
            "providers": services.get(ProviderService).shown,
            "api_keys": services.get(KeyService).all_of,
            "devices": services.get(DeviceService).listing,
        },
    )
    services.add(TransferGate(), ImportService(stores), exporter)
