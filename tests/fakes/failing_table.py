"""A table that breaks when the test says so."""

from collections.abc import Callable

from smriti.db.table import Action, Put, TableUnavailable
from tests.fakes.counting_table import CountingTable


class FailingTable(CountingTable):
    """Writes for which `breaks` is true fail with `error`; everything else works."""

    breaks: Callable[[Action], bool] = staticmethod(lambda _: False)
    error: Exception = TableUnavailable("The disk is full.")

    async def write(self, *actions: Action) -> None:
        if any(self.breaks(action) for action in actions):
            raise self.error
        await super().write(*actions)


def puts_message(action: Action) -> bool:
    return isinstance(action, Put) and action.key[1].startswith("MESSAGE#")


def puts_answer(action: Action) -> bool:
    return puts_message(action) and isinstance(action, Put) and action.item["role"] == "assistant"
