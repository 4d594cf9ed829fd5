"""Asking a model again when it is overloaded, and another one when it stays so."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

import structlog

from smriti.llm.provider import (
    Delayed,
    ModelFailed,
    ModelInfo,
    Provider,
    ProviderEvent,
    SwitchedModel,
)
from smriti.llm.types import ModelRequest

MAX_ATTEMPTS: Final = 4
_BASE_S: Final = 0.5
_CAP_S: Final = 8.0
LONGEST_WAIT_S: Final = 30.0

log = structlog.get_logger()


class RetryingProvider:
    """A provider that is asked again while it fails for the moment and has not said anything.

    Waits grow and are random, so that many turns do not come back together; what the server asks
    for is waited at least. `fallback_model` is asked when the request's own model is given up.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        fallback_model: str | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,  # noqa: S311 - guards nothing
    ) -> None:
        """`chance` answers a number from 0 to 1."""
        self._provider = provider
        self._fallback_model = fallback_model
        self._sleep = sleep
        self._chance = chance

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        """The reply; every wait and a change of the model are told before they begin."""
        failures = 0
        while True:
            begun = False
            try:
                async with aclosing(self._provider.stream(request)) as events:
                    async for event in events:
                        begun = True
                        yield event
            except ModelFailed as failure:
                if begun or not failure.transient:
                    raise
                failures += 1
                remedy = self._remedy(failure, request.model, failures)
            else:
                return
            yield remedy
            if isinstance(remedy, Delayed):
                await self._sleep(remedy.seconds)
            else:
                request = request.with_model(remedy.model)
                failures = 0

    def _remedy(self, failure: ModelFailed, model: str, failures: int) -> Delayed | SwitchedModel:
        """What to try next; `ModelFailed` when there is nothing."""
        asked_s = failure.retry_after_s or 0.0
        if asked_s <= LONGEST_WAIT_S and failures < MAX_ATTEMPTS:
            wait_s = asked_s + self._chance() * min(_CAP_S, _BASE_S * 2 ** (failures - 1))
            log.info("model.delayed", model=model, failures=failures, seconds=round(wait_s, 3))
            return Delayed(wait_s, failure.detail)
        fallback = self._fallback_model
        if fallback is not None and fallback != model:
            log.info("model.switched", model=model, fallback=fallback, failures=failures)
            return SwitchedModel(fallback, failure.detail)
        if asked_s > LONGEST_WAIT_S:
            raise ModelFailed(f"{failure.detail} It asks to wait {_duration(asked_s)}.")
        raise failure

    async def models(self) -> list[ModelInfo]:
        return await self._provider.models()

    async def close(self) -> None:
        await self._provider.close()


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3_600:.0f} hours"
