"""What an index reads of its corpus: the state, what changed, and the items page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import batched
from typing import Final, cast

from smriti.db.table import Get, Item, ItemPage, Query, Table
from smriti.retrieval.documents import Corpus
from smriti.retrieval.place import State

_PAGE: Final = 1000
_GETS: Final = 100
_LAST: Final = "~"
"""Sorts after every time."""


class CorpusReader:
    """Reads of one corpus. All of them raise `TableError`."""

    def __init__(self, table: Table, corpus: Corpus) -> None:
        self._table = table
        self._corpus = corpus

    async def state(self) -> State:
        return State.of(await self._table.get(self._corpus.state_key))

    async def state_and(self, query: Query) -> tuple[State, ItemPage]:
        """The state and the first page of a query, in one round trip."""
        item, page = await self._table.read(Get(self._corpus.state_key), query)
        return State.of(cast("Item | None", item)), cast("ItemPage", page)

    async def told(self, floor: str) -> tuple[State, dict[str, Item]]:
        """The state, and the changes told since the time `floor`, by their sort keys."""
        query = self._since(self._corpus.changes_prefix, floor)
        state, first = await self.state_and(query)
        told = [item async for items in self.pages(query, first) for item in items]
        return state, {str(item["sk"]): item for item in told}

    def all(self) -> Query:
        return Query(self._corpus.pk, begins=self._corpus.prefix, limit=_PAGE)

    def newest(self, floor: str) -> Query:
        """What came in at the end since the time `floor`."""
        return self._since(self._corpus.prefix, floor)

    async def pages(
        self, query: Query, first: ItemPage | None = None
    ) -> AsyncIterator[Sequence[Item]]:
        """All pages; `first` when that one was read already."""
        page = first or await self._table.query(query)
        yield page.items
        while page.next is not None:
            page = await self._table.query(replace(query, after=page.next))
            yield page.items

    async def named(self, keys: Sequence[str]) -> AsyncIterator[dict[str, Item | None]]:
        """What stands under these sort keys now."""
        for some in batched(keys, _GETS, strict=False):
            found = await self._table.read(*(Get((self._corpus.pk, sk)) for sk in some))
            yield {
                sk: item if isinstance(item, dict) else None
                for sk, item in zip(some, found, strict=True)
            }

    def _since(self, prefix: str, floor: str) -> Query:
        between = f"{prefix}{floor}", f"{prefix}{_LAST}"
        return Query(self._corpus.pk, between=between, limit=_PAGE)
