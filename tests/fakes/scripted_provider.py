"""A model whose every reply is written down beforehand."""

from collections.abc import AsyncGenerator, Sequence

from smriti.llm.provider import ModelInfo, ProviderEvent
from smriti.llm.types import ModelRequest


class ScriptedProvider:
    """Plays one script a request; an exception in a script is raised. Keeps the requests.

    Being asked more often than scripted is the test's failure.
    """

    def __init__(
        self,
        scripts: Sequence[Sequence[ProviderEvent | Exception]],
        models: Sequence[ModelInfo] = (),
    ) -> None:
        self._scripts = scripts
        self._models = list(models)
        self.requests: list[ModelRequest] = []
        self.closed = False

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        self.requests.append(request)
        asked = len(self.requests)
        assert asked <= len(self._scripts), f"asked {asked} times, scripted {len(self._scripts)}"
        for event in self._scripts[asked - 1]:
            if isinstance(event, Exception):
                raise event
            yield event

    async def models(self) -> list[ModelInfo]:
        return self._models

    async def close(self) -> None:
        self.closed = True
