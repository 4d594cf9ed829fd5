"""Builds the older server's routes out of what the process has already."""

from smriti.agents.characters.repository import CharacterRepository
from smriti.agents.service import AgentService
from smriti.agentserver.answers import Answers
from smriti.agentserver.service import AgentServer
from smriti.agentserver.sessions import SessionMaker
from smriti.conversations.service import ConversationService
from smriti.core.edge import Services
from smriti.memory.archive.service import ArchiveService
from smriti.messages.repository import MessageRepository
from smriti.settings.service import ProviderService
from smriti.turns.relay.repository import LinkRepository
from smriti.turns.relay.service import Relay
from smriti.turns.service import TurnService
from smriti.turns.streams import TurnStreams


def add_agent_server(services: Services) -> None:
    sessions = SessionMaker(
        services.get(AgentService),
        services.get(CharacterRepository),
        services.get(ArchiveService),
        services.get(ProviderService),
        services.get(Relay),
    )
    answers = Answers(
        services.get(TurnService), services.get(TurnStreams), services.get(MessageRepository)
    )
    server = AgentServer(
        services.get(AgentService),
        services.get(ConversationService),
        answers,
        services.get(LinkRepository),
        services.get(Relay),
    )
    services.add(sessions, server)
