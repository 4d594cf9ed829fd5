"""A turn's place and time, while others do its work."""

import asyncio

import pytest

from smriti.turns.slots import FairSlots
from smriti.turns.stay import Stay


async def test_who_is_away_leaves_the_place_to_others_and_waits_to_come_back() -> None:
    slots = FairSlots(1)
    stay, other = Stay(slots, "a"), Stay(slots, "b")
    left, over = asyncio.Event(), asyncio.Event()
    back: list[bool] = []

    async def be_away() -> None:
        async with stay:
            async with stay.left():
                left.set()
                await over.wait()
            back.append(True)

    going = asyncio.create_task(be_away())
    await left.wait()
    async with other:
        over.set()
        await asyncio.sleep(0.01)
        assert (back, slots.full) == ([], True)
    await going

    assert (back, slots.full) == ([True], False)


async def test_time_stands_still_for_who_is_away() -> None:
    stay, passed = Stay(FairSlots(1), "a"), list[str]()

    async def think_for_ever() -> None:
        async with stay, asyncio.timeout(0.05) as stay.limit:
            async with stay.left():
                assert stay.limit.when() is None
                await asyncio.sleep(0.1)
            passed.append("the absence")
            await asyncio.sleep(10)

    with pytest.raises(TimeoutError):
        await think_for_ever()

    assert passed == ["the absence"]


async def test_of_several_tools_the_last_that_comes_back_brings_the_turn_back() -> None:
    slots = FairSlots(1)
    stay = Stay(slots, "a")
    first, second = asyncio.Event(), asyncio.Event()

    async def be_away(until: asyncio.Event) -> None:
        async with stay.left():
            await until.wait()

    async with stay:
        tools = [asyncio.create_task(be_away(until)) for until in (first, second)]
        await asyncio.sleep(0)
        first.set()
        await tools[0]
        assert (stay.away, slots.full) == (True, False)
        second.set()
        await tools[1]
        assert (stay.away, slots.full) == (False, True)

    assert not slots.full


async def test_two_that_come_back_at_once_take_one_place() -> None:
    slots = FairSlots(2)
    stay = Stay(slots, "a")
    others = [Stay(slots, "b"), Stay(slots, "c")]

    async with stay:
        async with stay.left():
            for other in others:
                await other.__aenter__()
            returning = [asyncio.create_task(_leave_and_return(stay)) for _ in range(2)]
            await asyncio.sleep(0)
        for other in others:
            await other.__aexit__()
        await asyncio.gather(*returning)
        assert not slots.full

    async with stay, others[0]:
        assert slots.full


async def test_who_is_cancelled_while_away_gives_back_nothing_twice() -> None:
    slots = FairSlots(1)
    stay = Stay(slots, "a")

    async def be_away() -> None:
        async with stay, stay.left():
            await asyncio.sleep(10)

    going = asyncio.create_task(be_away())
    await asyncio.sleep(0)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)

    async with stay:
        assert slots.full


async def _leave_and_return(stay: Stay) -> None:
    async with stay.left():
        await asyncio.sleep(0)
