"""Rate windows: one contract, in memory and on a table of either engine."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from moto import mock_aws

from smriti.db.dynamodb import DynamoTable, create_table
from smriti.db.table import TTL, Table
from smriti.realtime.memory_windows import CAPACITY, MemoryWindows
from smriti.realtime.windows import RateWindows, Window
from smriti.usage.table_windows import TableWindows
from tests.fakes.clock import Clock

_REGION = "eu-west-2"


@pytest.fixture
def clock() -> Clock:
    return Clock(120_030)


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
async def windows(
    request: pytest.FixtureRequest, clock: Clock, table: Table
) -> AsyncIterator[RateWindows]:
    if request.param == "memory":
        yield MemoryWindows(clock)
    elif request.param == "sqlite":
        yield TableWindows(table, clock)
    else:
        with mock_aws():
            create_table("smriti", region=_REGION)
            dynamo = await DynamoTable.open("smriti", region=_REGION, workers=1)
            yield TableWindows(dynamo, clock)
            await dynamo.close()


async def test_a_window_counts_until_its_end_and_above_its_limit(
    windows: RateWindows, clock: Clock
) -> None:
    seen = []
    for now in (120_030, 120_059, 120_059, 120_060):
        clock.now = now
        seen.append(await windows.count("ada", limit=2, window_s=60))

    assert seen == [
        Window(1, 2, 120_060),
        Window(2, 2, 120_060),
        Window(3, 2, 120_060),
        Window(1, 2, 120_120),
    ]
    assert [window.is_over for window in seen] == [False, False, True, False]


async def test_subjects_and_lengths_are_counted_apart(windows: RateWindows) -> None:
    counts = [
        (await windows.count(subject, limit=9, window_s=window_s)).count
        for subject in ("ada", "bob")
        for window_s in (60, 3600, 60)
    ]

    assert counts == [1, 1, 2] * 2


async def test_all_that_come_at_once_are_counted(windows: RateWindows) -> None:
    counted = await asyncio.gather(
        *(windows.count("ada", limit=1, window_s=3600) for _ in range(100))
    )

    assert sorted(window.count for window in counted) == list(range(1, 101))


async def test_memory_is_bounded(clock: Clock) -> None:
    windows = MemoryWindows(clock)

    for number in range(CAPACITY + 1):
        await windows.count(str(number), limit=1, window_s=60)

    assert (await windows.count(str(CAPACITY), limit=1, window_s=60)).count == 2
    assert (await windows.count("0", limit=1, window_s=60)).count == 1  # the oldest was forgotten


async def test_two_processes_count_in_one_window_which_does_not_stay(
    table: Table, clock: Clock
) -> None:
    first, second = TableWindows(table, clock), TableWindows(table, clock)

    counts = [(await each.count("ada", limit=9, window_s=60)).count for each in (first, second)]

    [item] = (await table.scan()).items
    assert counts == [1, 2]
    assert item[TTL] == 120_120
