"""A table that breaks when the test says so."""

from collections.abc import Callable

from smriti.db.table import Action, Item, ItemPage, Key, Put, Read, TableUnavailable
from tests.fakes.counting_table import CountingTable


class FailingTable(CountingTable):
    """Writes for which `breaks` is true fail with `error`, and reads while `reads_break`."""

    breaks: Callable[[Action], bool] = staticmethod(lambda _: False)
    reads_break = False
    error: Exception = TableUnavailable("The disk is full.")

    async def write(self, *actions: Action) -> None:
        if any(self.breaks(action) for action in actions):
            raise self.error
        await super().write(*actions)

    async def get(self, key: Key) -> Item | None:
        if self.reads_break:
            raise self.error
        return await super().get(key)

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        if self.reads_break:
            raise self.error
        return await super().read(*reads)


def puts_message(action: Action) -> bool:
    return isinstance(action, Put) and action.key[1].startswith("MESSAGE#")


def puts_answer(action: Action) -> bool:
    return puts_message(action) and isinstance(action, Put) and action.item["role"] == "assistant"
