"""relay: hands the question, and what of the past bears on it, on to specialised servers."""

from smriti.turns.architecture import Mind, Scene
from smriti.turns.architectures.krishna_mini import KrishnaMini
from smriti.turns.relay.asking import Forwarder, RelayTools
from smriti.turns.relay.service import Relay
from smriti.turns.reminding import Reminder


class RelayArchitecture(KrishnaMini):
    """The servers keep the talk themselves; the agent's own model only finds titles."""

    name = "relay"
    max_steps = 1

    def __init__(self, reminder: Reminder, relay: Relay, *, newest: int) -> None:
        super().__init__(reminder, newest=newest)
        self._relay = relay

    def mind(self, scene: Scene) -> Mind:
        tools = RelayTools(self._relay, scene)
        names = [spec.name for spec in tools.specs()]
        return Mind(
            system="",
            tools=tools,
            # What the window shows is not handed on, so that nothing counts as seen.
            remind=lambda question, _: self._remind(scene, question, ()),
            provider=Forwarder(names),
        )
