"""Bringing an index to where its corpus is: one read of the table when nothing has changed.

What is read later is applied later, so that no older page overwrites what the feed told.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from smriti.core.clock import sort_time, utc_now
from smriti.db.table import Item, ItemPage, Table
from smriti.retrieval.held import Held
from smriti.retrieval.place import Place, State
from smriti.retrieval.reading import CorpusReader

OVERLAP: Final = timedelta(minutes=5)
"""How much later than its key's time an item may become visible."""

SETTLE_S: Final = 5.0
"""DynamoDB shows the items of one transaction one after the other while it writes them."""

AT_ONCE: Final = 4
"""Corpora of more than a page that are read from end to end; more would not end any sooner."""

MOST_CHANGES: Final = 1000
"""Beyond that many, comparing everything costs less than looking at each."""

_UNDER_WAY: Final = timedelta(minutes=1)
"""What one write takes at most, with all its attempts."""

_MOST_UNDER_WAY: Final = 2000
_LOOKS: Final = 2
_PAUSE_S: Final = 0.02


class Follower:
    """Reads from `table`, and fills indexes in the threads of `pool`."""

    def __init__(self, table: Table, pool: Executor, *, settle_s: float = 0) -> None:
        """`settle_s`: how long the table may show a transaction in part while it is written."""
        self._table = table
        self._pool = pool
        self._settle = timedelta(seconds=settle_s)
        self._places = asyncio.Semaphore(AT_ONCE)

    async def follow(self, held: Held) -> bool:
        """Bring `held` to where its corpus is now; whether all of that had to be read.

        `TableError`: then it is where it was, or a little further.
        """
        now = utc_now()
        floor = sort_time(now - OVERLAP)
        if held.broken:
            held.renew()
        before = held.place
        if held.moved_at is not None:
            await self._look_again(held, held.moved_at)
            held.moved_at = held.moved_at if now - held.moved_at < self._settle else None
        place = None
        # Where the clock was set back, what is new may sort before the old floor.
        if before is not None and sort_time(now) >= before.floor:
            place = await self._followed(held, before, floor)
        held.place = place or await self._compared(held, floor)
        if self._settle and (before is None or before.state != held.place.state):
            held.moved_at = utc_now()
        return place is None

    async def _look_again(self, held: Held, moved_at: datetime) -> None:
        """Read anew what was being written when the state was read: of one transaction the counter
        may have been seen, and not yet the item."""
        reader = CorpusReader(self._table, held.corpus)
        async for items in reader.pages(reader.newest(sort_time(moved_at - OVERLAP))):
            await self._absorb(held, items)
        _, told = await reader.told(sort_time(moved_at - _UNDER_WAY))
        named = _named_by(told.values(), held.corpus.prefix)
        async for found in reader.named(named[-_MOST_UNDER_WAY:]):
            await self._run(partial(held.correct, found))

    async def _followed(self, held: Held, place: Place, floor: str) -> Place | None:
        """The new place; None when only a comparison with the whole table can tell."""
        reader = CorpusReader(self._table, held.corpus)
        newest = reader.newest(place.floor)
        if held.corpus.counted:
            state, tail = await reader.state(), None
        else:
            state, tail = await reader.state_and(newest)
        if not state.follows(place.state) or state.changes - place.state.changes > MOST_CHANGES:
            return None
        if tail is not None or state.inserts > place.state.inserts:
            async for items in reader.pages(newest, tail):
                await self._absorb(held, items)
        if state.changes > place.state.changes:
            return await self._corrected(held, place, state, floor)
        return Place(state, floor, _since(floor, held, place.told))

    async def _corrected(self, held: Held, place: Place, seen: State, floor: str) -> Place | None:
        """Read anew what the feed names; None when it does not tell all that was counted."""
        reader = CorpusReader(self._table, held.corpus)
        for attempt in range(_LOOKS):
            await asyncio.sleep(_PAUSE_S * attempt)
            state, told = await reader.told(place.floor)
            new = [item for sk, item in told.items() if sk not in place.told]
            if state.follows(seen) and len(new) == state.changes - place.state.changes:
                async for found in reader.named(_named_by(new, held.corpus.prefix)):
                    await self._run(partial(held.correct, found))
                # Inserts that were counted meanwhile have not been read.
                return Place(replace(state, inserts=seen.inserts), floor, _since(floor, held, told))
        return None

    async def _compared(self, held: Held, floor: str) -> Place:
        """Read everything: put what is there, drop what is not."""
        reader = CorpusReader(self._table, held.corpus)
        state, told = await reader.told(floor)
        first = await self._table.query(reader.all())
        if first.next is None:
            await self._read_all(held, reader, first)
        else:
            async with self._places:
                await self._read_all(held, reader, first)
        return Place(state, floor, frozenset(told))

    async def _read_all(self, held: Held, reader: CorpusReader, first: ItemPage) -> None:
        was_empty = len(held) == 0
        found: set[str] = set()
        async for items in reader.pages(reader.all(), first):
            await self._absorb(held, items)
            found.update(str(item["sk"]) for item in items)
        if not was_empty:
            await self._run(partial(held.keep_only, found))

    async def _absorb(self, held: Held, items: Sequence[Item]) -> None:
        left = iter(items)
        while items and not await self._run(partial(held.absorb, left)):
            pass

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _since(floor: str, held: Held, told: Iterable[str]) -> frozenset[str]:
    first = f"{held.corpus.changes_prefix}{floor}"
    return frozenset(sk for sk in told if sk >= first)


def _named_by(told: Iterable[Item], prefix: str) -> list[str]:
    """The sort keys that changes name, each once."""
    named = {str(sk): None for item in told for sk in _listed(item.get("keys"))}
    return [sk for sk in named if sk.startswith(prefix)]


def _listed(keys: object) -> list[object]:
    return keys if isinstance(keys, list) else []
