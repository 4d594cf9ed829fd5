"""The measurements of size: long conversations, many open streams."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp

from figures import Part, Row
from history import QUESTION, write_conversations
from machine import ForeignLoad, cpu_s, pss_mib
from rounds import SHORT, Bench, Options, alternate, asked, warm_up
from servers import CLIENTS, Server, relay, smriti, stub_model
from targets import HEADERS, OpenAITarget, Place, SmritiTarget, new_session, take_turn

LENGTHS: Final = (10, 100, 1_000, 10_000)
_ACCOUNTS: Final = 10  # the connections to one account's model are bounded
_HOLD_MS: Final = 800_000
_OPENING: Final = 50
_PATIENCE_S: Final = 120.0
_SETTLE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    wall_ms: float
    cpu_ms: float


async def length(options: Options) -> Part:
    rounds = options.count(40, 6)
    with tempfile.TemporaryDirectory(prefix="smriti-bench-") as directory, stub_model() as stub:
        data_dir = Path(directory) / "data"
        async with _with_history(data_dir, stub, rounds, options.max_foreign) as (bench, places):
            turns = {
                f"{length:,} messages": partial(_cost, bench, iter(queue))
                for length, queue in places.items()
            }
            found = await alternate(bench, turns, rounds=rounds)
    return Part(
        "length",
        f"One turn of {SHORT} tokens in a conversation of so many messages, Smriti",
        [
            Row("CPU a turn", "ms", found.values(lambda cost: cost.cpu_ms)),
            Row("whole turn", "ms", found.values(lambda cost: cost.wall_ms)),
        ],
        [found.note],
    )


@asynccontextmanager
async def _with_history(
    data_dir: Path, stub: Server, rounds: int, max_foreign: float
) -> AsyncIterator[tuple[Bench, dict[int, list[Place]]]]:
    """Smriti with conversations of every length: for each, where the turn of a round goes.

    A conversation serves no more turns than make it a tenth longer.
    """
    uses = {length: min(rounds, max(1, length // 20)) for length in LENGTHS}
    lengths = [length for length in LENGTHS for _ in range(-(-rounds // uses[length]))]
    async with new_session() as session:
        with smriti(data_dir) as server:
            target = await SmritiTarget.open(session, server, stub)
        ids = await write_conversations(
            data_dir / "smriti.db", target.owner, target.agent_id, lengths
        )
        with smriti(data_dir) as server:
            target = target.at(server)
            await warm_up(session, target)
            queues: dict[int, list[Place]] = {length: [] for length in LENGTHS}
            for length, conversation_id in zip(lengths, ids, strict=True):
                queues[length] += [target.place(conversation_id)] * uses[length]
            foreign = ForeignLoad([stub.pid, target.pid])
            yield Bench(session, [target], foreign, max_foreign), queues


async def _cost(bench: Bench, queue: Iterator[Place]) -> Cost:
    (target,) = bench.targets
    used = cpu_s(target.pid)
    turn = await take_turn(bench.session, next(queue), asked(SHORT))
    await asyncio.sleep(0.01)  # what follows the last byte belongs to the turn, too
    return Cost(1000 * turn.total, 1000 * (cpu_s(target.pid) - used))


async def memory(options: Options) -> Part:
    streams = options.count(1000, 100)
    none: dict[str, list[float]] = {}
    many: dict[str, list[float]] = {}
    for name in (*CLIENTS, SmritiTarget.name):
        none[name], many[name] = await _with_open_streams(name, streams)
    each = {name: [(many[name][0] - none[name][0]) * 1024 / streams] for name in none}
    return Part(
        "memory",
        f"Resident memory (PSS) with {streams:,} turns that wait for the model",
        [
            Row("none open", "MiB", none),
            Row(f"{streams:,} open", "MiB", many),
            Row("each", "KiB", each),
        ],
        [f"{_ACCOUNTS} accounts, a conversation for each turn."],
    )


async def _with_open_streams(name: str, count: int) -> tuple[list[float], list[float]]:
    """Memory of a fresh server before and with so many open streams, in MiB."""
    with ExitStack() as stack:
        stub = stack.enter_context(stub_model())
        async with new_session() as session:
            pid, places = await _places(name, stack, stub, session, count)
            for place in places[:: max(1, count // _ACCOUNTS)]:
                await take_turn(session, place, asked(SHORT))
            before = pss_mib(pid)
            async with _held(session, places):
                await _until_all_wait(session, stub, count)
                await asyncio.sleep(_SETTLE_S)
                return [before], [pss_mib(pid)]


async def _places(
    name: str, stack: ExitStack, stub: Server, session: aiohttp.ClientSession, count: int
) -> tuple[int, list[Place]]:
    """A fresh server's process, and where its turns are sent."""
    if name in CLIENTS:
        server = stack.enter_context(relay(name, stub))
        return server.pid, await OpenAITarget(name, f"{server.url}/v1", None).places(count)
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="smriti-bench-"))
    server = stack.enter_context(smriti(Path(directory) / "data"))
    targets = [await SmritiTarget.open(session, server, stub) for _ in range(_ACCOUNTS)]
    places = [await target.places(count // _ACCOUNTS) for target in targets]
    return server.pid, [place for some in places for place in some]


@asynccontextmanager
async def _held(session: aiohttp.ClientSession, places: Sequence[Place]) -> AsyncIterator[None]:
    """A turn in each place whose answer does not begin."""
    opening = asyncio.Semaphore(_OPENING)
    async with AsyncExitStack() as stack:

        async def open_one(place: Place) -> None:
            async with opening:
                body = place.question(f"{QUESTION} [ttft={_HOLD_MS}]")
                headers = {**HEADERS, **place.headers}
                await stack.enter_async_context(session.post(place.url, data=body, headers=headers))

        await asyncio.gather(*map(open_one, places))
        yield


async def _until_all_wait(session: aiohttp.ClientSession, stub: Server, count: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while await _running(session, stub) < count:  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.2)


async def _running(session: aiohttp.ClientSession, stub: Server) -> int:
    async with session.get(f"{stub.url}/running") as response:
        return int(await response.text())
