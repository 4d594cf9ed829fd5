"""Agents in the table.

User#<owner>  Agent#<id>              an agent; all of an owner's in one query
User#<owner>  AgentName#<sha256>      the lock of a name, holding the agent's id
User#<owner>  Usage#active            how many agents the owner has (`active_agents`)
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import structlog
from pydantic import ValidationError

from smriti.agents.models import Agent
from smriti.core.clock import utc_now
from smriti.core.errors import Conflict
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
        lock_pk, lock_sk = _name_key(owner, agent.agent_name)
        lock: Item = {"pk": lock_pk, "sk": lock_sk, "agent_id": agent.agent_id}
        room = Compare(_COUNT, "<", most)
        try:
            await self._table.write(
                Put(lock, when=NEW),
                Put(self.item(agent), when=NEW),
                Update(_count_key(owner), (Add(_COUNT, 1),), when=room),
            )
        except TransactionFailed as failure:
            return await self._after_refusal(agent, most, failure)
        return agent

    async def _after_refusal(self, agent: Agent, most: int, failure: TransactionFailed) -> Agent:
        owner = agent.created_by
        if (lock := failure.failed.get(0)) is not None:
            existing = await self.find(owner, str(lock["agent_id"]))
            if existing is not None:
                return existing
            raise Conflict("An agent of this name is being deleted. Try again in a moment.")
        if (standing := failure.failed.get(1)) is not None:
            return self.load(standing)
        if _COUNT in (counter := failure.failed.get(2) or {}):
            raise AgentsFull(_counted(counter))
        await self._count_again(owner)
        return await self.create(agent, most=most)

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
        """Write the named attributes of `agent`; None removes one."""
        values = stored(agent.model_copy(update={"updated_at": utc_now()}))
        changes = [
            Set(name, values[name]) if name in values else Remove(name)
            for name in (*names, "updated_at")
        ]
        return self.load(await self._table.update(self.key(agent), *changes, when=EXISTS))

    async def delete(self, agent: Agent) -> None:
        """Remove the agent, its name's lock and its place in the count; again is no error."""
        owner = agent.created_by
        actions: list[Action] = [
            Delete(self.key(agent), when=EXISTS),
            Update(_count_key(owner), (Add(_COUNT, -1),), when=Present(_COUNT)),
        ]
        name = _name_key(owner, agent.agent_name)
        lock = await self._table.get(name)
        # Agents of an older table have no lock, and a newer one may have their name.
        if lock is not None and lock["agent_id"] == agent.agent_id:
            actions.append(Delete(name))
        try:
            await self._table.write(*actions)
        except TransactionFailed as failure:
            if 0 in failure.failed:
                return
            await self._count_again(owner)
            await self.delete(agent)


def _counted(counter: Item) -> int:
    count = counter[_COUNT]
    return count if isinstance(count, int) else 0
