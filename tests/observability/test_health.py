"""Health checks: shared, cached, bounded."""

import asyncio

import structlog

from smriti.observability.health import Health, HealthReport


class _Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class _Part:
    """Counts how often it is asked; fails while `error` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked = 0
        self.error = error

    async def __call__(self) -> None:
        self.asked += 1
        if self.error:
            raise self.error


async def test_every_part_is_asked() -> None:
    health = Health({"store": _Part(), "models": _Part(ConnectionError("no route"))})

    with structlog.testing.capture_logs() as logs:
        report = await health.report()

    assert report == HealthReport(status="unhealthy", checks={"store": "ok", "models": "failed"})
    assert logs == [
        {
            "event": "health.check_failed",
            "log_level": "error",
            "check": "models",
            "error": "ConnectionError('no route')",
        }
    ]


async def test_a_report_is_kept_for_a_second() -> None:
    clock, store = _Clock(), _Part()
    health = Health({"store": store}, clock=clock)

    await health.report()
    clock.now_s += 0.9
    await health.report()
    assert store.asked == 1

    clock.now_s += 0.2
    store.error = OSError("gone")
    assert (await health.report()).status == "unhealthy"
    assert store.asked == 2


async def test_callers_at_the_same_time_share_one_check() -> None:
    store = _Part()
    health = Health({"store": store})

    reports = await asyncio.gather(*(health.report() for _ in range(32)))

    assert store.asked == 1
    assert {report.status for report in reports} == {"healthy"}


async def test_a_part_that_times_out_has_failed() -> None:
    health = Health({"store": _Part(TimeoutError())})

    assert (await health.report()).checks == {"store": "failed"}


async def test_a_caller_who_leaves_does_not_spoil_the_check_for_others() -> None:
    asked = asyncio.Event()

    async def slow_once() -> None:
        if not asked.is_set():
            asked.set()
            await asyncio.Event().wait()

    health = Health({"store": slow_once})
    impatient = asyncio.create_task(health.report())
    await asked.wait()

    impatient.cancel()

    assert (await health.report()).status == "healthy"
