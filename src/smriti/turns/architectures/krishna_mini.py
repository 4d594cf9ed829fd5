"""krishna-mini: one model call over the recent past, no tools, no memory."""

from smriti.tools.toolset import NoTools
from smriti.turns.architecture import Mind, Scene
from smriti.turns.prompt import identity


class KrishnaMini:
    name = "krishna-mini"
    history_words = 10_000
    newest = 20
    max_steps = 0
    remembers = False

    def mind(self, scene: Scene) -> Mind:
        return Mind(identity(scene.agent), NoTools())
