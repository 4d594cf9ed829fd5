"""The whole server on DynamoDB's protocol, against independent implementations over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from smriti.db.table import Table
from smriti.users.service import UserService
from tests.home import PLAIN_TURN, Home, open_home, spoken, waves_of_a_plain_turn


def results(events: list[dict[str, Any]]) -> list[str]:
    return [event["content"] for event in events if event["event_type"] == "TOOL_CALL_RESULT"]


async def test_the_seeds_example_is_remembered_across_conversations_and_restarts(
    table: Table, tmp_path: Path
) -> None:
    async with open_home(table, tmp_path) as home:
        agent = await home.agent()
        told = await home.say(
            await home.conversation(agent), "My name is Alice and I work at Google"
        )
    async with open_home(table, tmp_path) as home:
        asked = await home.say(await home.conversation(agent), "Where do I work?")

    assert results(told) == [
        'Appended to [human] at line 1: "Name: Alice" (2/5000 words)',
        'Appended to [human] at line 2: "Works at: Google" (5/5000 words)',
    ]
    assert "Google" in spoken(asked)


async def test_a_plain_turn_makes_the_same_round_trips_as_on_the_embedded_store(
    table: Table, tmp_path: Path
) -> None:
    assert await waves_of_a_plain_turn(table, tmp_path) == PLAIN_TURN


async def test_of_many_created_at_once_there_is_one(home: Home) -> None:
    agents = await asyncio.gather(*(home.agent() for _ in range(10)))
    (agent_id,) = {agent["agent_id"] for agent in agents}
    path = f"/agents/{agent_id}"

    memories = await asyncio.gather(
        *(home.post(f"{path}/archival-memory", {"content": "Likes tea."}) for _ in range(10))
    )
    block = {"name": "projects", "description": "What she works on"}
    blocks = await asyncio.gather(
        *(home.client.post(f"{path}/memory-blocks", json=block) for _ in range(10))
    )

    assert len({memory["memory_id"] for memory in memories}) == 1
    assert sorted(response.status_code for response in blocks) == [201] + [400] * 9


async def test_batches_at_once_store_each_text_once(home: Home) -> None:
    path = f"/agents/{(await home.agent())['agent_id']}/archival-memory"
    facts = [{"content": f"Fact {number}"} for number in range(60)]
    said = [{**fact, "conversation_id": "one", "sequence": 1} for fact in facts]

    batches = await asyncio.gather(
        *(home.post(f"{path}:batch", {"items": [*facts, *said]}) for _ in range(2)),
        home.post(path, facts[0]),
    )
    again = await home.post(f"{path}:batch", {"items": [*facts, *said]})

    made = [
        item["memory_id"] for batch in batches[:2] for item in batch["items"] if item["created"]
    ]
    stored = [item["memory_id"] for item in again["items"]]
    assert len(set(stored)) == 120
    assert set(stored) == {*made, batches[2]["memory_id"]}
    assert len(await home.items_with("Archival#")) == 120


async def test_deleting_the_account_leaves_the_tombstone_alone(home: Home) -> None:
    agent = await home.agent()
    conversation = await home.conversation(agent)
    await home.say(conversation, "My name is Alice. " + "word " * 30_000)
    await home.post(f"/agents/{agent['agent_id']}/archival-memory", {"content": "Likes tea."})

    response = await home.client.delete("/users/me")

    assert response.status_code == 200
    await home.services.get(UserService).close()  # waits for the job
    left = await home.items_with("")
    assert [(item["pk"], item["sk"]) for item in left] == [("User#alice@local", "Deleted")]
