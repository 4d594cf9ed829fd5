"""Devices in the table.

User#<owner>  Device#<client_id>  a machine that has connected
User#<owner>  DeviceCount         how many there are (`devices`)

What a machine says of itself may be any JSON: it is kept as text, which the store takes as it is.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from smriti.agents.models import Agent
from smriti.core.clock import sort_time
from smriti.db.repository import Repository, stored
from smriti.db.table import (
    EXISTS,
    NEW,
    Absent,
    Add,
    Compare,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Query,
    Remove,
    Set,
    TransactionFailed,
    Update,
    eq,
)
from smriti.devices.models import Device

MAX_DEVICES: Final = 5000
"""Of one owner: a plain list has no pages."""


def _key(owner: str, client_id: str) -> Key:
    return f"User#{owner}", f"Device#{client_id}"


def _count_key(owner: str) -> Key:
    return f"User#{owner}", "DeviceCount"


class DeviceRepository(Repository[Device]):
    entity = Device

    def key(self, entity: Device) -> Key:
        return _key(entity.created_by, entity.client_id)

    def item(self, entity: Device) -> Item:
        return super().item(entity) | {"system_info": json.dumps(entity.system_info)}

    def load(self, item: Item) -> Device:
        return super().load(item | {"system_info": json.loads(str(item["system_info"]))})

    async def find(self, owner: str, client_id: str) -> Device | None:
        return await self._find(_key(owner, client_id))

    async def all_of(self, owner: str) -> list[Device]:
        """Every device of the owner, by its id."""
        return await self._all(Query(f"User#{owner}", begins="Device#"))

    async def register(self, device: Device) -> bool:
        """Keep what the device says of itself now; False when there is no room for a new one."""
        if await self._again(device):
            return True
        owner = device.created_by
        room = Absent("devices") | Compare("devices", "<", MAX_DEVICES)
        try:
            await self._table.write(
                Put(self.item(device), when=NEW),
                Update(_count_key(owner), (Add("devices", 1),), when=room),
            )
        except TransactionFailed:
            return await self._again(device)
        return True

    async def _again(self, device: Device) -> bool:
        item = self.item(device)
        changes = [Set(name, item[name]) for name in ("platform", "system_info", "last_seen_at")]
        try:
            await self._table.update(self.key(device), *changes, when=EXISTS)
        except ConditionFailed:
            return False
        return True

    async def note_seen(self, owner: str, client_id: str, moment: datetime) -> None:
        """A device that was deleted meanwhile stays deleted."""
        try:
            seen = Set("last_seen_at", sort_time(moment))
            await self._table.update(_key(owner, client_id), seen, when=EXISTS)
        except ConditionFailed:
            return

    async def change(self, device: Device, names: Sequence[str]) -> Device | None:
        """Write the named attributes; None removes one. None when the device is gone."""
        values = stored(device)
        changes = [Set(name, values[name]) if name in values else Remove(name) for name in names]
        try:
            return self.load(await self._table.update(self.key(device), *changes, when=EXISTS))
        except ConditionFailed:
            return None

    async def delete(self, device: Device) -> None:
        """Remove the device and its place in the count; again is no error."""
        try:
            await self._table.write(
                Delete(self.key(device), when=EXISTS),
                Update(_count_key(device.created_by), (Add("devices", -1),)),
            )
        except TransactionFailed:
            return

    async def forget_agent(self, agent: Agent) -> None:
        """Give the devices that this agent works on back to the default."""
        chosen = eq("agent_id", agent.agent_id)
        for device in await self.all_of(agent.created_by):
            if device.agent_id == agent.agent_id:
                try:
                    await self._table.update(self.key(device), Remove("agent_id"), when=chosen)
                except ConditionFailed:
                    continue
