"""Agents in the table.

User#<owner>  Agent#<id>              an agent; all of an owner's in one query
User#<owner>  AgentName#<sha256>      the lock of a name, holding the agent's id
User#<owner>  Usage#active            how many agents the owner has (`active_agents`)
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog
from pydantic import ValidationError

from smriti.agents.models import Agent
from smriti.core.clock import utc_now
from smriti.db.repository import Repository, everything, stored
from smriti.db.table import (
    EXISTS,
    NEW,
    Absent,
    Action,
    Add,
    Compare,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Present,
    Put,
    Query,
    Remove,
    Set,
    TransactionFailed,
    Update,
    eq,
    key_of,
)

MAX_AGENTS = 1000
"""Of one owner: a plain list has no pages."""

_COUNT: Final = "active_agents"

log = structlog.get_logger()


class AgentsFull(Exception):
    """The owner has as many agents as they may: `count`."""

    def __init__(self, count: int) -> None:
        super().__init__("The owner has as many agents as they may.")
        self.count = count


class NameTaken(Exception):
    """Another agent of the owner has the name."""


def agent_key(owner: str, agent_id: str) -> Key:
    return f"User#{owner}", f"Agent#{agent_id}"


def _name_key(owner: str, name: str) -> Key:
    return f"User#{owner}", f"AgentName#{hashlib.sha256(name.encode()).hexdigest()}"


def _count_key(owner: str) -> Key:
    return f"User#{owner}", "Usage#active"


class AgentRepository(Repository[Agent]):
    entity = Agent

    def key(self, entity: Agent) -> Key:
        return agent_key(entity.created_by, entity.agent_id)

    def load(self, item: Item) -> Agent:
        """Read tolerantly: a value that no longer passes the rules becomes its default."""
        try:
            return Agent.model_validate(item)
        except ValidationError as error:
            broken = {problem["loc"][0] for problem in error.errors() if problem["loc"]}
            log.warning("agent.repaired_while_reading", fields=sorted(map(str, broken)))
            blank: Item = dict.fromkeys(("agent_name", "agent_persona"), "?")
            sound = {name: value for name, value in item.items() if name not in broken}
            return Agent.model_validate(blank | sound)

    async def find(self, owner: str, agent_id: str) -> Agent | None:
        return await self._find(agent_key(owner, agent_id))

    async def find_named(self, owner: str, name: str) -> Agent | None:
        lock = await self._table.get(_name_key(owner, name))
        return None if lock is None else await self.find(owner, str(lock["agent_id"]))

    async def all_of(self, owner: str) -> list[Agent]:
        """Every agent of the owner, oldest first."""
        agents = await self._all(Query(f"User#{owner}", begins="Agent#"))
        return sorted(agents, key=lambda agent: agent.created_at)

    async def count(self, owner: str) -> int:
        """How many agents the owner has."""
        counter = await self._table.get(_count_key(owner))
        if counter is not None and _COUNT in counter:
            return _counted(counter)
        await self._count_again(owner)
        return await self.count(owner)

    async def create(self, agent: Agent, *, most: int = MAX_AGENTS) -> Agent:
        """The agent, or the one that has this name, or this id, already.

        `AgentsFull` when the owner has `most`.
        """
        owner = agent.created_by
        room = Compare(_COUNT, "<", most)
        try:
            await self._table.write(
                Put(_lock(agent), when=NEW),
                Put(self.item(agent), when=NEW),
                Update(_count_key(owner), (Add(_COUNT, 1),), when=room),
            )
        except TransactionFailed as failure:
            return await self._after_refusal(agent, most, failure)
        return agent

    async def _after_refusal(self, agent: Agent, most: int, failure: TransactionFailed) -> Agent:
        owner = agent.created_by
        if (lock := failure.failed.get(0)) is not None:
            existing = await self._holder(owner, lock)
            return existing or await self.create(agent, most=most)
        if (standing := failure.failed.get(1)) is not None:
            return self.load(standing)
        if _COUNT in (counter := failure.failed.get(2) or {}):
            raise AgentsFull(_counted(counter))
        await self._count_again(owner)
        return await self.create(agent, most=most)

    async def _holder(self, owner: str, lock: Item) -> Agent | None:
        """Whose name it is. The lock of an agent that was renamed while it was deleted is free."""
        holder = await self.find(owner, str(lock["agent_id"]))
        if holder is None:
            with suppress(ConditionFailed):
                await self._table.write(Delete(key_of(lock), when=eq("agent_id", lock["agent_id"])))
        return holder

    async def _count_again(self, owner: str) -> None:
        """An owner without a count is new, or comes from an older table."""
        agents = await everything(self._table, Query(f"User#{owner}", begins="Agent#"))
        pk, sk = _count_key(owner)
        counter: Item = {"pk": pk, "sk": sk, _COUNT: len(agents)}
        try:
            await self._table.write(Put(counter, when=Absent(_COUNT)))
        except ConditionFailed:
            return

    async def change(self, agent: Agent, names: Sequence[str]) -> Agent:
        """Write the named attributes of `agent`; None removes one. `ConditionFailed`: gone."""
        changes = _changes(agent, names)
        return self.load(await self._table.update(self.key(agent), *changes, when=EXISTS))

    async def rename(self, before: Agent, after: Agent, names: Sequence[str]) -> Agent:
        """The same, `agent_name` among them, and the lock of it. `NameTaken` too."""
        if before.agent_name == after.agent_name:
            return await self.change(after, names)
        same = EXISTS & eq("agent_name", before.agent_name)
        try:
            await self._table.write(
                Put(_lock(after), when=NEW | eq("agent_id", after.agent_id)),
                Update(self.key(after), tuple(_changes(after, names)), when=same),
                *await self._unlocking(before),
            )
        except TransactionFailed as failure:
            return await self._rename_again(before, after, names, failure)
        renamed = await self.find(after.created_by, after.agent_id)
        if renamed is None:
            raise ConditionFailed(None)
        return renamed

    async def _rename_again(
        self, before: Agent, after: Agent, names: Sequence[str], failure: TransactionFailed
    ) -> Agent:
        lock = failure.failed.get(0)
        if lock is not None and await self._holder(after.created_by, lock) is not None:
            raise NameTaken
        standing = failure.failed.get(1)
        if 1 in failure.failed:
            renamed = None if standing is None else self.load(standing)
            if renamed is None or renamed.agent_name == before.agent_name:
                raise ConditionFailed(standing)
            before = renamed
        return await self.rename(before, after, names)

    async def delete(self, agent: Agent) -> None:
        """Remove the agent, its name's lock and its place in the count; again is no error."""
        owner = agent.created_by
        try:
            await self._table.write(
                Delete(self.key(agent), when=EXISTS),
                Update(_count_key(owner), (Add(_COUNT, -1),), when=Present(_COUNT)),
                *await self._unlocking(agent),
            )
        except TransactionFailed as failure:
            if 0 in failure.failed:
                return
            await self._count_again(owner)
            await self.delete(agent)

    async def _unlocking(self, agent: Agent) -> list[Action]:
        """Agents of an older table have no lock, and a newer one may have their name."""
        name = _name_key(agent.created_by, agent.agent_name)
        lock = await self._table.get(name)
        ours = lock is not None and lock["agent_id"] == agent.agent_id
        return [Delete(name)] if ours else []


def _lock(agent: Agent) -> Item:
    pk, sk = _name_key(agent.created_by, agent.agent_name)
    return {"pk": pk, "sk": sk, "agent_id": agent.agent_id}


def _changes(agent: Agent, names: Sequence[str]) -> list[Set | Remove]:
    values = stored(agent.model_copy(update={"updated_at": utc_now()}))
    return [
        Set(name, values[name]) if name in values else Remove(name)
        for name in (*names, "updated_at")
    ]


def _counted(counter: Item) -> int:
    count = counter[_COUNT]
    return count if isinstance(count, int) else 0
