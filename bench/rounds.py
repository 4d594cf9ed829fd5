"""How targets are measured: in alternation, so that what else the machine does falls on all."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

import aiohttp

from figures import quiet
from history import QUESTION
from machine import ForeignLoad
from servers import Servers, all_servers
from targets import OpenAITarget, SmritiTarget, Target, new_session, take_turn

SHORT: Final = 32
"""The tokens of an ordinary answer."""

_WARM_UP: Final = 10

type Measure[T] = Callable[[], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. `other` is a server that somebody else started."""

    quick: bool = False
    max_foreign: float = 0.25
    stub_port: int = 0
    other: OpenAITarget | None = None

    def count(self, usual: int, quick: int) -> int:
        return quick if self.quick else usual


@dataclass(frozen=True, slots=True)
class Bench:
    """Servers that run, and how to ask them."""

    session: aiohttp.ClientSession
    targets: Sequence[Target]
    foreign: ForeignLoad
    max_foreign: float


@dataclass(frozen=True, slots=True)
class Rounds[T]:
    """What each contestant measured; the same position is the same moment."""

    samples: Mapping[str, Sequence[T]]
    note: str

    def values(self, of: Callable[[T], float]) -> dict[str, list[float]]:
        return {name: [of(sample) for sample in samples] for name, samples in self.samples.items()}


@asynccontextmanager
async def open_bench(options: Options) -> AsyncIterator[Bench]:
    """Fresh servers: the relays, Smriti, and the other one if there is one."""
    with all_servers(stub_port=options.stub_port) as servers:
        async with new_session() as session:
            smriti = await SmritiTarget.open(session, servers.smriti, servers.stub)
            others = [options.other] if options.other else []
            pids = servers.pids + [other.pid for other in others if other.pid is not None]
            targets = [*_relays(servers), smriti, *others]
            for target in targets:
                await warm_up(session, target)
            yield Bench(session, targets, ForeignLoad(pids), options.max_foreign)


def asked(tokens: int, delay_ms: int = 0) -> str:
    """A question that the stub answers with so many tokens, so far apart."""
    return f"{QUESTION} [tokens={tokens}] [itl={delay_ms}]"


async def warm_up(session: aiohttp.ClientSession, target: Target) -> None:
    """With the first turns, servers load what they need and open connections."""
    for place in await target.places(_WARM_UP):
        await take_turn(session, place, asked(SHORT))


def _relays(servers: Servers) -> list[Target]:
    return [
        OpenAITarget(client, f"{server.url}/v1", server.pid)
        for client, server in servers.relays.items()
    ]


async def alternate[T](
    bench: Bench, contestants: Mapping[str, Measure[T]], *, rounds: int, turns: int = 1
) -> Rounds[T]:
    """Let everybody measure `turns` times a round, in random order.

    Rounds in which others used the machine are left out, for all alike.
    """
    measured: list[dict[str, list[T]]] = []
    loads: list[float] = []
    for _ in range(rounds):
        found: dict[str, list[T]] = {name: [] for name in contestants}
        bench.foreign.mark()
        for _ in range(turns):
            order = list(contestants)
            random.shuffle(order)
            for name in order:
                found[name].append(await contestants[name]())
        measured.append(found)
        loads.append(bench.foreign.cores())
    kept = quiet(loads, bench.max_foreign)
    samples = {name: [one for n in kept for one in measured[n][name]] for name in contestants}
    load = median(loads[n] for n in kept)
    return Rounds(samples, f"{len(kept)} of {rounds} rounds kept; others used {load:.2f} cores.")
