"""Builds what devices need out of what the process has already."""

from smriti.agents.service import AgentService
from smriti.core.crypto import SecretBox
from smriti.core.edge import Services
from smriti.devices.hub import Hub
from smriti.devices.repository import DeviceRepository
from smriti.devices.service import DeviceService


def add_devices(services: Services) -> None:
    hub = Hub()
    devices = DeviceService(
        services.get(DeviceRepository),
        hub,
        services.get(AgentService),
        services.get(SecretBox),
        working=lambda _owner, _client_id: None,
    )
    hub.listen(left=devices.left)
    services.add(hub, devices)
