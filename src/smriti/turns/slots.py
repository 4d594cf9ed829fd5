"""A number of places, given out fairly: who waits takes turns with the other users."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairSlots:
    def __init__(self, limit: int) -> None:
        self._free = limit
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def full(self) -> bool:
        return self._free == 0

    @asynccontextmanager
    async def taken(self, user: str) -> AsyncIterator[None]:
        """A place for this user, given back at the end."""
        await self.take(user)
        try:
            yield
        finally:
            self.give_back()

    async def take(self, user: str) -> None:
        """Wait for a place; the next free one goes to whichever user's turn it is."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(user)

    async def _wait(self, user: str) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(user, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.give_back()  # it was given, and is not wanted any more
            raise

    def give_back(self) -> None:
        """Give up a place: to who waits for one."""
        while self._lines:
            user, line = self._lines.popitem(last=False)
            place = line.popleft()
            if line:
                self._lines[user] = line  # at the end: all others come first
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
