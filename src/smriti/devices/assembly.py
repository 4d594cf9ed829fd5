"""Builds what devices need out of what the process has already."""

from smriti.agents.service import AgentService
from smriti.auth.keys.service import KeyService, RevokeHook
from smriti.core.crypto import SecretBox
from smriti.core.edge import Services
from smriti.devices.connection import Exchange
from smriti.devices.door import Door
from smriti.devices.hub import Hub, Peer
from smriti.devices.protocol import CommandResults, Task, TaskEnd
from smriti.devices.repository import DeviceRepository
from smriti.devices.service import DeviceService


class _ClosedDesk:
    """Stands where the sessions will be."""

    async def task(self, peer: Peer, message: Task) -> None:
        peer.send(TaskEnd(status="failed", session_id=message.session_id, error="No sessions yet."))

    def results(self, peer: Peer, message: CommandResults) -> None:  # noqa: ARG002
        return


def add_devices(services: Services, on_key_revoked: list[RevokeHook]) -> None:
    hub = Hub()
    devices = DeviceService(
        services.get(DeviceRepository),
        hub,
        services.get(AgentService),
        services.get(SecretBox),
        working=lambda _owner, _client_id: None,
    )
    hub.listen(left=devices.left)
    door = Door(services.get(KeyService).verify, Exchange(hub, _ClosedDesk(), devices))
    on_key_revoked.append(door.revoke)
    services.add(hub, devices, door)
