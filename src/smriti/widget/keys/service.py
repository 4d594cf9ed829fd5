"""Decisions about widget keys: who may come with one, and how often it is used."""

import asyncio
import re
from collections import Counter
from typing import Final

import structlog

from smriti.agents.models import Agent
from smriti.auth.tokens import InvalidKey, NotSignedIn
from smriti.core.errors import Forbidden, NotFound
from smriti.db.table import TableBusy, TableUnavailable
from smriti.widget.keys.models import PUBLIC_KEY, WidgetKey, WidgetKeyCreate, WidgetKeyUpdate
from smriti.widget.keys.repository import WidgetKeyRepository

_FORM: Final = re.compile(PUBLIC_KEY)

log = structlog.get_logger()


class WidgetKeyNotFound(NotFound):
    slug = "widget-key-not-found"

    def __init__(self) -> None:
        super().__init__("API key not found")


class WidgetKeyDisabled(NotSignedIn):
    slug = "widget-key-disabled"

    def __init__(self) -> None:
        super().__init__("API key is disabled")


class OriginRefused(Forbidden):
    slug = "origin-refused"

    def __init__(self, origin: str | None) -> None:
        super().__init__(f"Origin '{origin or ''}' is not allowed for this API key")


class WidgetKeyService:
    def __init__(self, keys: WidgetKeyRepository) -> None:
        self._keys = keys
        self._uses: Counter[str] = Counter()
        self._notes: dict[str, asyncio.Task[None]] = {}

    async def make(self, agent: Agent, new: WidgetKeyCreate, key_id: str) -> WidgetKey:
        """A key under this id, or the one that an earlier attempt made under it."""
        return await self._keys.create(
            WidgetKey(
                key_id=key_id,
                agent_id=agent.agent_id,
                created_by=agent.created_by,
                **new.model_dump(),
            )
        )

    async def all_of(self, agent_id: str) -> list[WidgetKey]:
        return await self._keys.all_of(agent_id)

    async def get(self, agent_id: str, key_id: str) -> WidgetKey:
        return _there(await self._keys.find(agent_id, key_id))

    async def update(self, agent_id: str, key_id: str, update: WidgetKeyUpdate) -> WidgetKey:
        if not update.model_dump(exclude_none=True):
            return await self.get(agent_id, key_id)
        return _there(await self._keys.change(agent_id, key_id, update))

    async def delete(self, agent_id: str, key_id: str) -> None:
        await self._keys.delete(agent_id, key_id)

    async def delete_all_of(self, agent_id: str) -> None:
        await self._keys.delete_all_of(agent_id)

    async def verify(self, public_key: str) -> WidgetKey:
        """The key when it is in use: `InvalidKey`, `WidgetKeyDisabled`."""
        key = await self._keys.find_in_use(public_key) if _FORM.fullmatch(public_key) else None
        if key is None:
            raise InvalidKey
        if not key.is_active:
            raise WidgetKeyDisabled
        return key

    async def admit(self, public_key: str, origin: str | None, *, own_page: bool) -> WidgetKey:
        """The same for a request of a page of this origin, which is counted; `OriginRefused`.

        `own_page`: the page is this server's own, which any key may be tried on.
        """
        key = await self.verify(public_key)
        if not (own_page or key.admits(origin)):
            raise OriginRefused(origin)
        self._note_use(key)
        return key

    async def close(self) -> None:
        """Let what is being noted be written."""
        await asyncio.gather(*self._notes.values(), return_exceptions=True)

    def _note_use(self, key: WidgetKey) -> None:
        """In the background; what comes while one write is under way is written by the next."""
        self._uses[key.key_id] += 1
        if key.key_id not in self._notes:
            note = asyncio.create_task(self._write_uses(key), name="widget-key-use")
            self._notes[key.key_id] = note

    async def _write_uses(self, key: WidgetKey) -> None:
        try:
            while uses := self._uses.pop(key.key_id, 0):
                await self._keys.add_uses(key, uses)
        except (TableBusy, TableUnavailable) as error:
            log.warning("widget_key.use_not_noted", key_id=key.key_id, error=repr(error))
        finally:
            del self._notes[key.key_id]


def _there(key: WidgetKey | None) -> WidgetKey:
    if key is None:
        raise WidgetKeyNotFound
    return key
