"""No plan is passed by being quick: many at once, on DynamoDB's protocol."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from smriti.db.table import Table
from tests.home import HELLO, Home, open_home
from tests.usage.counting import limited, usage_over

AT_ONCE = 100
LIMITS = {"agents": 2, "messages_per_month": 2, "kb_pages": 2, "memory_blocks": 3}


@pytest.fixture
async def homes(table: Table, tmp_path: Path) -> AsyncIterator[list[Home]]:
    """Two servers on the table; alice has signed in at both."""
    settings = limited(tmp_path, **LIMITS)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_home(table, tmp_path, **settings))
        token = first.client.headers["Authorization"].removeprefix("Bearer ")
        second = open_home(table, tmp_path, token=token, **settings)
        yield [first, await stack.enter_async_context(second)]


async def test_of_many_messages_at_once_the_one_passes_that_is_left(homes: list[Home]) -> None:
    home = homes[0]
    agent = await home.scripted_agent()
    talks = [await home.conversation(agent) for _ in range(10)]
    for each in homes:
        each.script(*[HELLO] * 4)  # titles are asked for, too
    await home.say(talks[0], "Hi")

    answers = await asyncio.gather(
        *(homes[n % 2].send(talks[n // 2 % 10], {"content": "Hi"}) for n in range(AT_ONCE))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [429] * (AT_ONCE - 1)
    assert (await home.get("/usage"))["used"]["messages"] == 2


async def test_of_many_pages_at_once_those_pass_that_are_left(table: Table, tmp_path: Path) -> None:
    processes = [usage_over(table, **limited(tmp_path, **LIMITS)) for _ in range(2)]
    await processes[0].reserve("ada@example.com", "kb_pages")

    answers = await asyncio.gather(
        *(processes[n % 2].reserve("ada@example.com", "kb_pages") for n in range(AT_ONCE)),
        return_exceptions=True,
    )

    kinds = [type(answer).__name__ for answer in answers]
    assert sorted(kinds) == ["PlanLimitReached"] * (AT_ONCE - 1) + ["Reservation"]


async def test_of_many_agents_and_blocks_at_once_those_are_made_that_are_left(
    homes: list[Home],
) -> None:
    agent = await homes[0].agent()
    body = {name: agent[name] for name in agent if name.startswith("agent_") and agent[name]}
    path = f"/agents/{agent['agent_id']}/memory-blocks"

    agents = await asyncio.gather(
        *(
            homes[n % 2].client.post("/agents", json=body | {"agent_name": f"N{n}"})
            for n in range(AT_ONCE)
        )
    )
    blocks = await asyncio.gather(
        *(
            homes[n % 2].client.post(path, json={"name": f"block_{n}", "description": "More"})
            for n in range(AT_ONCE)
        )
    )

    only_one = [201] + [429] * (AT_ONCE - 1)
    assert sorted(answer.status_code for answer in agents) == only_one
    assert sorted(answer.status_code for answer in blocks) == only_one
