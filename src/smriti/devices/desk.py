"""What sessions work with: shared by all of them."""

from dataclasses import dataclass
from typing import Protocol

from smriti.devices.channel import Channel
from smriti.devices.models import Device
from smriti.devices.session_repository import SessionRepository
from smriti.devices.workers import Workers
from smriti.llm.catalog import Catalog
from smriti.observability.metrics import Metrics


class DeviceSettings(Protocol):
    """What a device's owner has decided about it."""

    async def find(self, owner: str, client_id: str) -> Device | None: ...

    async def tool_api_key(self, device: Device) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    sessions: SessionRepository
    channel: Channel
    devices: DeviceSettings
    workers: Workers
    catalog: Catalog
    metrics: Metrics
