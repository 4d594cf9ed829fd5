"""Ids of what an import makes: the same in every attempt, so that none makes anything twice.

They are derived from the id that the request got, never from one in the file alone: what stands in
a file points at nothing of anybody's.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from smriti.core.clock import EPOCH

_ORDER_BITS: Final = 24
_HASH_BITS: Final = 62 - _ORDER_BITS + 12


class DerivedIds:
    """Ids out of one, `root`, which is a UUIDv7. `moment` is the one of which that is."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.moment = EPOCH + timedelta(milliseconds=UUID(root).int >> 80)

    def at(self, moment: datetime, order: int, *names: str | int) -> str:
        """A UUIDv7 of this moment for what these names mean.

        Of those of one millisecond, the one with the lower `order` (up to 2^24) sorts first.
        """
        milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
        low = order << _HASH_BITS | self._hash(names) & (1 << _HASH_BITS) - 1
        value = (milliseconds & (1 << 48) - 1) << 80
        value |= 0x7 << 76 | (low >> 62) << 64 | 0b10 << 62 | low & (1 << 62) - 1
        return str(UUID(int=value))

    def of(self, *names: str | int) -> str:
        """An id for what these names mean, of no moment."""
        return str(UUID(int=self._hash(names) & (1 << 128) - 1, version=5))

    def _hash(self, names: tuple[str | int, ...]) -> int:
        text = "\0".join([self._root, *map(str, names)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest())
