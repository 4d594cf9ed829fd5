"""krishna-memgpt: a loop with a memory that the agent edits itself (arXiv:2310.08560)."""

from functools import partial

from smriti.agents.repository import AgentRepository
from smriti.conversations.models import Conversation
from smriti.core.paging import Page, PageRequest
from smriti.memory.archive.models import Origin
from smriti.memory.archive.service import ArchiveService
from smriti.memory.blocks.prompt import core_memory_text
from smriti.memory.blocks.service import BlockService
from smriti.memory.owners import MemoryOwnerRepository
from smriti.memory.recall.service import RecallService
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository, message_key
from smriti.tools.native.conversations import ConversationTools
from smriti.tools.native.memory import MemoryTools
from smriti.tools.native.recall import RecallTools
from smriti.tools.toolset import Combined
from smriti.turns.architecture import Mind, Scene
from smriti.turns.asking import Ask
from smriti.turns.compaction import Compactor
from smriti.turns.prompt import MEMORY_GUIDANCE, identity


class KrishnaMemGPT:
    name = "krishna-memgpt"
    history_words = 8_000
    newest = 0
    max_steps = 10
    remembers = True

    def __init__(
        self,
        blocks: BlockService,
        archive: ArchiveService,
        recall: RecallService,
        messages: MessageRepository,
        *,
        agents: AgentRepository,
        owners: MemoryOwnerRepository,
    ) -> None:
        self._blocks = blocks
        self._archive = archive
        self._compactor = Compactor(blocks, archive)
        self._recall = recall
        self._messages = messages
        self._agents = agents
        self._owners = owners

    def mind(self, scene: Scene) -> Mind:
        conversation = scene.conversation
        origin = Origin(conversation_id=conversation.conversation_id, turn_id=scene.turn_id)
        memory = MemoryTools(self._blocks, self._archive, scene.core, origin=origin)
        past = ConversationTools(self._recall, scene.core.owner)
        recall = RecallTools(partial(self._said, conversation))
        return Mind(
            system="\n\n".join(
                [identity(scene.agent), MEMORY_GUIDANCE, core_memory_text(scene.core)]
            ),
            tools=Combined(memory, past, recall),
            settle=partial(self._settle, scene, memory, origin),
        )

    async def _said(self, conversation: Conversation, page: PageRequest) -> Page[Message]:
        """Messages of the conversation, without what a retry or an edit has left behind."""
        found = await self._messages.page(conversation.conversation_id, page)
        active = [m for m in found.items if conversation.is_active(message_key(m))]
        return Page[Message].of(active, found.next_cursor)

    async def _settle(self, scene: Scene, memory: MemoryTools, origin: Origin, ask: Ask) -> None:
        core = memory.core
        for name in await self._blocks.note_capacity(core):
            await self._compactor.compact(core.owner, name, ask, origin)
        written = memory.used or any(block.crowded for block in core.blocks.values())
        agent = scene.agent
        # Another process may have deleted the agent, and its memory, before all that was written.
        if written and await self._agents.find(agent.created_by, agent.agent_id) is None:
            await self._owners.delete(agent.agent_id, scene.user)
