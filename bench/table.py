"""What the store costs, through its port: SQLite in memory, SQLite in a file, and DynamoDB.

    uv run bench/table.py [--quick] [--endpoint URL]

DynamoDB is measured when DYNAMODB_TABLE names a table, or --endpoint an engine that speaks its
protocol, with the credentials that its client finds. What was written there is deleted again.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from figures import aligned, quantile, shown
from operations import OPERATIONS, Ground, Operation
from smriti.core.clock import new_id
from smriti.core.config import Config
from smriti.db.dynamodb import DynamoTable, create_table
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Table

_AT_ONCE: Final = 32
_BURSTS: Final = 3
_HEADER: Final = ("", "p50 ms", "p95 ms", f"operations/s at {_AT_ONCE}", "CPU μs at 32")

type Grounds = Mapping[str, Sequence[Ground]]


@dataclass(frozen=True, slots=True)
class Burst:
    """Many operations at once. The CPU time is this process's, its store threads included."""

    a_second: float
    cpu_us: float


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what the store costs.")
    parser.add_argument("--quick", action="store_true", help="few samples: to see that all works")
    parser.add_argument("--endpoint", metavar="URL", help="an engine of DynamoDB's protocol")
    given = parser.parse_args()
    samples = 20 if given.quick else 1000
    asyncio.run(_measure(given.endpoint, samples), loop_factory=uvloop.new_event_loop)
    return 0


async def _measure(endpoint: str | None, samples: int) -> None:
    async with _tables(endpoint) as tables, _laid(tables) as grounds:
        lines: list[Sequence[str]] = [_HEADER]
        for name, operation in OPERATIONS.items():
            times = await _one_by_one(grounds, operation, samples)
            bursts = await _at_once(grounds, operation, samples)
            lines += [
                _line(f"{name}, {engine}", times[engine], bursts[engine]) for engine in tables
            ]
        print("\n".join(aligned(lines)))


def _line(title: str, times_ms: Sequence[float], bursts: Sequence[Burst]) -> list[str]:
    figures = (
        median(times_ms),
        quantile(times_ms, 0.95),
        median(burst.a_second for burst in bursts),
        median(burst.cpu_us for burst in bursts),
    )
    return [title, *map(shown, figures)]


async def _one_by_one(
    grounds: Grounds, operation: Operation, samples: int
) -> dict[str, list[float]]:
    """Milliseconds of an operation; the engines take turns."""
    times: dict[str, list[float]] = {engine: [] for engine in grounds}
    order = list(grounds)
    for _ in range(samples):
        random.shuffle(order)
        for engine in order:
            began = time.perf_counter()
            await operation(grounds[engine][0])
            times[engine].append(1000 * (time.perf_counter() - began))
    return times


async def _at_once(grounds: Grounds, operation: Operation, samples: int) -> dict[str, list[Burst]]:
    bursts: dict[str, list[Burst]] = {engine: [] for engine in grounds}
    for _ in range(_BURSTS):
        for engine, own in grounds.items():
            bursts[engine].append(await _burst(own, operation, 1 + samples // 50))
    return bursts


async def _burst(grounds: Sequence[Ground], operation: Operation, each: int) -> Burst:
    async def repeat(ground: Ground) -> None:
        for _ in range(each):
            await operation(ground)

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(repeat, grounds))
    count = each * len(grounds)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
    return Burst(count / seconds, 1_000_000 * cpu_s / count)


@asynccontextmanager
async def _laid(tables: Mapping[str, Table]) -> AsyncIterator[Grounds]:
    """Users in every table, cleared away at the end."""
    run = new_id()
    grounds = {
        engine: [Ground(table, f"{run}-{number}") for number in range(_AT_ONCE)]
        for engine, table in tables.items()
    }
    everyone = [ground for own in grounds.values() for ground in own]
    try:
        await asyncio.gather(*(ground.lay() for ground in everyone))
        yield grounds
    finally:
        await asyncio.gather(*(ground.clear() for ground in everyone))


@asynccontextmanager
async def _tables(endpoint: str | None) -> AsyncIterator[dict[str, Table]]:
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="smriti-bench-"))
        tables: dict[str, Table] = {
            "memory": SqliteTable.open(),
            "file": SqliteTable.open(Path(directory) / "smriti.db"),
        }
        config = Config()
        endpoint = endpoint or config.dynamodb_endpoint
        if config.dynamodb_table or endpoint:
            name, region = config.dynamodb_table or "smriti-bench", config.aws_region_name
            await asyncio.to_thread(create_table, name, region=region, endpoint=endpoint)
            dynamodb = await DynamoTable.open(name, endpoint=endpoint, region=region)
            tables["DynamoDB"] = dynamodb
        for table in tables.values():
            stack.push_async_callback(table.close)
        yield tables


if __name__ == "__main__":
    sys.exit(main())
