"""Work that many ask for at once, and that is done for all of them together."""

import asyncio
from collections.abc import Callable, Coroutine


class Rounds:
    """Does `work` once at a time, in tasks that `start` makes: they outlive who asked for them."""

    def __init__(
        self,
        work: Callable[[], Coroutine[None, None, None]],
        start: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
    ) -> None:
        self._work = work
        self._start = start
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Wait for a round that begins after this call. What it raises, all who joined it get."""
        if self._next is None:
            self._next = self._start(self._round())
        await asyncio.shield(self._next)

    async def _round(self) -> None:
        async with self._turn:
            self._next = None
            await self._work()
