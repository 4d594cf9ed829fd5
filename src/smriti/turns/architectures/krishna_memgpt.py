"""krishna-memgpt: a loop with a memory that the agent edits itself (arXiv:2310.08560)."""

from smriti.memory.prompt import core_memory_text
from smriti.memory.service import MemoryService
from smriti.messages.repository import MessageRepository
from smriti.tools.toolset import Combined, Toolset
from smriti.turns.architecture import Scene
from smriti.turns.prompt import MEMORY_GUIDANCE, identity


class KrishnaMemGPT:
    name = "krishna-memgpt"
    history_words = 8_000
    max_steps = 10
    remembers = True

    def __init__(self, memory: MemoryService, messages: MessageRepository) -> None:
        self._memory = memory
        self._messages = messages

    def system(self, scene: Scene) -> str:
        return "\n\n".join([identity(scene.agent), MEMORY_GUIDANCE, core_memory_text(scene.core)])

    def tools(self, scene: Scene) -> Toolset:
        return Combined()
