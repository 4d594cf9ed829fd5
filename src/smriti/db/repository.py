"""What repositories share: entities in and out of the table."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

from pydantic import BaseModel

from smriti.core.paging import InvalidCursor, Page, PageRequest
from smriti.db.position import position_of
from smriti.db.table import InvalidPosition, Item, Key, Query, Table


class Repository[Entity: BaseModel](ABC):
    """Base of the repository of one kind of entity: a subclass names it and owns its keys."""

    entity: type[Entity]

    def __init__(self, table: Table) -> None:
        self._table = table

    @abstractmethod
    def key(self, entity: Entity) -> Key: ...

    def item(self, entity: Entity) -> Item:
        """The entity as it is stored: its JSON form, its key, and the name of its kind."""
        pk, sk = self.key(entity)
        return {**stored(entity), "pk": pk, "sk": sk, "entity_type": self.entity.__name__}

    def load(self, item: Item) -> Entity:
        return self.entity.model_validate(item)

    async def _find(self, key: Key) -> Entity | None:
        item = await self._table.get(key)
        return None if item is None else self.load(item)

    async def _page(self, query: Query, page: PageRequest) -> Page[Entity]:
        """One page of `query`; the limit and the position are the page's."""
        items, cursor = await collect(self._table, query, page)
        return Page[Entity].of([self.load(item) for item in items], cursor)

    async def _all(self, query: Query) -> list[Entity]:
        """Every entity of `query`: only for lists that a plan or a rule keeps short."""
        return [self.load(item) for item in await everything(self._table, query)]


def stored(entity: BaseModel) -> Item:
    """An entity's JSON form without its nulls: an absent attribute is the table's null."""
    return cast("Item", entity.model_dump(mode="json", exclude_none=True))


async def collect(table: Table, query: Query, page: PageRequest) -> tuple[list[Item], str | None]:
    """`page.limit` items when there are that many, and the cursor of what follows, None at the end.

    Reads one item too many, so that a full last page is not followed by an empty one.
    """
    items: list[Item] = []
    after = page.cursor
    try:
        while len(items) <= page.limit:
            missing = page.limit + 1 - len(items)
            found = await table.query(replace(query, limit=missing, after=after))
            items += found.items
            after = found.next
            if after is None:
                break
    except InvalidPosition as error:
        raise InvalidCursor from error
    if len(items) <= page.limit:
        return items, None
    return items[: page.limit], position_of(items[page.limit - 1], index=query.index)


async def pages(table: Table, query: Query) -> AsyncIterator[list[Item]]:
    """The items of `query`, as they are read."""
    after = query.after
    while True:
        found = await table.query(replace(query, after=after))
        yield found.items
        after = found.next
        if after is None:
            return


async def everything(table: Table, query: Query) -> list[Item]:
    return [item async for items in pages(table, query) for item in items]
