"""The measurements of a chat turn. Each starts servers of its own, and ends them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from figures import Part, Row, Samples, differences
from machine import cpu_s
from rounds import SHORT, Bench, Options, alternate, asked, open_bench
from targets import Place, Target, Turn, take_turn

_LONG: Final = 512
_TURNS: Final = 10  # of one conversation, before a new one takes its place
_LOADS: Final = ((1, 10), (8, 16), (32, 32))  # so many at once, of so many conversations

type Measurement = Callable[[Options], Awaitable[Part]]


@dataclass(frozen=True, slots=True)
class Burst:
    """Many turns at once: what all of them cost together."""

    turns: int
    wall_s: float
    cpu_s: float

    @property
    def cpu_ms_a_turn(self) -> float:
        return 1000 * self.cpu_s / self.turns

    @property
    def turns_a_second(self) -> float:
        return self.turns / self.wall_s


async def latency(options: Options) -> Part:
    rounds = options.count(25, 5)
    async with open_bench(options) as bench:
        turns = {
            target.name: await _single_turns(bench, target, rounds) for target in bench.targets
        }
        found = await alternate(bench, turns, rounds=rounds, turns=_TURNS)
    first = found.values(lambda turn: 1000 * turn.first_token)
    base = next(iter(first))
    added = {name: differences(values, first[base]) for name, values in first.items()}
    return Part(
        "latency",
        f"One turn at a time, {SHORT} tokens",
        [
            Row("first byte", "ms", found.values(lambda turn: 1000 * turn.first_byte)),
            Row("first token", "ms", first),
            Row("first token, added", "ms", added, plain=True),
            Row("whole turn", "ms", found.values(lambda turn: 1000 * turn.total)),
        ],
        [found.note],
    )


async def _single_turns(bench: Bench, target: Target, rounds: int) -> Callable[[], Awaitable[Turn]]:
    """One turn a call, in a new conversation every round."""
    places = await target.places(rounds)
    queue = iter([place for place in places for _ in range(_TURNS)])
    return lambda: take_turn(bench.session, next(queue), asked(SHORT))


async def load(options: Options) -> Part:
    rows: list[Row] = []
    notes: list[str] = []
    async with open_bench(options) as bench:
        for at_once, conversations in _LOADS:
            bursts = {
                target.name: partial(_load, bench, target, at_once, conversations)
                for target in bench.targets
            }
            found = await alternate(bench, bursts, rounds=options.count(8, 1))
            cpu = _seen(bench, found.values(lambda one: one.cpu_ms_a_turn))
            speed = found.values(lambda one: one.turns_a_second)
            rows.append(Row(f"CPU a turn, {at_once} at once", "ms", cpu))
            rows.append(Row(f"speed, {at_once} at once", "turns/s", speed))
            notes.append(f"{at_once} at once: {found.note}")
    return Part("load", f"Many turns, {SHORT} tokens", sorted(rows, key=lambda r: r.unit), notes)


async def _load(bench: Bench, target: Target, at_once: int, conversations: int) -> Burst:
    places = await target.places(conversations)
    return await _burst(bench, target, places, asked(SHORT), at_once=at_once)


async def tokens(options: Options) -> Part:
    long = options.count(_LONG, _LONG // 4)
    rows: list[Row] = []
    notes: list[str] = []
    async with open_bench(options) as bench:
        for delay_ms, at_once in ((0, 4), (10, 16)):
            measures = {
                target.name: partial(_cpu_a_token, bench, target, long, delay_ms, at_once)
                for target in bench.targets
                if target.pid is not None
            }
            found = await alternate(bench, measures, rounds=options.count(6, 1))
            how = f"{delay_ms} ms apart" if delay_ms else "without pause"
            rows.append(Row(f"CPU a token more, {how}", "μs", found.values(float)))
            notes.append(f"{how}: {at_once} streams at once. {found.note}")
    return Part("tokens", f"Answers of {long} tokens against {SHORT}", rows, notes)


async def _cpu_a_token(
    bench: Bench, target: Target, tokens: int, delay_ms: int, at_once: int
) -> float:
    conversations = at_once if delay_ms else 5 * at_once
    short, long = [
        await _burst(
            bench,
            target,
            await target.places(conversations),
            asked(count, delay_ms),
            at_once=at_once,
            turns=1,
        )
        for count in (SHORT, tokens)
    ]
    return 1000 * (long.cpu_ms_a_turn - short.cpu_ms_a_turn) / (tokens - SHORT)


async def _burst(
    bench: Bench,
    target: Target,
    places: Sequence[Place],
    text: str,
    *,
    at_once: int,
    turns: int = _TURNS,
) -> Burst:
    """So many turns in each place, one after another, in `at_once` places at a time."""
    waiting = iter(places)

    async def talk() -> None:
        for place in waiting:
            for _ in range(turns):
                await take_turn(bench.session, place, text)

    began, used = time.perf_counter(), cpu_s(target.pid)
    await asyncio.gather(*(talk() for _ in range(at_once)))
    return Burst(len(places) * turns, time.perf_counter() - began, cpu_s(target.pid) - used)


def _seen(bench: Bench, samples: Samples) -> Samples:
    """Without the targets whose use of the machine cannot be seen."""
    return {target.name: samples[target.name] for target in bench.targets if target.pid is not None}
