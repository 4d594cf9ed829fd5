"""Plans at the doors: agents, memory blocks, imports, and the page that tells of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smriti.agents.repository import agent_key
from smriti.db.table import Delete, Put, Set, Table
from tests.home import Home, open_home
from tests.transfer.files import agent_file, send_file
from tests.usage.counting import limited

type Json = dict[str, Any]

LIMITS = {"agents": 2, "memory_blocks": 4}


@pytest.fixture
async def home(table: Table, tmp_path: Path) -> AsyncIterator[Home]:
    """A server on which everybody has two agents, and four blocks with each."""
    async with open_home(table, tmp_path, **limited(tmp_path, **LIMITS)) as opened:
        yield opened


def agent(name: str) -> Json:
    definition: Json = agent_file()["agent"]
    return definition | {"agent_name": name}


async def statuses(*requests: Any) -> list[int]:
    return sorted(response.status_code for response in await asyncio.gather(*requests))


def refusal(response: httpx2.Response) -> tuple[int, Json, str | None]:
    return response.status_code, response.json()["detail"], response.headers.get("Retry-After")


def full(what: str, limit: int, current: int) -> tuple[int, Json, None]:
    """How it is refused that there be more; waiting does not help, so there is no Retry-After."""
    detail = {
        "message": f"{what} limit reached ({limit}). Upgrade to create more.",
        "limit": limit,
        "current": current,
        "tier": "free",
        "upgrade_url": "https://app.test/pricing",
    }
    return 429, detail, None


async def test_one_agent_too_many_is_refused_in_known_words(home: Home) -> None:
    first = await home.post("/agents", agent("One"))
    await home.post("/agents", agent("Two"))

    refused = await home.client.post("/agents", json=agent("Three"))

    assert refusal(refused) == full("Agent", 2, 2)
    assert (refused.headers["RateLimit-Limit"], refused.headers["RateLimit-Remaining"]) == (
        *("2", "0"),
    )
    assert await home.post("/agents", agent("One")) == first
    await home.client.delete(f"/agents/{first['agent_id']}")
    await home.post("/agents", agent("Three"))


async def test_of_a_hundred_agents_at_once_as_many_are_made_as_may_be(home: Home) -> None:
    await home.post("/agents", agent("One"))

    made = await statuses(*(home.client.post("/agents", json=agent(f"N{n}")) for n in range(100)))

    assert made == [201] + [429] * 99
    assert len(await home.get("/agents")) == 2


async def test_an_older_tables_count_of_agents_is_made_anew(home: Home, table: Table) -> None:
    """It has the item, but its number under another name."""
    counter = "User#alice@local", "Usage#active"
    one = (await home.post("/agents", agent("One")))["agent_id"]

    async def older() -> None:
        pk, sk = counter
        await table.write(Put({"pk": pk, "sk": sk, "agents": 7}))

    await older()
    used = (await home.get("/usage"))["used"]["agents"]
    await older()
    await home.post("/agents", agent("Two"))
    refused = await home.client.post("/agents", json=agent("Three"))
    await older()
    await home.client.delete(f"/agents/{one}")

    assert used == 1
    assert refusal(refused) == full("Agent", 2, 2)
    assert ((await table.get(counter)) or {})["active_agents"] == 1


async def test_one_block_too_many_is_refused_in_known_words(home: Home) -> None:
    path = f"/agents/{(await home.agent())['agent_id']}/memory-blocks"
    block = {"name": "one", "description": "First"}
    await home.post(path, block)
    await home.post(path, block | {"name": "two"})

    refused = await home.client.post(path, json=block | {"name": "three"})

    assert refusal(refused) == full("Memory block", 4, 4)
    assert (await home.client.post(path, json=block)).status_code == 400
    for _ in range(2):
        await home.client.delete(f"{path}/one")
    await home.post(path, block | {"name": "three"})
    assert (await home.client.post(path, json=block)).status_code == 429


async def test_of_a_hundred_blocks_at_once_as_many_are_made_as_may_be(home: Home) -> None:
    path = f"/agents/{(await home.agent())['agent_id']}/memory-blocks"
    blocks = [{"name": f"block_{n}", "description": "More"} for n in range(100)]

    made = await statuses(*(home.client.post(path, json=block) for block in blocks))

    assert made == [201] * 2 + [429] * 98
    assert len(await home.get(path)) == 4


async def test_blocks_of_an_older_table_are_counted(home: Home) -> None:
    path = f"/agents/{(await home.agent())['agent_id']}/memory-blocks"
    await home.post(path, {"name": "old", "description": "There before"})
    (counter,) = await home.items_with("BlockCount")
    key = str(counter["pk"]), str(counter["sk"])
    await home.table.write(Delete(key))

    await home.post(path, {"name": "new", "description": "The last one"})
    refused = await home.client.post(path, json={"name": "newer", "description": "One too many"})
    await home.table.write(Delete(key))
    await home.client.delete(f"{path}/old")
    await home.post(path, {"name": "newer", "description": "The last one again"})

    assert refused.status_code == 429
    assert ((await home.table.get(key)) or {})["blocks"] == 4


async def test_a_file_with_too_much_is_refused_before_anything_is_made(home: Home) -> None:
    await home.agent()
    many: Json = {
        "format": "smriti-account",
        "version": 1,
        "agents": [agent_file(), agent_file(agent=agent("Other"))],
    }
    blocks = [{"name": f"block_{number}", "lines": []} for number in range(3)]

    too_many = await send_file(home.client, many)
    too_full = await send_file(home.client, agent_file(memory={"blocks": blocks}))

    assert refusal(too_many) == full("Agent", 2, 1)
    assert refusal(too_full) == full("Memory block", 4, 2)
    assert len(await home.get("/agents")) == 1
    fits = await send_file(home.client, agent_file(memory={"blocks": blocks[:2]}))
    assert fits.status_code == 201, fits.text


async def test_whoever_has_too_much_after_a_smaller_plan_keeps_it(
    home: Home, table: Table, tmp_path: Path
) -> None:
    await home.post("/agents", agent("One"))
    await home.post("/agents", agent("Two"))
    token = home.client.headers["Authorization"].partition(" ")[2]

    async with open_home(table, tmp_path, token=token, **limited(tmp_path, agents=1)) as poorer:
        refused = await poorer.client.post("/agents", json=agent("Three"))
        kept = await poorer.get("/agents")

    assert refusal(refused) == full("Agent", 1, 2)
    assert [each["agent_name"] for each in kept] == ["One", "Two"]


async def test_the_page_of_usage_tells_ones_own(home: Home, table: Table) -> None:
    made = await home.agent()
    pk, _ = agent_key("alice@local", made["agent_id"])
    await table.update((pk, "Usage#2020-01"), Set("messages_used", 5))

    async with home.sign_up("bob") as bob:
        others = (await bob.get("/usage")).json()
    summary = await home.get("/usage?months=12")

    assert {name: summary[name] for name in ("tier", "plan", "enforced", "limits")} == {
        "tier": "free",
        "plan": "Free",
        "enforced": True,
        "limits": {"agents": 2, "messages": 1, "kb_pages": 10, "memory_blocks": 4},
    }
    assert (summary["used"]["agents"], others["used"]["agents"]) == (1, 0)
    assert len(summary["months"]) == 12


@pytest.mark.parametrize("months", ["0", "13", "many"])
async def test_of_how_many_months_it_tells(home: Home, months: str) -> None:
    assert (await home.client.get(f"/usage?months={months}")).status_code == 422
