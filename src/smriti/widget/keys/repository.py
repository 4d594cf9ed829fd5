"""Widget keys in the table.

Agent#<agent>  ApiKey#<key_id>    a key; (gsi2) ApiKey#<public key> / Agent#<agent>
Agent#<agent>  ApiKeyCount        how many keys the agent has (`keys`)
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from smriti.agents.repository import agent_key
from smriti.agents.service import AgentNotFound
from smriti.core.clock import sort_time, utc_now
from smriti.core.errors import Conflict
from smriti.db.repository import Repository, stored
from smriti.db.table import (
    EXISTS,
    INDEX,
    NEW,
    Absent,
    Add,
    Change,
    Check,
    Compare,
    ConditionFailed,
    Delete,
    Get,
    Item,
    Key,
    Put,
    Query,
    Set,
    Table,
    TransactionFailed,
    Update,
    key_of,
)
from smriti.users.repository import user_key
from smriti.widget.keys.models import WidgetKey, WidgetKeyUpdate

MAX_KEYS: Final = 100
"""Of one agent: a plain list has no pages."""

_ROOM: Final = Absent("keys") | Compare("keys", "<", MAX_KEYS)
_REMEMBERED: Final = 10_000


class TooManyWidgetKeys(Conflict):
    slug = "too-many-widget-keys"

    def __init__(self) -> None:
        super().__init__(f"The agent has {MAX_KEYS} keys already. Delete one first.")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a public key leads, for ever."""

    key: Key
    agent: Key
    owner: Key


def widget_key_key(agent_id: str, key_id: str) -> Key:
    return f"Agent#{agent_id}", f"ApiKey#{key_id}"


def _count_key(agent_id: str) -> Key:
    return f"Agent#{agent_id}", "ApiKeyCount"


class WidgetKeyRepository(Repository[WidgetKey]):
    entity = WidgetKey

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._places: OrderedDict[str, _Place] = OrderedDict()

    def key(self, entity: WidgetKey) -> Key:
        return widget_key_key(entity.agent_id, entity.key_id)

    def item(self, entity: WidgetKey) -> Item:
        index: Item = {
            f"{INDEX}_pk": f"ApiKey#{entity.public_key}",
            f"{INDEX}_sk": f"Agent#{entity.agent_id}",
        }
        return super().item(entity) | index

    async def create(self, key: WidgetKey) -> WidgetKey:
        """The key, or the one that has this id already. `TooManyWidgetKeys`, `AgentNotFound`."""
        try:
            await self._table.write(
                Put(self.item(key), when=NEW),
                Update(_count_key(key.agent_id), (Add("keys", 1),), when=_ROOM),
                Check(agent_key(key.created_by, key.agent_id), EXISTS),
            )
        except TransactionFailed as failure:
            if (standing := failure.failed.get(0)) is not None:
                return self.load(standing)
            raise (TooManyWidgetKeys if 1 in failure.failed else AgentNotFound) from failure
        return key

    async def find(self, agent_id: str, key_id: str) -> WidgetKey | None:
        return await self._find(widget_key_key(agent_id, key_id))

    async def find_in_use(self, public_key: str) -> WidgetKey | None:
        """None also when its agent is gone, or the account of its owner is going."""
        place = self._places.get(public_key) or await self._look_up(public_key)
        if place is None:
            return None
        reads = (Get(place.key), Get(place.agent), Get(place.owner))
        key, agent, owner = await self._table.read(*reads)
        if not (isinstance(key, dict) and agent and isinstance(owner, dict)):
            return None
        return None if owner.get("deleted_at") else self.load(key)

    async def _look_up(self, public_key: str) -> _Place | None:
        found = await self._table.query(Query(f"ApiKey#{public_key}", index=True, limit=1))
        if not found.items:
            return None
        item = found.items[0]
        owner = str(item["created_by"])
        agent = agent_key(owner, str(item["agent_id"]))
        place = self._places[public_key] = _Place(key_of(item), agent, user_key(owner))
        while len(self._places) > _REMEMBERED:
            self._places.popitem(last=False)
        return place

    async def all_of(self, agent_id: str) -> list[WidgetKey]:
        """Oldest first."""
        return await self._all(Query(f"Agent#{agent_id}", begins="ApiKey#"))

    async def change(self, agent_id: str, key_id: str, update: WidgetKeyUpdate) -> WidgetKey | None:
        """None when there is no such key."""
        changes = [Set(name, value) for name, value in stored(update).items()]
        return await self._change(widget_key_key(agent_id, key_id), *changes)

    async def add_uses(self, key: WidgetKey, uses: int) -> None:
        now = Set("last_used_at", sort_time(utc_now()))
        await self._change(self.key(key), Add("request_count", uses), now)

    async def _change(self, key: Key, *changes: Change) -> WidgetKey | None:
        try:
            return self.load(await self._table.update(key, *changes, when=EXISTS))
        except ConditionFailed:
            return None

    async def delete(self, agent_id: str, key_id: str) -> None:
        """Again is no error."""
        try:
            await self._table.write(
                Delete(widget_key_key(agent_id, key_id), when=EXISTS),
                Update(_count_key(agent_id), (Add("keys", -1),)),
            )
        except TransactionFailed:
            return

    async def delete_all_of(self, agent_id: str) -> None:
        keys = [self.key(key) for key in await self.all_of(agent_id)]
        await self._table.bulk(deletes=[*keys, _count_key(agent_id)])
