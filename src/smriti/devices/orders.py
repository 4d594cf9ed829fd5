"""A task as it is handed to who runs it, and what a connection hands on: the ports between them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from smriti.core.clock import new_id
from smriti.devices.hub import Peer
from smriti.devices.models import DeviceSession, Requester
from smriti.devices.protocol import CommandResults, Task
from smriti.turns.events import TurnEvent


def _nobody(_: DeviceSession) -> None:
    return


def _unheard(_: TurnEvent) -> None:
    return


@dataclass(frozen=True, slots=True)
class Order:
    """One task for one device. `ended` is called once, when its session is over and stored;
    `heard` is called with what the session tells its readers. Both must not fail, and not wait.

    `requester_id`: the client, agent or key that asks. An order whose `session_id` is known already
    is that session: nothing is started twice.
    """

    owner: str
    client_id: str
    request: str
    task_name: str
    requester: Requester
    requester_id: str | None = None
    session_id: str = field(default_factory=new_id)
    ended: Callable[[DeviceSession], None] = _nobody
    heard: Callable[[TurnEvent], None] = _unheard


class TaskDesk(Protocol):
    """Takes what clients send about tasks. What one gets wrong is answered to it."""

    async def task(self, peer: Peer, message: Task) -> None:
        """A TASK whose sender has been checked against its connection."""
        ...

    def results(self, peer: Peer, message: CommandResults) -> None:
        """Wake who waits for them; results that nobody waits for from this device are nothing."""
        ...
