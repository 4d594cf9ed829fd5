"""A process that writes to a SQLite table: `python -m tests.e2e.table_writer PATH TASK NUMBER`."""

import asyncio
import itertools
import os
import sys
from pathlib import Path

from smriti.db.sqlite import SqliteTable
from smriti.db.table import NEW, Add, ConditionFailed, Item, Put, Update

_TASKS = 16


async def write_forever(table: SqliteTable, _: int) -> None:
    """Puts, and transactions of two puts and a count; each is printed once it is acknowledged."""
    numbers = itertools.count()

    async def write() -> None:
        for number in numbers:
            sk, body = f"{number:09}", "x" * 600
            if number % 4:
                await table.write(Put({"pk": "single", "sk": sk, "body": body}, when=NEW))
                acknowledge("single", sk)
            else:
                await table.write(
                    Put({"pk": "left", "sk": sk}, when=NEW),
                    Put({"pk": "right", "sk": sk, "body": body}, when=NEW),
                    Update(("count", "transactions"), (Add("n", 1),)),
                )
                acknowledge("left", sk)

    await asyncio.gather(*(write() for _ in range(_TASKS)))


def acknowledge(pk: str, sk: str) -> None:
    os.write(sys.stdout.fileno(), f"{pk} {sk}\n".encode())


async def count(table: SqliteTable, number: int) -> None:
    """Add `number` ones to a counter that all processes share."""
    for _ in range(number // _TASKS):
        adding = (table.update(("count", "shared"), Add("n", 1)) for _ in range(_TASKS))
        await asyncio.gather(*adding)


async def create(table: SqliteTable, number: int) -> None:
    """Create `number` items unless they are there; print those that this process created."""
    for n in range(number):
        item: Item = {"pk": "shared", "sk": f"{n:04}", "by": os.getpid()}
        try:
            await table.write(Put(item, when=NEW))
        except ConditionFailed as failure:
            assert failure.old is not None  # noqa: PT017 - this is not a test
        else:
            acknowledge("shared", f"{n:04}")


async def main(path: str, task: str, number: str) -> None:
    table = SqliteTable.open(Path(path))
    await {"forever": write_forever, "count": count, "create": create}[task](table, int(number))
    await table.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
