"""A table that breaks when the test says so."""

from collections.abc import Callable

from smriti.db.table import Action, Put, TableUnavailable
from tests.fakes.counting_table import CountingTable


class FailingTable(CountingTable):
    """Writes for which `breaks` is true fail; everything else works."""

    breaks: Callable[[Action], bool] = staticmethod(lambda _: False)

    async def write(self, *actions: Action) -> None:
        if any(self.breaks(action) for action in actions):
            raise TableUnavailable("The disk is full.")
        await super().write(*actions)


def puts_message(action: Action) -> bool:
    return isinstance(action, Put) and action.key[1].startswith("MESSAGE#")
