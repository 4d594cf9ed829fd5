"""An agent out of a character file; sent again under its name, the file changes the agent."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from smriti.agents.characters.definition import agent_of, provider_of
from smriti.agents.characters.keeping import kept_of
from smriti.agents.characters.models import Character
from smriti.agents.characters.repository import CharacterRepository
from smriti.agents.models import Agent, AgentCreate, AgentUpdate
from smriti.agents.service import AgentService
from smriti.agentserver.models import SessionCreate, SessionCreated, failed
from smriti.core.errors import Invalid, UpstreamFailed
from smriti.memory.archive.models import Draft
from smriti.memory.archive.service import ArchiveService
from smriti.memory.models import MemoryOwner
from smriti.settings.service import ProviderService
from smriti.transfer.formats.character import passages_of
from smriti.transfer.models import KNOWLEDGE
from smriti.turns.relay.models import Likeness
from smriti.turns.relay.pool import RequestRefused, ServerFailed
from smriti.turns.relay.service import Relay, Side

_OWN: Final = "krishna-mini"
_RELAY: Final = "relay"
_DEMO: Final = "Demo"


class NotMade(UpstreamFailed):
    slug = "agent-not-made"


class SessionMaker:
    def __init__(
        self,
        agents: AgentService,
        characters: CharacterRepository,
        archive: ArchiveService,
        providers: ProviderService,
        relay: Relay,
    ) -> None:
        self._agents = agents
        self._characters = characters
        self._archive = archive
        self._providers = providers
        self._relay = relay

    async def create(self, owner: str, new: SessionCreate) -> SessionCreated:
        """The agent, here and at the servers that it is handed on to.

        `Invalid`; `NotMade` when none of these servers made it: it is kept, and made there when it
        is asked.
        """
        document = {**new.character_file}
        if new.multi_agent_main_name is not None:
            document["name"] = new.multi_agent_main_name
        agent = await self._agent(owner, _character(document))
        await self._keep(agent, document)
        likeness = Likeness(character=document, env=new.env_json)
        await self._relay.keep(agent, likeness)
        if not self._relay.configured:
            return SessionCreated(
                multi_agent_name=agent.agent_name,
                eliza_response={"id": agent.agent_id},
                tools_response={},
            )
        eliza, tools = await asyncio.gather(
            *(self._made(side, agent, likeness) for side in self._relay.sides)
        )
        errors = [each["message"] for each in (eliza, tools) if "message" in each]
        if errors and not {"id", "unique_id"} & (eliza.keys() | tools.keys()):
            raise NotMade(" ".join(errors))
        return SessionCreated(
            multi_agent_name=agent.agent_name, eliza_response=eliza, tools_response=tools
        )

    async def _made(self, side: Side, agent: Agent, likeness: Likeness) -> dict[str, Any]:
        """Its id there, and no more: servers tell again what they were told, secrets too."""
        if not side.makes:  # then it knows the agent by our id
            return {side.wire.id_name: agent.agent_id} if side.answers else {}
        try:
            return {side.wire.id_name: await self._relay.make(side, agent, likeness)}
        except (ServerFailed, RequestRefused) as failure:
            return failed(str(failure), NotMade.slug)

    async def _agent(self, owner: str, character: Character) -> Agent:
        definition = await self._definition(owner, character)
        agent = await self._agents.create(owner, definition)
        changes = definition.model_dump(
            exclude={"agent_name", "agent_architecture", "capabilities", "session_timeout_minutes"},
            exclude_none=True,
        )
        if provider_of(character) != definition.agent_provider:  # then its owner's choice stays
            del changes["agent_provider"]
        if _RELAY in {definition.agent_architecture, agent.agent_architecture}:
            changes["agent_architecture"] = definition.agent_architecture
        if all(getattr(agent, name) == value for name, value in changes.items()):
            return agent
        return await self._agents.update(agent, AgentUpdate(**changes))

    async def _definition(self, owner: str, character: Character) -> AgentCreate:
        """With the provider that it names, if that is set up; else with one that is."""
        ready = await self._providers.configured(owner)
        named = provider_of(character)
        definition = agent_of(character, architecture=_RELAY if self._relay.configured else _OWN)
        if named in ready:
            return definition
        other = next((name for name in ready if name != _DEMO), _DEMO)
        return definition.model_copy(update={"agent_provider": other, "agent_model": None})

    async def _keep(self, agent: Agent, document: Mapping[str, Any]) -> None:
        """What of the file the definition does not tell: for an export, and for its memory."""
        knowledge = document.get("knowledge") or []
        entries = knowledge if isinstance(knowledge, list) else [knowledge]
        files = [entry for entry in entries if not isinstance(entry, str)]
        await self._characters.keep(agent, kept_of({**document, "knowledge": files}).document)
        texts = [text for entry in entries for text in passages_of(entry)]
        memory = MemoryOwner(agent.agent_id, agent.created_by, agent.created_at)
        await self._archive.insert_all(memory, [Draft(text, (KNOWLEDGE,)) for text in texts])


def _character(document: Mapping[str, Any]) -> Character:
    try:
        return Character.model_validate(document)
    except ValidationError as error:
        errors = [
            {
                "type": each["type"],
                "loc": ["body", "character_file", *each["loc"]],
                "msg": each["msg"],
            }
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise Invalid("Validation error", errors=errors) from error
