"""krishna-mini: one model call over the recent past, no tools, no memory."""

from smriti.tools.toolset import NoTools, Toolset
from smriti.turns.architecture import Scene
from smriti.turns.prompt import identity


class KrishnaMini:
    name = "krishna-mini"
    history_words = 10_000
    max_steps = 0
    remembers = False

    def system(self, scene: Scene) -> str:
        return identity(scene.agent)

    def tools(self, scene: Scene) -> Toolset:  # noqa: ARG002 - the port's signature
        return NoTools()
