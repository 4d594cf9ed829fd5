"""`/create_session` makes an agent of a character, and changes the one that has its name."""

import asyncio
from typing import Any

import pytest

from smriti.agentserver.models import MAX_CHARACTER_BYTES, MAX_ENV_BYTES
from tests.agentserver.conftest import ADA, OlderClient
from tests.api.clients import post_json
from tests.home import Home


async def test_a_character_becomes_an_agent(older: OlderClient, home: Home) -> None:
    response = await older.create("Countess")

    (agent,) = await home.get("/agents")
    assert response.status_code == 201
    assert response.json() == {
        "multi_agent_name": "Countess",
        "eliza_response": {"id": agent["agent_id"]},
        "tools_response": {},
    }
    assert agent["agent_name"] == "Countess"
    assert agent["agent_architecture"] == "krishna-mini"
    assert agent["agent_provider"] == "Demo"
    assert "Wrote the first program." in agent["agent_persona"]


async def test_its_persona_style_and_examples_are_in_the_prompt(
    older: OlderClient, home: Home
) -> None:
    await older.create()
    (agent,) = await home.get("/agents")
    conversation = await home.conversation(agent)

    context = await home.get(f"/conversations/{conversation['conversation_id']}/context")

    for told in ("Be exact.", "Wrote the first", "short sentences", "A weaver of numbers."):
        assert told in context["system"]


async def test_what_it_knows_goes_into_its_archive_once(older: OlderClient, home: Home) -> None:
    await older.create()
    await older.create()

    (agent,) = await home.get("/agents")
    found = await home.get(f"/agents/{agent['agent_id']}/archival-memory")
    assert sorted(item["content"] for item in found["items"]) == sorted(ADA["knowledge"])


async def test_the_same_name_again_changes_the_agent(older: OlderClient, home: Home) -> None:
    first = await older.create()
    changed = {**ADA, "bio": ["Countess of Lovelace."], "settings": {"temperature": 0.5}}

    again = await older.create(character_file=changed)

    (agent,) = await home.get("/agents")
    assert (again.status_code, again.json()) == (201, first.json())
    assert "Countess of Lovelace." in agent["agent_persona"]
    assert agent["temperature"] == 0.5


async def test_what_the_owner_has_chosen_since_stays(older: OlderClient, home: Home) -> None:
    await older.create()
    (agent,) = await home.get("/agents")
    chosen = {
        "agent_architecture": "krishna-memgpt",
        "agent_provider": "Anthropic",
        "agent_model": "claude",
        "capabilities": ["devices"],
    }
    await home.client.put(f"/agents/{agent['agent_id']}", json=chosen)

    await older.create()

    (agent,) = await home.get("/agents")
    assert {name: agent[name] for name in chosen} == chosen


async def test_many_at_once_make_one_agent(older: OlderClient, home: Home) -> None:
    responses = await asyncio.gather(*(older.create() for _ in range(5)))

    (agent,) = await home.get("/agents")
    assert {r.json()["eliza_response"]["id"] for r in responses} == {agent["agent_id"]}


async def test_a_provider_that_is_set_up_is_taken(older: OlderClient, home: Home) -> None:
    await home.post("/settings/providers/Anthropic", {"base_url": "http://a.test", "api_key": "k"})
    await older.create("Other", character_file=ADA)
    await home.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
    await older.create("Named", character_file={**ADA, "settings": {"model": "gpt-5"}})

    agents = {agent["agent_name"]: agent for agent in await home.get("/agents")}
    assert agents["Other"]["agent_provider"] == "Anthropic"
    named = agents["Named"]
    assert (named["agent_provider"], named["agent_model"]) == ("OpenAI", "gpt-5")


async def test_secrets_are_stored_encrypted_never_come_back_and_go_with_the_agent(
    older: OlderClient, home: Home
) -> None:
    await older.create()
    (agent,) = await home.get("/agents")
    agent_id = agent["agent_id"]

    stored = await home.items_with(agent_id)
    told = [await home.get(f"/agents/{agent_id}{path}") for path in ("", "/export")]
    told.append(await home.get("/users/me/export"))
    told.append((await older.info()).json())
    await home.client.delete(f"/agents/{agent_id}")

    (link,) = [item for item in stored if item["sk"] == "AgentServer"]
    assert isinstance(link["sealed"], str)
    everything = str([stored, told])
    assert "env-secret" not in everything
    assert "sk-character-secret" not in everything
    assert not [item for item in await home.items_with(agent_id) if item["sk"] == "AgentServer"]


async def test_a_character_comes_out_as_it_came_in_without_its_secrets(
    older: OlderClient, home: Home
) -> None:
    await older.create()
    (agent,) = await home.get("/agents")

    exported = await home.get(f"/agents/{agent['agent_id']}/export?format=character")

    kept = {name: value for name, value in ADA.items() if name not in {"knowledge", "settings"}}
    assert {name: exported[name] for name in kept} == kept
    assert sorted(exported["knowledge"]) == sorted(ADA["knowledge"])


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"character_file": None}, "character_file: "),
        ({"character_file": {"bio": "x"}, "multi_agent_main_name": None}, "character_file.name: "),
        ({"character_file": {**ADA, "name": 7}, "multi_agent_main_name": None}, ".name: "),
        ({"character_file": ADA, "multi_agent_main_name": " "}, "multi_agent_main_name: "),
        ({"character_file": {"x": "y" * MAX_CHARACTER_BYTES}}, "bytes as JSON"),
        ({"env_json": {"x": "y" * MAX_ENV_BYTES}}, "bytes as JSON"),
        ({"env_json": {"x": "\ud800"}}, "half of a character"),
        ({"character_file": {**ADA, "x": 2**70}}, "more than 64 bits"),
        ({"env_json": "KEY=value"}, "env_json: "),
    ],
)
async def test_what_is_no_character_is_refused(
    members: dict[str, Any], told: str, older: OlderClient, home: Home
) -> None:
    body = {"character_file": ADA, "multi_agent_main_name": "Ada", "api_key": older.key}

    response = await post_json(older.http, "/create_session", body | members)

    assert response.status_code == 422
    answer = response.json()
    assert answer == {"status": "error", "message": answer["message"], "type": "validation-error"}
    assert told in answer["message"]
    assert await home.get("/agents") == []


async def test_null_is_as_good_as_nothing(older: OlderClient) -> None:
    response = await older.create(env_json=None, multi_agent_main_name=None)

    assert response.json()["multi_agent_name"] == "Ada"
