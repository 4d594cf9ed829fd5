"""A table that counts its calls in waves: calls begun together, before any of them ended."""

from collections.abc import Sequence

from smriti.db.table import (
    Action,
    Change,
    Condition,
    Item,
    ItemPage,
    Key,
    Query,
    Read,
    Table,
)


class CountingTable:
    """`waves` holds the names of the calls of each wave, in the order they were begun."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._running = 0
        self._open = False
        self.waves: list[list[str]] = []

    def _begin(self, name: str) -> None:
        # A call joins the wave while none of the wave's calls has been answered.
        if not self._open:
            self.waves.append([])
            self._open = True
        self.waves[-1].append(name)
        self._running += 1

    def _end(self) -> None:
        self._running -= 1
        self._open = False

    async def get(self, key: Key) -> Item | None:
        self._begin("get")
        try:
            return await self._table.get(key)
        finally:
            self._end()

    async def query(self, query: Query) -> ItemPage:
        self._begin("query")
        try:
            return await self._table.query(query)
        finally:
            self._end()

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        self._begin("read")
        try:
            return await self._table.read(*reads)
        finally:
            self._end()

    async def update(self, key: Key, *changes: Change, when: Condition | None = None) -> Item:
        self._begin("update")
        try:
            return await self._table.update(key, *changes, when=when)
        finally:
            self._end()

    async def write(self, *actions: Action) -> None:
        self._begin("write" if len(actions) == 1 else "transaction")
        try:
            await self._table.write(*actions)
        finally:
            self._end()

    async def bulk(self, *, puts: Sequence[Item] = (), deletes: Sequence[Key] = ()) -> None:
        self._begin("bulk")
        try:
            await self._table.bulk(puts=puts, deletes=deletes)
        finally:
            self._end()

    async def scan(self, *, after: str | None = None, limit: int = 500) -> ItemPage:
        return await self._table.scan(after=after, limit=limit)

    async def close(self) -> None:
        await self._table.close()
