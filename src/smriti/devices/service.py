"""Decisions about devices: who is known, what their owner says of them, and who is let go."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final

import structlog

from smriti.agents.service import AgentService
from smriti.core.clock import utc_now
from smriti.core.crypto import SecretBox, SecretUnreadable
from smriti.core.errors import Conflict, NotFound
from smriti.db.table import TableError
from smriti.devices.hub import Hub, Peer
from smriti.devices.models import Device, DeviceUpdate, DeviceView
from smriti.devices.repository import DeviceRepository

type Working = Callable[[str, str], str | None]
"""The session that a device, by owner and id, works on."""

type Changed = Callable[[str, str], None]
"""Told the owner and the id of a device that is kept anew. Must not fail, and not wait."""

_MOST_MEMBERS: Final = 50
_LONGEST_MEMBER: Final = 2000

log = structlog.get_logger()


class DeviceNotFound(NotFound):
    slug = "device-not-found"

    def __init__(self) -> None:
        super().__init__("Device not found")


class ToolKeyUnreadable(Conflict):
    slug = "tool-key-unreadable"


class DeviceService:
    """The devices of all users; `left` is to be told when one has gone."""

    def __init__(
        self,
        devices: DeviceRepository,
        hub: Hub,
        agents: AgentService,
        box: SecretBox,
        *,
        working: Working,
    ) -> None:
        self._devices = devices
        self._hub = hub
        self._agents = agents
        self._box = box
        self._working = working
        self._gone: dict[tuple[str, str], datetime] = {}
        self._noting: asyncio.Task[None] | None = None
        self._on_change: list[Changed] = []

    def listen(self, changed: Changed) -> None:
        self._on_change.append(changed)

    async def seen(self, peer: Peer) -> None:
        """Keep what a device that has registered says of itself."""
        device = Device(
            created_by=peer.owner,
            client_id=peer.client_id,
            platform=peer.platform,
            system_info=_ordinary(peer.system_info),
        )
        if not await self._devices.register(device):
            log.warning("device.not_kept", reason="too many devices")
        self._tell(peer.owner, peer.client_id)

    def left(self, peer: Peer) -> None:
        if peer.role != "device":
            return
        self._gone[peer.owner, peer.client_id] = utc_now()
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note_gone(), name="devices-gone")

    async def close(self) -> None:
        """Wait until it is kept when the last ones left."""
        if self._noting is not None:
            await self._noting

    async def find(self, owner: str, client_id: str) -> Device | None:
        return await self._devices.find(owner, client_id)

    async def get(self, owner: str, client_id: str) -> Device:
        device = await self.find(owner, client_id)
        if device is None:
            raise DeviceNotFound
        return device

    async def listing(self, owner: str) -> list[DeviceView]:
        return [self.view(device) for device in await self._devices.all_of(owner)]

    def view(self, device: Device) -> DeviceView:
        owner, client_id = device.created_by, device.client_id
        online = self._hub.device(owner, client_id) is not None
        return DeviceView(
            **device.model_dump(exclude={"created_by", "sealed_api_key", "last_seen_at"}),
            online=online,
            has_tool_api_key=device.sealed_api_key is not None,
            session_id=self._working(owner, client_id),
            last_seen_at=utc_now() if online else device.last_seen_at,
        )

    async def update(self, owner: str, client_id: str, change: DeviceUpdate) -> DeviceView:
        """`DeviceNotFound`, `AgentNotFound`."""
        device = await self.get(owner, client_id)
        changes = change.model_dump(exclude_unset=True)
        if change.ask_before_commands is None:
            changes.pop("ask_before_commands", None)
        if change.agent_id is not None:
            await self._agents.get(owner, change.agent_id)
        if "tool_api_key" in changes:
            secret = changes.pop("tool_api_key")
            sealed = None if secret is None else self._box.seal(secret, place=_place(device))
            changes["sealed_api_key"] = sealed
        if not changes:
            return self.view(device)
        changed = await self._devices.change(device.model_copy(update=changes), list(changes))
        if changed is None:
            raise DeviceNotFound
        self._tell(owner, client_id)
        return self.view(changed)

    async def delete(self, owner: str, client_id: str) -> None:
        """Forget a device and close its connection; what it did stays in its owner's history."""
        device = await self.get(owner, client_id)
        await self._devices.delete(device)
        peer = self._hub.device(owner, client_id)
        if peer is not None:
            peer.line.hang_up(1008, "This device was deleted by its owner.")

    async def tool_api_key(self, device: Device) -> str | None:
        """`ToolKeyUnreadable`."""
        if device.sealed_api_key is None:
            return None
        try:
            return self._box.open(device.sealed_api_key, place=_place(device))
        except SecretUnreadable as error:
            raise ToolKeyUnreadable(
                f"The tool key of {device.client_id} was saved with another ENCRYPTION_KEY. "
                "Save it again."
            ) from error

    def _tell(self, owner: str, client_id: str) -> None:
        for hear in self._on_change:
            hear(owner, client_id)

    async def _note_gone(self) -> None:
        while self._gone:
            (owner, client_id), moment = self._gone.popitem()
            try:
                await self._devices.note_seen(owner, client_id, moment)
            except TableError as error:
                log.warning("device.departure_not_kept", error=repr(error))
            self._tell(owner, client_id)


def _place(device: Device) -> str:
    return f"{device.created_by}/Device/{device.client_id}"


def _ordinary(info: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is unusually long: a device is listed with thousands of others."""
    short = ((k, v) for k, v in info.items() if len(json.dumps({k: v})) <= _LONGEST_MEMBER)
    return dict(islice(short, _MOST_MEMBERS))
