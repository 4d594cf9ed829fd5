"""A model that says one word, then waits until the test lets it go on."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from smriti.llm.provider import Finished, ModelInfo, ProviderEvent, TextChunk
from smriti.llm.types import ModelRequest


class HeldProvider:
    """`speaking` is set once the first word is out; `released` lets every reply end.

    The first reply ends with the `calls`.
    """

    def __init__(self, *calls: ProviderEvent) -> None:
        self._calls: Sequence[ProviderEvent] = calls
        self.speaking = asyncio.Event()
        self.released = asyncio.Event()
        self.requests: list[ModelRequest] = []
        self.cancelled = False

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        self.requests.append(request)
        try:
            yield TextChunk("Wait")
            self.speaking.set()
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        yield TextChunk(" and see.")
        for call in self._calls if len(self.requests) == 1 else ():
            yield call
        yield Finished("stop")

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        return
