"""A table with a bug in it, when the test says so."""

from smriti.db.table import Action, Item, Key, Put
from tests.fakes.counting_table import CountingTable

BUG = "secret detail of the bug"


class CrashingTable(CountingTable):
    """Raises what no caller expects, while it is broken."""

    broken = False
    refuses = ""
    """Putting an item whose sort key begins like this breaks, unless it is empty."""

    async def get(self, key: Key) -> Item | None:
        if self.broken:
            raise RuntimeError(BUG)
        return await super().get(key)

    async def write(self, *actions: Action) -> None:
        if self.refuses and any(
            isinstance(action, Put) and action.key[1].startswith(self.refuses) for action in actions
        ):
            raise RuntimeError(BUG)
        await super().write(*actions)
