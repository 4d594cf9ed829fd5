"""How many imports and exports may run at once: each keeps the store busy, and some last long."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from smriti.core.errors import QuotaExceeded

AT_ONCE: Final = 4
"""In one process."""

OF_ONE_USER: Final = 2


class TooManyTransfers(QuotaExceeded):
    slug = "too-many-transfers"

    def __init__(self) -> None:
        super().__init__(
            "Other imports and exports are running. Try again in a moment.",
            headers={"Retry-After": "5"},
        )


class TransferGate:
    def __init__(self) -> None:
        self._running: Counter[str] = Counter()

    @contextmanager
    def passed(self, user: str) -> Iterator[None]:
        """While one import or export of this user runs. `TooManyTransfers`."""
        if self._running.total() >= AT_ONCE or self._running[user] >= OF_ONE_USER:
            raise TooManyTransfers
        self._running[user] += 1
        try:
            yield
        finally:
            self._running[user] -= 1
            if not self._running[user]:
                del self._running[user]
