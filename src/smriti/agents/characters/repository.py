"""The character files that agents were made of, in the table.

Agent#<id>  Character    what is kept of the file, as JSON
"""

from collections.abc import Mapping
from typing import Any

import orjson

from smriti.agents.models import Agent
from smriti.db.table import Delete, Key, Put, Table


class CharacterRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    async def find(self, agent: Agent) -> dict[str, Any] | None:
        item = await self._table.get(_key(agent))
        if item is None:
            return None
        document: dict[str, Any] = orjson.loads(str(item["document"]))
        return document

    async def keep(self, agent: Agent, document: Mapping[str, Any]) -> None:
        pk, sk = _key(agent)
        text = orjson.dumps(document).decode()
        await self._table.write(
            Put({"pk": pk, "sk": sk, "entity_type": "Character", "document": text})
        )

    async def delete(self, agent: Agent) -> None:
        await self._table.write(Delete(_key(agent)))


def _key(agent: Agent) -> Key:
    return f"Agent#{agent.agent_id}", "Character"
