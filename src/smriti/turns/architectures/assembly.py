"""All ways to think that there are, by name."""

from smriti.agents.repository import AgentRepository
from smriti.core.config import Config
from smriti.core.edge import Services
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.service import BlockService
from smriti.memory.owners import MemoryOwnerRepository
from smriti.memory.recall.service import RecallService
from smriti.messages.repository import MessageRepository
from smriti.turns.architecture import Architecture, Architectures
from smriti.turns.architectures.krishna_device import KrishnaDevice
from smriti.turns.architectures.krishna_memgpt import KrishnaMemGPT
from smriti.turns.architectures.krishna_mini import KrishnaMini
from smriti.turns.architectures.relay import RelayArchitecture
from smriti.turns.relay.service import Relay
from smriti.turns.reminding import LEXICAL_RELEVANCE, Reminder


def architecture_names(services: Services) -> list[str]:
    """What an agent may be given."""
    relay = [RelayArchitecture.name] if services.get(Relay).configured else []
    return [KrishnaMini.name, KrishnaMemGPT.name, KrishnaDevice.name, *relay]


def make_architectures(services: Services, config: Config, *, by_meaning: bool) -> Architectures:
    """`by_meaning`: the past is found by vectors, too."""
    recall, relay = services.get(RecallService), services.get(Relay)
    threshold = config.relevance_threshold if by_meaning else LEXICAL_RELEVANCE
    reminder = Reminder(recall, threshold=threshold, most=config.top_k_results)
    newest = 2 * config.max_history_length  # a question and its answer
    remembering = KrishnaMemGPT(
        services.get(BlockService),
        services.get(ArchiveService),
        recall,
        services.get(MessageRepository),
        agents=services.get(AgentRepository),
        owners=services.get(MemoryOwnerRepository),
    )
    known: tuple[Architecture, ...] = (
        KrishnaMini(reminder, newest=newest),
        remembering,
        KrishnaDevice(reminder, newest=newest),
        RelayArchitecture(reminder, relay, newest=newest),
    )
    by_name = {each.name: each for each in known}
    return {name: by_name[name] for name in architecture_names(services)}
