"""The tools that an agent could call now, as its owner sees them."""

from pathlib import Path
from typing import Any

from smriti.db.table import Set, Table
from tests.home import HELLO, Home, open_home


async def offered(home: Home, agent: dict[str, Any]) -> list[tuple[str, str]]:
    tools = await home.get(f"/agents/{agent['agent_id']}/tools")
    assert all(tool["description"] for tool in tools)
    return [(tool["name"], tool["origin"]) for tool in tools]


async def test_they_are_those_of_the_next_turn(home: Home) -> None:
    agent = await home.scripted_agent(capabilities=["devices"])
    model = home.script(HELLO)
    await home.say(await home.conversation(agent, title="Tea"), "Hi")

    tools = await offered(home, agent)

    assert [name for name, _ in tools] == [spec.name for spec in model.requests[0].tools]
    assert {origin for _, origin in tools} == {"memory", "devices"}
    assert ("core_memory_append", "memory") in tools
    assert ("device_task", "devices") in tools


async def test_an_agent_without_devices_is_offered_none(home: Home) -> None:
    tools = await offered(home, await home.agent())

    assert {origin for _, origin in tools} == {"memory"}


async def test_an_agent_of_one_model_call_has_what_it_is_lent(home: Home) -> None:
    bare = await home.agent(agent_name="Bare", agent_architecture="krishna-mini")
    lent = await home.agent(
        agent_name="Lent", agent_architecture="krishna-mini", capabilities=["devices"]
    )

    assert await offered(home, bare) == []
    assert {origin for _, origin in await offered(home, lent)} == {"devices"}


async def test_a_relay_offers_its_servers(table: Table, tmp_path: Path) -> None:
    servers: dict[str, Any] = {
        "tools_set": "http://127.0.0.1:9/set",
        "tools_query": "http://127.0.0.1:9/query",
    }
    async with open_home(table, tmp_path, **servers) as home:
        tools = await offered(home, await home.agent(agent_architecture="relay"))

    assert {origin for _, origin in tools} == {"relay"}


async def test_an_architecture_that_is_not_known_any_more_is_a_conflict(home: Home) -> None:
    agent = await home.agent()
    key = ("User#alice@local", f"Agent#{agent['agent_id']}")
    await home.table.update(key, Set("agent_architecture", "psychic"))

    answer = await home.client.get(f"/agents/{agent['agent_id']}/tools")

    assert answer.status_code == 409
    assert "'psychic'" in answer.json()["detail"]


async def test_another_persons_agent_is_not_found(home: Home) -> None:
    agent = await home.agent()

    async with home.sign_up("bob") as bob:
        answer = await bob.get(f"/agents/{agent['agent_id']}/tools")

    assert answer.status_code == 404
