"""Agents over HTTP."""

import asyncio
from pathlib import Path

import pytest

from smriti.db.table import Set, Table
from tests.home import Home, open_home

AGENT = {
    "agent_name": "Librarian",
    "agent_architecture": "krishna-memgpt",
    "agent_provider": "Demo",
    "agent_persona": "Knows every shelf.",
}


async def test_a_created_agent_is_answered_whole(home: Home) -> None:
    agent = await home.agent(session_timeout_minutes="120", temperature="0.5")

    times = {"created_at": agent["created_at"], "updated_at": None}
    assert agent == {
        **AGENT,
        **times,
        "agent_id": agent["agent_id"],
        "agent_model": None,
        "session_timeout_minutes": 120,
        "capabilities": [],
        "created_by": "alice@local",
        "temperature": 0.5,
        "top_p": None,
        "presence_penalty": None,
        "frequency_penalty": None,
        "max_output_tokens": None,
        "context_tokens": None,
        "fallback_model": None,
    }
    assert agent["created_at"].endswith("Z")
    assert await home.get(f"/agents/{agent['agent_id']}") == agent


async def test_the_same_name_again_is_the_same_agent_unchanged(home: Home) -> None:
    agent = await home.agent()

    response = await home.client.post("/agents", json={**AGENT, "agent_persona": "Another."})

    assert response.status_code == 201
    assert response.json() == agent


async def test_another_persons_agent_of_the_name_does_not_count(home: Home) -> None:
    agent = await home.agent()

    async with home.sign_up("bob") as bob:
        other = (await bob.post("/agents", json=AGENT)).json()

    assert other["agent_id"] != agent["agent_id"]


async def test_of_many_at_once_one_is_created(home: Home) -> None:
    agents = await asyncio.gather(*(home.agent() for _ in range(20)))

    assert len({agent["agent_id"] for agent in agents}) == 1
    assert len(await home.get("/agents")) == 1


async def test_agents_are_listed_oldest_first(home: Home) -> None:
    for name in ("One", "Two", "Three"):
        await home.agent(agent_name=name)

    assert [agent["agent_name"] for agent in await home.get("/agents")] == ["One", "Two", "Three"]


async def test_an_update_changes_only_what_is_given(home: Home) -> None:
    agent = await home.agent(temperature=0.5)
    change = {"agent_persona": "Kinder.", "agent_name": "", "agent_model": None}

    response = await home.client.put(f"/agents/{agent['agent_id']}", json=change)

    changed = response.json()
    assert changed == {
        **agent,
        "agent_persona": "Kinder.",
        "updated_at": changed["updated_at"],
    }
    assert changed["updated_at"] is not None
    assert await home.get(f"/agents/{agent['agent_id']}") == changed


async def test_null_clears_what_may_be_left_open(home: Home) -> None:
    values = {"temperature": 0.5, "context_tokens": 64_000, "fallback_model": "small"}
    agent = await home.agent(**values)
    assert values.items() <= agent.items()

    response = await home.client.put(f"/agents/{agent['agent_id']}", json=dict.fromkeys(values))

    assert dict.fromkeys(values).items() <= response.json().items()


async def test_an_update_of_nothing_answers_the_agent_unchanged(home: Home) -> None:
    agent = await home.agent()

    response = await home.client.put(
        f"/agents/{agent['agent_id']}", json={"agent_persona": "", "agent_model": None}
    )

    assert response.json() == agent


@pytest.mark.parametrize(
    "change",
    [
        {"session_timeout_minutes": "abc"},
        {"session_timeout_minutes": -1},
        {"agent_architecture": "psychic"},
        {"agent_provider": "Nobody"},
        {"temperature": 3},
        {"top_p": "a lot"},
        {"agent_persona": "x" * 20_001},
        {"capabilities": {"devices": True}},
        {"context_tokens": 999},
        {"context_tokens": "10000001"},
    ],
)
async def test_a_value_that_makes_no_sense_is_refused_and_changes_nothing(
    home: Home, change: dict[str, object]
) -> None:
    agent = await home.agent()

    response = await home.client.put(f"/agents/{agent['agent_id']}", json=change)

    assert response.status_code == 422
    assert next(iter(change)) in response.text
    assert await home.get("/agents") == [agent]


async def test_a_form_chooses_one_capability_or_takes_all_away(home: Home) -> None:
    agent = await home.agent(capabilities="devices")
    path = f"/agents/{agent['agent_id']}"

    untouched = (await home.client.put(path, json={"capabilities": ""})).json()
    none = (await home.client.put(path, json={"capabilities": "none"})).json()

    assert [each["capabilities"] for each in (agent, untouched, none)] == [
        ["devices"],
        ["devices"],
        [],
    ]


async def test_a_stored_agent_with_broken_values_is_read_with_defaults(home: Home) -> None:
    agent = await home.agent()
    key = ("User#alice@local", f"Agent#{agent['agent_id']}")
    await home.table.update(key, Set("session_timeout_minutes", "abc"), Set("temperature", "hot"))

    assert await home.get("/agents") == [agent]


async def test_a_deleted_agent_is_gone_with_its_memory_and_its_name_is_free(home: Home) -> None:
    agent = await home.agent()
    agent_id = agent["agent_id"]
    await home.say(await home.conversation(agent), "My name is Alice")
    await home.post(f"/agents/{agent_id}/archival-memory", {"content": "Likes tea."})

    responses = [await home.client.delete(f"/agents/{agent_id}") for _ in range(2)]

    assert [response.status_code for response in responses] == [204, 204]
    assert (await home.client.get(f"/agents/{agent_id}")).status_code == 404
    left = await home.items_with(f"Agent#{agent_id}")
    assert left == []
    assert (await home.agent())["agent_id"] != agent_id


async def test_the_number_of_agents_is_counted_and_recounted_when_missing(home: Home) -> None:
    first = await home.agent(agent_name="One")
    await home.agent(agent_name="Two")
    counter = ("User#alice@local", "Usage#active")
    await home.table.bulk(deletes=[counter])

    await home.agent(agent_name="Three")
    item = await home.table.get(counter)
    assert item is not None
    assert item["active_agents"] == 3

    await home.table.bulk(deletes=[counter])
    await home.client.delete(f"/agents/{first['agent_id']}")
    item = await home.table.get(counter)
    assert item is not None
    assert item["active_agents"] == 2


async def test_the_form_that_creates_an_agent_offers_what_is_configured(home: Home) -> None:
    schema = await home.get("/agents/supported-models")

    inputs = {entry["name"]: entry for entry in schema["form_inputs"]}
    assert (schema["form_name"], schema["submit_path"]) == ("Create Agent Form", "/agents")
    assert list(inputs)[:6] == [
        "agent_name",
        "agent_architecture",
        "agent_persona",
        "agent_provider",
        "agent_model",
        "session_timeout_minutes",
    ]
    assert [option["value"] for option in inputs["agent_architecture"]["options"]] == [
        "krishna-mini",
        "krishna-memgpt",
        "krishna-device",
    ]
    assert inputs["agent_architecture"]["value"] == "krishna-memgpt"
    assert [option["value"] for option in inputs["agent_provider"]["options"]] == ["Demo"]
    assert [option["value"] for option in inputs["session_timeout_minutes"]["options"]] == [
        "30",
        "60",
        "120",
        "240",
        "0",
    ]
    assert "values" not in inputs["agent_name"]
    offered = {"value": "demo", "label": "Demo (offline)", "when": {"agent_provider": "Demo"}}
    assert inputs["agent_model"]["options"] == [offered]
    assert inputs["fallback_model"]["options"] == [{"value": "", "label": "-"}, offered]
    assert inputs["context_tokens"]["label"] == "Context window (tokens)"


async def test_the_form_that_changes_an_agent_is_there_for_any_id(home: Home) -> None:
    schema = await home.get("/agents/update-schema/whoever")

    inputs = {entry["name"]: entry for entry in schema["form_inputs"]}
    assert (schema["form_name"], schema["submit_path"]) == ("Update Agent Form", "/agents/whoever")
    assert "agent_name" not in inputs
    assert "agent_persona" in inputs
    # An empty text would change nothing.
    chosen = [option["value"] for option in inputs["capabilities"]["options"]]
    assert chosen == ["none", "devices"]


async def test_two_processes_agree_on_one_agent(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path) as one, open_home(table, tmp_path) as two:
        agents = await asyncio.gather(*(home.agent() for home in (one, two) * 5))

    assert len({agent["agent_id"] for agent in agents}) == 1


async def test_an_agent_of_an_older_table_is_deleted_though_another_has_its_name(
    home: Home,
) -> None:
    agent = await home.agent()
    item = await home.table.get(("User#alice@local", f"Agent#{agent['agent_id']}"))
    assert item is not None
    await home.table.bulk(puts=[{**item, "agent_id": "older", "sk": "Agent#older"}])

    response = await home.client.delete("/agents/older")

    assert response.status_code == 204
    assert await home.get("/agents") == [agent]
    assert await home.agent() == agent
