"""Questions of the older server's clients, answered by turns; and whose agents there are."""

from collections.abc import Awaitable
from contextlib import suppress

from smriti.agents.models import Agent
from smriti.agents.service import AgentService
from smriti.agentserver.answers import Answers
from smriti.agentserver.models import AgentsOf, Answered, Info, Query, failed
from smriti.auth.models import Asker
from smriti.conversations.models import ConversationCreate
from smriti.conversations.service import ConversationNotFound, ConversationService
from smriti.core.clock import new_id
from smriti.core.errors import NotFound
from smriti.llm.types import ToolResult
from smriti.messages.models import Message
from smriti.turns.relay.asking import answer_of
from smriti.turns.relay.pool import Json
from smriti.turns.relay.repository import LinkRepository
from smriti.turns.relay.service import Relay
from smriti.turns.service import Ask


class NoAgents(NotFound):
    slug = "no-agents"


class AgentServer:
    def __init__(
        self,
        agents: AgentService,
        conversations: ConversationService,
        answers: Answers,
        links: LinkRepository,
        relay: Relay,
    ) -> None:
        self._agents = agents
        self._conversations = conversations
        self._answers = answers
        self._links = links
        self._relay = relay

    async def query(
        self,
        asker: Asker,
        asked: Query,
        key: str | None = None,
        admission: Awaitable[None] | None = None,
    ) -> Answered:
        """The answer to a question, in the one conversation that there is of the agent with its
        owner. `AgentNotFound`; see `Answers`."""
        agent = await self._agents.named(asker.owner, asked.agent_name)
        link = await self._links.find(agent.agent_id)
        if asked.extra_tool_key:
            await self._relay.name_key(agent, link, asked.extra_tool_key)
        conversation_id = await self._conversation(agent, link.conversation_id)
        ask = Ask(asker, agent.agent_id, conversation_id, key, admission)
        return _answered(agent, await self._answers.to(ask, asked.query))

    async def info(self, owner: str, user_id: str | int | None) -> Info:
        """Names and ids of the owner's agents; `NoAgents` for anybody else."""
        if user_id is not None and str(user_id).strip().lower() != owner:
            raise NoAgents(f"No agents found for user_id {user_id}")
        agents = await self._agents.all_of(owner)
        names = {agent.agent_id: agent.agent_name for agent in agents}
        return Info(data=AgentsOf(user_id=owner, agents=names))

    async def _conversation(self, agent: Agent, known: str | None) -> str:
        """One that was deleted has a new one in its place."""
        known = known or await self._links.talk_at(agent, new_id(), before=None)
        with suppress(ConversationNotFound):
            return await self._made(agent, known)
        return await self._made(agent, await self._links.talk_at(agent, new_id(), before=known))

    async def _made(self, agent: Agent, conversation_id: str) -> str:
        """The conversation of this id; `ConversationNotFound` while it is being deleted."""
        owner, new = agent.created_by, ConversationCreate(agent_id=agent.agent_id)
        with suppress(ConversationNotFound):
            return (await self._conversations.get(owner, conversation_id)).conversation_id
        return (await self._conversations.create(owner, new, conversation_id)).conversation_id


def _answered(agent: Agent, answer: Message | None) -> Answered:
    parts = answer.parts if answer else []
    results = {part.name: part for part in parts if isinstance(part, ToolResult)}
    text = answer.content if answer else ""
    said: Json = {"text": text, "user": agent.agent_name}
    return Answered(
        data1=_told(results["eliza"]) if "eliza" in results else said,
        extra_tool_response=_told(results["extra_tools"]) if "extra_tools" in results else {},
    )


def _told(result: ToolResult) -> Json:
    return answer_of(result) if result.success else failed(result.text, "relay-failed")
