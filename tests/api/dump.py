"""The whole table as it is, to be compared with what it was."""

from collections.abc import AsyncIterator

from smriti.db.table import Item, Key, Table, key_of


async def every_item(table: Table) -> AsyncIterator[Item]:
    after: str | None = None
    while True:
        page = await table.scan(after=after)
        for item in page.items:
            yield item
        after = page.next
        if after is None:
            return


async def dump(table: Table) -> dict[Key, Item]:
    """Every item of the table, expired ones too, by its key.

    Without `fence`: it counts how often a turn took the conversation, also one that was refused.
    """
    return {
        key_of(item): {name: value for name, value in item.items() if name != "fence"}
        async for item in every_item(table)
    }
