"""Places for turns: never more than there are, and nobody waits behind one busy user."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from smriti.turns.slots import FairSlots


class Work:
    """Turns that end when the test says so; `begun` is the order in which they got their places."""

    def __init__(self, limit: int) -> None:
        self.slots = FairSlots(limit)
        self.begun: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, name: str) -> None:
        """The user is the first letter of the name."""
        self.tasks[name] = asyncio.create_task(self._run(name))
        await asyncio.sleep(0)

    async def _run(self, name: str) -> None:
        async with self.slots.taken(name[0]):
            self.begun.append(name)
            await self._ends.setdefault(name, asyncio.Event()).wait()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)


async def test_users_who_wait_take_turns() -> None:
    work = Work(1)
    for name in ("a1", "a2", "a3", "a4", "b1", "c1", "b2"):
        await work.start(name)

    for name in ("a1", "a2", "b1", "c1", "a3", "b2", "a4"):
        await work.end(name)

    assert work.begun == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


async def test_who_leaves_the_line_takes_nobodys_place() -> None:
    work = Work(1)
    for name in ("a1", "a2", "b1"):
        await work.start(name)

    work.tasks["a2"].cancel()
    await work.end("a1")

    assert work.begun == ["a1", "b1"]
    assert work.slots.full


@settings(max_examples=60)
@given(st.integers(1, 3), st.lists(st.tuples(st.sampled_from("sec"), st.integers(0, 11))))
async def test_places_are_never_more_than_the_limit_and_none_is_lost(
    limit: int, steps: list[tuple[str, int]]
) -> None:
    work = Work(limit)
    running: list[str] = []
    for step, number in steps:
        name = f"{'abc'[number % 3]}{number}"
        if step == "s" and name not in work.tasks:
            await work.start(name)
        elif step == "e" and name in work.begun and not work.tasks[name].done():
            await work.end(name)
        elif step == "c" and name in work.tasks:
            work.tasks[name].cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        alive = [name for name, task in work.tasks.items() if not task.done()]
        running = [name for name in alive if name in work.begun]
        assert len(running) == min(limit, len(alive))
    assert work.slots.full == (len(running) == limit)
    for task in work.tasks.values():
        task.cancel()
    await asyncio.gather(*work.tasks.values(), return_exceptions=True)
