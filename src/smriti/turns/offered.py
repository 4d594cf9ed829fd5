"""What an agent could call in a turn that began now, for its owner to see."""

from pydantic import BaseModel, Field

from smriti.agents.models import Agent
from smriti.conversations.models import UNTITLED, Conversation
from smriti.core.clock import new_id
from smriti.memory.blocks.service import BlockService
from smriti.memory.models import MemoryOwner
from smriti.turns.architecture import Architectures, Scene, architecture_of
from smriti.turns.capabilities import SILENT, Capabilities


class OfferedTool(BaseModel):
    name: str
    description: str
    origin: str = Field(
        description="Where it comes from: `memory`, a capability such as `devices`, or the "
        "architecture that has it."
    )


class ToolOffer:
    def __init__(
        self, architectures: Architectures, capabilities: Capabilities, blocks: BlockService
    ) -> None:
        self._architectures = architectures
        self._capabilities = capabilities
        self._blocks = blocks

    async def to(self, agent: Agent) -> list[OfferedTool]:
        """The tools that the agent has when it talks with its owner, in the order of its prompt."""
        architecture = architecture_of(agent, self._architectures)
        scene = await self._scene(agent)
        origin = "memory" if architecture.remembers else architecture.name
        lent = self._capabilities.lent(scene, SILENT)
        offered: dict[str, OfferedTool] = {}
        for place, tools in [(origin, architecture.mind(scene).tools), *lent]:
            for spec in tools.specs():
                tool = OfferedTool(name=spec.name, description=spec.description, origin=place)
                offered.setdefault(spec.name, tool)
        return list(offered.values())

    async def _scene(self, agent: Agent) -> Scene:
        owner = agent.created_by
        core = await self._blocks.core(MemoryOwner(agent.agent_id, owner, agent.created_at))
        conversation = Conversation(title=UNTITLED, agent_id=agent.agent_id, created_by=owner)
        return Scene(agent, owner, conversation, new_id(), core)
