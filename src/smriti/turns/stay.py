"""A turn's place among those that run, and its time: given up while others do the work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from smriti.turns.slots import FairSlots


class Stay:
    """The place of one turn, held within `async with`. `limit` bounds the time spent there."""

    def __init__(self, slots: FairSlots, user: str) -> None:
        self._slots = slots
        self._user = user
        self._placed = False
        self._absences = 0
        self._remaining_s: float | None = None
        self.limit = asyncio.timeout(None)

    @property
    def away(self) -> bool:
        """Whether others do the work: a device, a person who is asked."""
        return self._absences > 0

    async def __aenter__(self) -> None:
        await self._slots.take(self._user)
        self._placed = True

    async def __aexit__(self, *_: object) -> None:
        self._give_place_back()

    @asynccontextmanager
    async def left(self) -> AsyncIterator[None]:
        """Be away; several tools may be. Who is cancelled meanwhile does not come back."""
        self._absences += 1
        if self._absences == 1:
            self._leave()
        try:
            yield
        finally:
            self._absences -= 1
        if not self.away:
            await self._come_back()

    def _leave(self) -> None:
        self._give_place_back()
        ends = self.limit.when()
        if ends is not None and not self.limit.expired():
            self._remaining_s = ends - asyncio.get_running_loop().time()
            self.limit.reschedule(None)

    async def _come_back(self) -> None:
        await self._slots.take(self._user)
        if self._placed or self.away:  # another was quicker, or has left again
            self._slots.give_back()
            return
        self._placed = True
        if self._remaining_s is not None:
            now = asyncio.get_running_loop().time()
            self.limit.reschedule(now + self._remaining_s)
            self._remaining_s = None

    def _give_place_back(self) -> None:
        if self._placed:
            self._placed = False
            self._slots.give_back()
