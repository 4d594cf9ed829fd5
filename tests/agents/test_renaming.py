"""A new name for an agent, which stays the same agent."""

import asyncio
from typing import Any

import httpx2
import pytest

from smriti.agents.repository import AgentRepository
from tests.home import Home

PERSON: dict[str, Any] = {"agent_persona": "Kinder."}


async def rename(home: Home, agent: dict[str, Any], name: str, **more: Any) -> httpx2.Response:
    return await home.client.put(f"/agents/{agent['agent_id']}", json={"agent_name": name} | more)


async def names(home: Home) -> list[str]:
    return [agent["agent_name"] for agent in await home.get("/agents")]


async def test_a_renamed_agent_keeps_its_id_and_all_else(home: Home) -> None:
    agent = await home.agent(temperature=0.5)

    changed = (await rename(home, agent, "  Gardener ", **PERSON)).json()

    assert changed == agent | PERSON | {
        "agent_name": "Gardener",
        "updated_at": changed["updated_at"],
    }
    assert await home.get("/agents") == [changed]


async def test_the_old_name_is_free_and_the_new_one_is_not(home: Home) -> None:
    agent = await home.agent(agent_name="Librarian")
    await rename(home, agent, "Gardener")

    same = await home.agent(agent_name="Gardener")
    other = await home.agent(agent_name="Librarian")

    assert same["agent_id"] == agent["agent_id"]
    assert other["agent_id"] != agent["agent_id"]
    assert len(await home.items_with("AgentName#")) == 2


async def test_a_taken_name_is_refused_and_nothing_is_changed(home: Home) -> None:
    agent = await home.agent(agent_name="Librarian")
    other = await home.agent(agent_name="Gardener")

    answer = await rename(home, agent, "Gardener", **PERSON)

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/agent-name-taken"
    assert "'Gardener'" in answer.json()["detail"]
    assert await home.get("/agents") == [agent, other]


async def test_another_persons_agent_takes_no_name_away(home: Home) -> None:
    agent = await home.agent(agent_name="Librarian")
    async with home.sign_up("bob") as bob:
        await bob.post("/agents", json=agent | {"agent_name": "Gardener"})

    assert (await rename(home, agent, "Gardener")).status_code == 200


async def test_its_own_name_again_changes_nothing(home: Home) -> None:
    agent = await home.agent(agent_name="Librarian")

    assert (await rename(home, agent, "Librarian")).json() == agent


async def test_there_and_back_again(home: Home) -> None:
    agent = await home.agent(agent_name="Librarian")

    for name in ("Gardener", "Librarian", "Gardener"):
        assert (await rename(home, agent, name)).json()["agent_name"] == name

    assert len(await home.items_with("AgentName#")) == 1


@pytest.mark.parametrize("name", [" ", "x" * 101, 7])
async def test_a_name_that_is_none_is_refused(name: Any, home: Home) -> None:
    agent = await home.agent()

    assert (await rename(home, agent, name)).status_code == 422
    assert await home.get("/agents") == [agent]


async def test_of_two_that_want_a_name_at_once_one_gets_it(home: Home) -> None:
    agents = [await home.agent(agent_name=name) for name in ("One", "Two", "Three", "Four")]

    answers = await asyncio.gather(*(rename(home, agent, "Gardener") for agent in agents))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await names(home)).count("Gardener") == 1
    assert len(await home.items_with("AgentName#")) == 4


async def test_of_many_new_names_at_once_the_last_stays_and_one_lock(home: Home) -> None:
    agent = await home.agent(agent_name="Librarian")
    wanted = [f"Name {number}" for number in range(8)] + ["Name 0"]

    answers = await asyncio.gather(*(rename(home, agent, name) for name in wanted))

    (name,) = await names(home)
    (lock,) = await home.items_with("AgentName#")
    assert {answer.status_code for answer in answers} == {200}
    assert name in wanted
    assert (await home.agent(agent_name=name))["agent_id"] == lock["agent_id"]


async def test_an_agent_of_an_older_table_gets_a_lock_with_its_new_name(home: Home) -> None:
    agent = await home.agent(agent_name="Librarian")
    (lock,) = await home.items_with("AgentName#")
    await home.table.bulk(deletes=[(str(lock["pk"]), str(lock["sk"]))])

    await rename(home, agent, "Gardener")

    assert (await home.agent(agent_name="Gardener"))["agent_id"] == agent["agent_id"]


async def test_a_name_given_to_an_agent_while_it_was_deleted_is_free(home: Home) -> None:
    agent, other = await home.agent(agent_name="Librarian"), await home.agent(agent_name="Other")
    agents = home.services.get(AgentRepository)
    seen_before = await agents.find("alice@local", agent["agent_id"])
    assert seen_before is not None
    await rename(home, agent, "Gardener")
    await agents.delete(seen_before)

    renamed = await rename(home, other, "Gardener")
    await rename(home, other, "Other")
    made = await home.agent(agent_name="Gardener")

    assert renamed.status_code == 200
    assert made["agent_id"] not in {agent["agent_id"], other["agent_id"]}


async def test_an_agent_that_is_not_there_is_not_found(home: Home) -> None:
    agent = await home.agent()
    await home.client.delete(f"/agents/{agent['agent_id']}")

    assert (await rename(home, agent, "Gardener")).status_code == 404
