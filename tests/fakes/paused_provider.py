"""A scripted model that stops where its script says, until the test lets it go on."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from smriti.llm.provider import ModelInfo, ProviderEvent
from smriti.llm.types import ModelRequest


class Pause:
    """`reached` is set when the model comes to it, `over` lets the model go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.over = asyncio.Event()


type Script = Sequence[ProviderEvent | Pause]


class PausedProvider:
    """Plays one script a request, and keeps the requests."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.requests: list[ModelRequest] = []

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        self.requests.append(request)
        for event in self._scripts.pop(0):
            if isinstance(event, Pause):
                event.reached.set()
                await event.over.wait()
            else:
                yield event

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        return
