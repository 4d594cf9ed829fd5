"""Sessions and their steps in the table.

DeviceSessions#<owner>                     Session#<id>          a session; ids sort by age
DeviceSessions#<owner>                     Step#<id>#<0000…>     what was said and done in a step
DeviceSessions#<owner>                     TaskName#<name>       newest of the name, for a month
gsi2: DeviceSessions#<client_id>#<owner>   <id>                  the sessions of one device

What a device or a model may write is kept as JSON text, which the store takes as it is.
"""

from typing import Final

import orjson
from pydantic import TypeAdapter

from smriti.core.clock import unix_now
from smriti.core.paging import Page, PageRequest
from smriti.db.repository import Repository, everything, stored
from smriti.db.table import (
    NEW,
    TTL,
    Condition,
    ConditionFailed,
    Item,
    Key,
    Put,
    Query,
    Remove,
    Set,
    TransactionFailed,
    eq,
    key_of,
)
from smriti.devices.models import DeviceSession
from smriti.llm.types import Part

_PARTS: Final[TypeAdapter[list[Part]]] = TypeAdapter(list[Part])
_MOST_BYTES: Final = 350_000
_NAMED_S: Final = 30 * 24 * 3600
_UNDER_WAY: Final = eq("status", "queued") | eq("status", "running") | eq("status", "waiting")


def _partition(owner: str) -> str:
    return f"DeviceSessions#{owner}"


def _key(owner: str, session_id: str) -> Key:
    return _partition(owner), f"Session#{session_id}"


def _name_key(owner: str, task_name: str) -> Key:
    return _partition(owner), f"TaskName#{task_name}"


class SessionRepository(Repository[DeviceSession]):
    entity = DeviceSession

    def key(self, entity: DeviceSession) -> Key:
        return _key(entity.created_by, entity.session_id)

    def item(self, entity: DeviceSession) -> Item:
        device = f"DeviceSessions#{entity.client_id}#{entity.created_by}"
        index: Item = {"gsi2_pk": device, "gsi2_sk": entity.session_id}
        return super().item(entity) | _attributes(entity) | index

    def load(self, item: Item) -> DeviceSession:
        approval = item.get("approval")
        if isinstance(approval, str):
            item = {**item, "approval": orjson.loads(approval)}
        return super().load(item)

    async def create(self, session: DeviceSession) -> None:
        """`ConditionFailed` when there is one of this id."""
        pk, sk = _name_key(session.created_by, session.task_name)
        name: Item = {"pk": pk, "sk": sk, "session_id": session.session_id}
        try:
            await self._table.write(
                Put(self.item(session), when=NEW), Put(name | {TTL: unix_now() + _NAMED_S})
            )
        except TransactionFailed as failure:
            raise ConditionFailed(failure.failed[0]) from failure

    async def change(
        self, session: DeviceSession, *names: str, when: Condition | None = None
    ) -> DeviceSession:
        """Store these attributes of a session that has not ended: `ConditionFailed`."""
        values = _attributes(session)
        changes = [Set(name, values[name]) if name in values else Remove(name) for name in names]
        condition = _UNDER_WAY & when if when is not None else _UNDER_WAY
        return self.load(await self._table.update(self.key(session), *changes, when=condition))

    async def find(self, owner: str, session_id: str) -> DeviceSession | None:
        return await self._find(_key(owner, session_id))

    async def named(self, owner: str, task_name: str) -> str | None:
        """The id of the newest session whose task has this name."""
        found = await self._table.get(_name_key(owner, task_name))
        return None if found is None else str(found["session_id"])

    async def page(
        self, owner: str, request: PageRequest, *, client_id: str | None = None
    ) -> Page[DeviceSession]:
        """Newest first: all of the owner's, or those of one device."""
        query = Query(_partition(owner), begins="Session#", newest_first=True)
        if client_id is not None:
            device = f"DeviceSessions#{client_id}#{owner}"
            query = Query(device, newest_first=True, index=True)
        return await self._page(query, request)

    async def put_step(self, session: DeviceSession, number: int, parts: list[Part]) -> None:
        pk, prefix = _partition(session.created_by), f"Step#{session.session_id}#"
        await self._table.write(Put({"pk": pk, "sk": f"{prefix}{number:04}", "body": _body(parts)}))

    async def steps(self, session: DeviceSession) -> list[list[Part]]:
        partition = _partition(session.created_by)
        query = Query(partition, begins=f"Step#{session.session_id}#")
        items = await everything(self._table, query)
        bodies = (item["body"] for item in items)
        return [_PARTS.validate_json(body) for body in bodies if isinstance(body, bytes)]

    async def delete_all_of(self, owner: str) -> None:
        items = await everything(self._table, Query(_partition(owner)))
        await self._table.bulk(deletes=[key_of(item) for item in items])


def _attributes(session: DeviceSession) -> Item:
    values = stored(session)
    if session.approval is not None:
        values["approval"] = session.approval.model_dump_json()
    return values


def _body(parts: list[Part]) -> bytes:
    """The parts as JSON. An item has an end: of what does not fit, the longest texts are cut."""
    body, longest = _PARTS.dump_json(parts), 32_000
    while len(body) > _MOST_BYTES and longest:
        parts = [_shortened(part, longest) for part in parts]
        body, longest = _PARTS.dump_json(parts), longest // 2
    return body


def _shortened(part: Part, longest: int) -> Part:
    match part.type:
        case "text" | "reasoning" | "tool_result":
            return part.model_copy(update={"text": part.text[:longest]})
        case "tool_call" if len(str(part.arguments)) > longest:
            return part.model_copy(update={"arguments": {"left_out": "too long to be kept"}})
        case _:
            return part
