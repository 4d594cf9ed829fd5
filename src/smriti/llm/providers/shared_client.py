"""One SDK client for all requests of a provider, also for those that outlive its closing."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol


class Closable(Protocol):
    async def close(self) -> None: ...


class SharedClient[C: Closable]:
    """Opened for the first request, so that a provider that was closed can still serve its holder;

    closed by `close`, or after it by the last request that runs.
    """

    def __init__(self, connect: Callable[[], C]) -> None:
        self._connect = connect
        self._client: C | None = None
        self._requests = 0
        self._closed = False

    @asynccontextmanager
    async def used(self) -> AsyncIterator[C]:
        self._client = self._client or self._connect()
        self._requests += 1
        try:
            yield self._client
        finally:
            self._requests -= 1
            if self._closed:
                await self._let_go()

    async def close(self) -> None:
        self._closed = True
        await self._let_go()

    async def _let_go(self) -> None:
        if self._requests or self._client is None:
            return
        client, self._client = self._client, None
        await client.close()
