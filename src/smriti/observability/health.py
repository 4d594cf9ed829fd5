"""Whether the parts that the process depends on answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

import structlog
from pydantic import BaseModel

log = structlog.get_logger()

type Check = Callable[[], Awaitable[None]]
"""Returns when the part is well; raises when it is not."""

_TIMEOUT_S: Final = 2.0
_FRESH_S: Final = 1.0


class HealthReport(BaseModel):
    """`healthy` when every check is `ok`."""

    status: Literal["healthy", "unhealthy"]
    checks: dict[str, Literal["ok", "failed"]]


class Health:
    """Runs the checks, at most once a second however many ask."""

    def __init__(
        self, checks: Mapping[str, Check], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._running = asyncio.Lock()
        self._report = HealthReport(status="healthy", checks={})
        self._fresh_until_s = float("-inf")

    async def report(self) -> HealthReport:
        """Never older than a second; after two seconds a check has failed."""
        async with self._running:
            if self._clock() >= self._fresh_until_s:
                self._report = await self._run()
                self._fresh_until_s = self._clock() + _FRESH_S
        return self._report

    async def _run(self) -> HealthReport:
        outcomes = await asyncio.gather(
            *(_bounded(check) for check in self._checks.values()), return_exceptions=True
        )
        for name, outcome in zip(self._checks, outcomes, strict=True):
            if outcome is not None:
                log.error("health.check_failed", check=name, error=repr(outcome))
        return HealthReport(
            status="unhealthy" if any(outcomes) else "healthy",
            checks={
                name: "failed" if outcome else "ok"
                for name, outcome in zip(self._checks, outcomes, strict=True)
            },
        )


async def _bounded(check: Check) -> None:
    async with asyncio.timeout(_TIMEOUT_S):
        await check()
