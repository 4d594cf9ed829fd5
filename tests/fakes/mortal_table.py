"""A process's way to a table that others use, too: when the process dies, nothing passes."""

from collections.abc import Awaitable, Callable, Sequence

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
    TableBusy,
    TableUnavailable,
    Update,
)

type Which = Callable[[Action], bool]


def nothing(_: Action) -> bool:
    return False


class MortalTable:
    """`dead`: whatever is asked of it fails. A test may raise the dead.

    It dies by itself instead of the first write that is one of `dies_before`, or right after the
    first of `dies_after`. Before a write that is one of `waits_before`, `meanwhile` happens once.
    `fails_next_get`: the store is busy for a moment. Writes of `refuses` fail, and only they.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self.dead = False
        self.dies_before: Which = nothing
        self.dies_after: Which = nothing
        self.waits_before: Which = nothing
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.fails_next_get = False
        self.refuses: Which = nothing

    async def _wait(self, *actions: Action) -> None:
        if self.meanwhile is not None and any(map(self.waits_before, actions)):
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()

    def _check(self, *actions: Action) -> None:
        self.dead = self.dead or any(map(self.dies_before, actions))
        if self.dead:
            raise TableUnavailable("This process is dead.")
        if any(map(self.refuses, actions)):
            raise TableUnavailable("Not this one.")

    def _passed(self, *actions: Action) -> None:
        self.dead = self.dead or any(map(self.dies_after, actions))
        self._check()

    async def get(self, key: Key) -> Item | None:
        self._check()
        if self.fails_next_get:
            self.fails_next_get = False
            raise TableBusy("Once.")
        return await self._table.get(key)

    async def query(self, query: Query) -> ItemPage:
        self._check()
        return await self._table.query(query)

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        self._check()
        return await self._table.read(*reads)

    async def update(self, key: Key, *changes: Change, when: Condition | None = None) -> Item:
        self._check(Update(key, changes))
        await self._wait(Update(key, changes))
        item = await self._table.update(key, *changes, when=when)
        self._passed(Update(key, changes))
        return item

    async def write(self, *actions: Action) -> None:
        self._check(*actions)
        await self._wait(*actions)
        await self._table.write(*actions)
        self._passed(*actions)

    async def bulk(self, *, puts: Sequence[Item] = (), deletes: Sequence[Key] = ()) -> None:
        self._check()
        await self._table.bulk(puts=puts, deletes=deletes)

    async def scan(self, *, after: str | None = None, limit: int = 500) -> ItemPage:
        self._check()
        return await self._table.scan(after=after, limit=limit)

    async def close(self) -> None:
        return
