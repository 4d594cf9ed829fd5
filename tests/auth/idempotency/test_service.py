"""Attempts at one request, after one of them has crashed."""

import asyncio

import pytest

from smriti.auth.idempotency.models import Answer, IdempotencyRecord
from smriti.auth.idempotency.repository import IdempotencyRepository
from smriti.auth.idempotency.service import CLAIM_S, Idempotency, RequestInProgress
from smriti.db.table import Table
from tests.fakes.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def idempotency(table: Table, clock: Clock) -> Idempotency:
    return Idempotency(IdempotencyRepository(table), now=clock, pause=clock.pause)


async def test_an_attempt_that_was_overtaken_changes_nothing(
    idempotency: Idempotency, clock: Clock
) -> None:
    slow = await idempotency.begin("ada", "key", b"request")
    clock.now += CLAIM_S
    fast = await idempotency.begin("ada", "key", b"request")

    await idempotency.release(slow, refused=True)
    await idempotency.release(slow, refused=False)
    for claim, text in ((slow, "slow"), (fast, "fast"), (slow, "slow")):
        await idempotency.finish(claim, Answer(status=200, content_type="text/plain", body=text))

    done = await idempotency.begin("ada", "key", b"request")
    assert fast.resource_id == slow.resource_id
    assert done.answer is not None
    assert done.answer.body == "fast"


async def test_of_many_that_come_after_a_crash_one_takes_over(
    idempotency: Idempotency, clock: Clock
) -> None:
    await idempotency.begin("ada", "key", b"request")
    clock.now += CLAIM_S

    attempts = await asyncio.gather(
        *(idempotency.begin("ada", "key", b"request") for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(attempt, IdempotencyRecord) for attempt in attempts) == 1
    assert sum(isinstance(attempt, RequestInProgress) for attempt in attempts) == 4


async def test_what_has_ended_at_the_last_moment_is_not_taken_over(
    table: Table, idempotency: Idempotency
) -> None:
    records = IdempotencyRepository(table)
    slow = await idempotency.begin("ada", "key", b"request")
    heir = slow.model_copy(update={"claim_id": "heir"})
    await idempotency.finish(slow, Answer(status=200, content_type="text/plain", body="slow"))

    assert not await records.replace(slow, heir)
