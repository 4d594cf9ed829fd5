"""Who has memory with which agent, so that deleting finds every partition."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from smriti.agents.models import Agent
from smriti.core.clock import sort_time, utc_now
from smriti.db.repository import everything, pages
from smriti.db.table import Default, Delete, Table, key_of
from smriti.memory import keys
from smriti.memory.models import MemoryOwner

type ForgetHook = Callable[[str, str], object]

_REMEMBERED: Final = 10_000


class MemoryOwnerRepository:
    """`on_delete` are called with agent and user when all of their memory has been deleted."""

    def __init__(self, table: Table, *, on_delete: Sequence[ForgetHook] = ()) -> None:
        self._table = table
        self._on_delete = tuple(on_delete)
        self._noted: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def note(self, owner: MemoryOwner) -> None:
        """Write down, once, that this owner has memory; before anything of it is written."""
        await self.note_pair(owner.agent_id, owner.user_id)

    async def note_pair(self, agent_id: str, user_id: str) -> None:
        """The same for who has only the ids."""
        who = agent_id, user_id
        if who not in self._noted:
            await self._table.update(
                keys.owner_key(*who),
                Default("entity_type", "MemoryOwner"),
                Default("agent_id", agent_id),
                Default("user_id", user_id),
                Default("created_at", sort_time(utc_now())),
            )
        self._noted[who] = None
        self._noted.move_to_end(who)
        while len(self._noted) > _REMEMBERED:
            self._noted.popitem(last=False)

    async def users(self, agent_id: str) -> list[str]:
        owners = await everything(self._table, keys.owners_query(agent_id))
        return [str(item["user_id"]) for item in owners]

    async def delete_all_of(self, agent: Agent) -> None:
        """Remove all that an agent remembers of anybody. May be repeated after a crash."""
        # An older table has no list of owners, but its agent has one.
        for user_id in {agent.created_by, *await self.users(agent.agent_id)}:
            await self.delete(agent.agent_id, user_id)

    async def delete(self, agent_id: str, user_id: str) -> None:
        """Remove all that an agent remembers of one user."""
        async for items in pages(self._table, keys.everything_query(agent_id, user_id)):
            # Locks go first: they are found through the passages that name them.
            locks = [key for item in items for key in keys.locks_of(item)]
            await self._table.bulk(deletes=locks)
            await self._table.bulk(deletes=[key_of(item) for item in items])
        await self._table.write(Delete(keys.owner_key(agent_id, user_id)))
        self._noted.pop((agent_id, user_id), None)
        for forget in self._on_delete:
            forget(agent_id, user_id)
