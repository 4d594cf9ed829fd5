"""What a planned file becomes in the store. May be done again after a crash: nothing is doubled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from smriti.agents.characters.repository import CharacterRepository
from smriti.agents.models import Agent, AgentCreate
from smriti.agents.service import AgentNotFound, AgentService
from smriti.conversations.models import UNTITLED, Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.conversations.service import ConversationService
from smriti.core.errors import Conflict
from smriti.memory.archive.models import Draft
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.models import (
    DEFAULT_BLOCKS,
    Block,
    BlockVersion,
    MemoryBlockDef,
    count_words,
)
from smriti.memory.blocks.service import BlockService
from smriti.memory.models import MemoryOwner
from smriti.memory.owners import MemoryOwnerRepository
from smriti.memory.recall.models import Talk
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository, message_key
from smriti.settings.service import ProviderService
from smriti.transfer.ids import DerivedIds
from smriti.transfer.models import (
    OWNER,
    FileAgent,
    FileBlock,
    FileConversation,
    FileMessage,
    FilePassage,
    FileVersion,
    ImportedAgent,
    Nobody,
    Value,
)
from smriti.transfer.plan import Plan, PlannedAgent, message_of
from smriti.turns.importing import exchanges_of
from smriti.turns.recalling import Recaller
from smriti.turns.repository import TurnRepository
from smriti.users.models import User

_ARCHITECTURE: Final = "krishna-memgpt"
_PROVIDER: Final = "Demo"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where what is imported goes."""

    agents: AgentService
    characters: CharacterRepository
    providers: ProviderService
    owners: MemoryOwnerRepository
    blocks: BlockService
    archive: ArchiveService
    conversations: ConversationRepository
    conversation_service: ConversationService
    messages: MessageRepository
    turns: TurnRepository
    recaller: Recaller


class AgentGone(Conflict):
    slug = "agent-gone"

    def __init__(self) -> None:
        super().__init__("The agent was deleted while it was being imported.")


class Writer:
    """Writes the parts of one file, in the order in which it tells them."""

    def __init__(self, stores: Stores, user: User, plan: Plan, ids: DerivedIds) -> None:
        self._stores = stores
        self._user = user
        self._ids = ids
        self._warn = plan.warn
        self._ahead = iter(plan.agents)
        self._planned = PlannedAgent("")
        self._talks = iter(self._planned.conversations)
        self._agent: Agent | None = None
        self._talk: Conversation | None = None
        self._said = 0
        self.made: list[ImportedAgent] = []

    async def write(self, values: Sequence[Value]) -> None:
        """Write values, all of one kind."""
        match values[0]:
            case FileAgent() as agent:
                await self._begin_agent(agent)
            case Nobody():
                await self.end()
                self._next_agent()
            case FileBlock():
                for block in only(FileBlock, values):
                    await self._write_block(block)
            case FilePassage():
                await self._write_passages(only(FilePassage, values))
            case FileConversation() as conversation:
                await self._begin_conversation(conversation)
            case FileMessage():
                await self._write_messages(only(FileMessage, values))
            case unknown:
                assert_never(unknown)

    async def end(self) -> None:
        """The agent has all that it gets. `AgentGone` when somebody has deleted it meanwhile."""
        await self._end_conversation()
        if self._agent is None:
            return
        agent, self._agent = self._agent, None
        try:
            await self._stores.agents.get(self._user.email, agent.agent_id)
        except AgentNotFound:
            await self._stores.characters.delete(agent)
            await self._stores.owners.delete_all_of(agent)
            raise AgentGone from None

    def _next_agent(self) -> None:
        self._planned = next(self._ahead)
        self._talks = iter(self._planned.conversations)

    async def _begin_agent(self, given: FileAgent) -> None:
        await self.end()
        self._next_agent()
        definition = await self._fitting(given.definition)
        agent = Agent(
            agent_id=self._planned.agent_id, created_by=self._user.email, **definition.model_dump()
        )
        self._agent = await self._stores.agents.adopt(agent)
        await self._stores.owners.note(self._owner)
        if given.character is not None:
            await self._stores.characters.keep(self._agent, given.character)
        if self._agent.agent_name != given.agent_name:
            self._warn(
                f"There is an agent {given.agent_name!r} already: this one is called "
                f"{self._agent.agent_name!r}."
            )
        planned = self._planned
        self.made.append(
            ImportedAgent(
                agent_id=self._agent.agent_id,
                agent_name=self._agent.agent_name,
                blocks=len(planned.blocks),
                memories=planned.memories,
                conversations=len(planned.conversations),
                messages=planned.messages,
            )
        )

    async def _fitting(self, definition: AgentCreate) -> AgentCreate:
        """The definition with what works here in the place of what is not known here."""
        agents, name = self._stores.agents, definition.agent_name
        changes: dict[str, str | None] = {}
        if definition.agent_architecture not in agents.architectures:
            changes["agent_architecture"] = _ARCHITECTURE
            self._warn(
                f"Agent {name!r}: there is no architecture {definition.agent_architecture!r} here; "
                f"it is {_ARCHITECTURE!r} now."
            )
        provider = definition.agent_provider
        if provider not in agents.providers:
            changes |= {"agent_provider": _PROVIDER, "agent_model": None, "fallback_model": None}
            self._warn(
                f"Agent {name!r}: there is no provider {provider!r} here; it is {_PROVIDER!r} now. "
                "Choose a provider and a model."
            )
        elif not (await self._stores.providers.status(self._user.email, provider)).is_configured:
            self._warn(
                f"Agent {name!r}: you have not set up the provider {provider!r}. It cannot answer "
                "before that is done."
            )
        return definition.model_copy(update=changes)

    @property
    def _owner(self) -> MemoryOwner:
        agent = self._agent
        if agent is None:
            raise ValueError("Only an agent has memory.")
        return MemoryOwner(agent.agent_id, agent.created_by, agent.created_at)

    async def _write_block(self, given: FileBlock) -> None:
        owner, default = self._owner, DEFAULT_BLOCKS.get(given.name)
        definition = MemoryBlockDef(
            block_name=given.name,
            description=given.description or default or "",
            word_limit=given.word_limit,
            is_default=default is not None,
            created_at=given.created_at if given.created_at and not default else owner.since,
        )
        content = self._version(given)
        if content.lines and not content.version:
            content.version = 1
        history = [self._version(past) for past in given.history]
        creation_id = self._ids.of(owner.agent_id, "block", given.name)
        block = Block(definition, content)
        await self._stores.blocks.adopt(owner, block, history, creation_id)

    def _version(self, given: FileVersion) -> BlockVersion:
        return BlockVersion(
            version=given.version,
            lines=given.lines,
            word_count=count_words(given.lines),
            updated_at=given.updated_at,
            updated_by=self._user.email if given.updated_by == OWNER else given.updated_by,
            reason=given.reason,
        )

    async def _write_passages(self, given: Sequence[FilePassage]) -> None:
        drafts = [self._draft(passage) for passage in given]
        await self._stores.archive.insert_all(self._owner, drafts)

    def _draft(self, given: FilePassage) -> Draft:
        """With the id that its conversation has here, or one of its own that means none."""
        draft = given.draft()
        thread = given.conversation_id
        if thread is None:
            return draft
        own = self._ids.of(self._planned.agent_id, "thread", thread)
        thread = self._planned.threads.get(thread, own)
        return replace(draft, origin=replace(draft.origin, conversation_id=thread))

    async def _begin_conversation(self, given: FileConversation) -> None:
        await self._end_conversation()
        planned = next(self._talks)
        self._talk = Conversation(
            conversation_id=planned.conversation_id,
            title=given.title or UNTITLED,
            description=given.description,
            agent_id=self._planned.agent_id,
            created_by=self._user.email,
            created_at=given.created_at or self._ids.moment,
            updated_at=planned.last_message_at,
            last_message_at=planned.last_message_at,
            left_behind=planned.left_behind,
        )
        self._said = 0
        await self._stores.conversations.adopt(self._talk)

    async def _write_messages(self, given: Sequence[FileMessage]) -> None:
        talk = self._talk
        if talk is None:
            raise ValueError("Messages belong to a conversation.")
        messages = [
            message_of(self._ids, talk.conversation_id, number, message)
            for number, message in enumerate(given, start=self._said)
        ]
        self._said += len(messages)
        if self._agent is not None:
            await self._remember(self._agent, talk, messages)
        await self._stores.messages.put_all(messages)

    async def _remember(
        self, agent: Agent, talk: Conversation, messages: Sequence[Message]
    ) -> None:
        """Make turns of what was said, so that it is recalled, and can be asked again."""
        said = [
            message
            for message in messages
            if message.role != "system" and talk.is_active(message_key(message))
        ]
        question: Message | None = None
        for message in said:
            answers = question if message.role == "assistant" else None
            message.turn_id = (answers or message).message_id
            question = message if message.role == "user" else None
        names = Talk(agent.agent_id, self._user.email, agent.agent_name, self._user.name)
        exchanges = list(exchanges_of(said, names))
        await self._stores.turns.put_all([each.record for each in exchanges])
        await self._stores.recaller.keep_earlier([each.exchange for each in exchanges])

    async def _end_conversation(self) -> None:
        """Somebody may have deleted it while its messages were written."""
        talk, self._talk = self._talk, None
        if talk is not None:
            await self._stores.conversation_service.clear_if_deleted(talk)


def only[T](kind: type[T], values: Sequence[Value]) -> list[T]:
    return [value for value in values if isinstance(value, kind)]
