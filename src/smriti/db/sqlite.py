"""The embedded engine: the table in one SQLite file, shared by any number of processes."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, Self

from smriti.core.clock import unix_now
from smriti.db import rows
from smriti.db.position import scan_start_of
from smriti.db.rules import (
    alive_item,
    alive_page,
    checked_actions,
    checked_bulk,
    checked_changes,
    checked_condition,
    checked_key,
    checked_reads,
)
from smriti.db.sqlite_file import connect, copy, gate_of, replace_items, verify
from smriti.db.store import Durability, Store, sweep
from smriti.db.table import (
    Action,
    Change,
    Condition,
    InvalidOperation,
    Item,
    ItemPage,
    Key,
    Query,
    Read,
    Update,
)

_BULK_CHUNK: Final = 200


class SqliteTable:
    """The table in a SQLite file. Open it with `SqliteTable.open`, and close it."""

    def __init__(self, store: Store, path: Path | None) -> None:
        self._store = store
        self._path = path

    @classmethod
    def open(cls, path: Path | None = None, *, durability: Durability = "bounded") -> Self:
        """The table in the file at `path`, made when missing; None keeps it in memory.

        What was acknowledged survives a killed process at any durability. After a power cut
        `bounded` may lack the last 100 ms, `full` nothing. `DatabaseRefused`, `TableUnavailable`.
        """
        if path is None:
            return cls(Store(connect(None), None, durability), None)
        gate = gate_of(path)
        try:
            with gate:
                connection = connect(path)
        except BaseException:
            gate.close()
            raise
        return cls(Store(connection, gate, durability), path)

    async def get(self, key: Key) -> Item | None:
        item = await self._store.submit(partial(rows.find, key=checked_key(key)))
        return alive_item(item, unix_now())

    async def query(self, query: Query) -> ItemPage:
        checked_reads([query])
        page = await self._store.submit(partial(rows.page, query=query))
        return alive_page(page, unix_now())

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        checked_reads(reads)
        found = await self._store.submit(partial(rows.answer, reads=reads))
        now = unix_now()
        return [
            alive_page(answer, now) if isinstance(answer, ItemPage) else alive_item(answer, now)
            for answer in found
        ]

    async def update(self, key: Key, *changes: Change, when: Condition | None = None) -> Item:
        action = Update(checked_key(key), checked_changes(changes), checked_condition(when))
        return await self._store.submit(partial(rows.update, action=action), writes=True)

    async def write(self, *actions: Action) -> None:
        checked = checked_actions(actions)
        await self._store.submit(partial(rows.write, actions=checked), writes=True)

    async def bulk(self, *, puts: Sequence[Item] = (), deletes: Sequence[Key] = ()) -> None:
        actions = checked_bulk(puts, deletes)
        for start in range(0, len(actions), _BULK_CHUNK):  # others get their turn in between
            chunk = actions[start : start + _BULK_CHUNK]
            await self._store.submit(partial(rows.write, actions=chunk), writes=True)

    async def scan(self, *, after: str | None = None, limit: int = 500) -> ItemPage:
        start = scan_start_of(after, limit=limit)
        return await self._store.submit(partial(rows.scan, start=start, limit=limit))

    async def sweep(self) -> int:
        """Delete some expired items, as the store does by itself every minute; how many."""
        return await self._store.submit(sweep, writes=True)

    async def backup_to(self, target: Path) -> None:
        """A consistent copy in one file while the table is in use; it replaces `target`."""
        if self._path is None:
            raise InvalidOperation("A table in memory has no file to copy.")
        await asyncio.to_thread(copy, self._path, target)

    async def restore_from(self, source: Path) -> None:
        """Replace every item by those of a backup, at once. `DatabaseRefused` changes nothing."""
        await asyncio.to_thread(verify, source, live=self._path)
        await self._store.submit(partial(replace_items, source=source), writes=True, alone=True)

    async def close(self) -> None:
        """Finish what waits, then close the file."""
        await self._store.close()
