"""One search over everything that a user has."""

from pathlib import Path
from typing import Any

import pytest

from smriti.db.table import Get, Item, ItemPage, Read, Table, TableUnavailable
from smriti.llm.provider import Finished, TextChunk
from smriti.search import service
from tests.fakes.counting_table import CountingTable
from tests.home import Home, open_home

type Json = dict[str, Any]


async def searched(home: Home, q: str, **more: Any) -> Json:
    response = await home.client.get("/search", params={"q": q, **more})
    assert response.is_success, response.text
    answer: Json = response.json()
    return answer


async def furnished(home: Home, word: str) -> Json:
    """An agent, a conversation, a memory and a message, all with the word in them."""
    agent = await home.scripted_agent(
        agent_name=f"Agent {word}", agent_persona=f"Loves {word} more than all."
    )
    conversation = await home.conversation(agent, title=f"About {word}")
    home.script([TextChunk("Fine."), Finished("stop")])
    await home.say(conversation, f"Tell me of the {word}")
    await home.post(
        f"/agents/{agent['agent_id']}/archival-memory", {"content": f"The {word} is blue"}
    )
    return conversation


async def test_hits_of_every_kind_say_where_they_are(home: Home) -> None:
    conversation = await furnished(home, "zanzibar")
    await furnished(home, "tasmania")

    answer = await searched(home, "zanzibar")

    found = {hit["kind"]: hit for hit in answer["items"] if "zanzibar" in str(hit).lower()}
    assert answer["partial"] is False
    assert set(found) == {"agent", "conversation", "memory", "message"}
    assert {hit["agent_id"] for hit in found.values()} == {conversation["agent_id"]}
    assert found["agent"]["title"] == "Agent zanzibar"
    assert found["agent"]["text"] == "Loves zanzibar more than all."
    assert found["agent"]["highlights"] == [[6, 14]]
    assert found["conversation"]["title"] == "About zanzibar"
    assert found["conversation"]["id"] == conversation["conversation_id"]
    assert found["memory"]["text"] == "The zanzibar is blue"
    assert found["message"]["conversation_id"] == conversation["conversation_id"]
    assert found["message"]["title"] == "About zanzibar"
    assert all(0 < hit["score"] <= 1 for hit in answer["items"])
    scores = [hit["score"] for hit in answer["items"]]
    assert scores == sorted(scores, reverse=True)


async def test_the_best_come_first_and_no_more_than_asked_for(home: Home) -> None:
    await furnished(home, "zanzibar")
    agent = (await home.get("/agents"))[0]
    passage = {"content": "Of the zanzibar, an island far away, they tell many and strange things"}
    await home.post(f"/agents/{agent['agent_id']}/archival-memory", passage)

    assert len((await searched(home, "zanzibar", limit=2))["items"]) == 2


async def test_an_agent_that_is_named_comes_before_what_it_has_said(home: Home) -> None:
    await home.scripted_agent(agent_name="Other", agent_persona="Knows Willow.")
    agent = await home.scripted_agent(agent_name="Old Willow", agent_persona="Loves trees.")
    conversation = await home.conversation(agent, title="Trees")
    for _ in range(3):
        home.script([TextChunk("Willow says so."), Finished("stop")])
        await home.say(conversation, "Who says so?")

    items = (await searched(home, "willow"))["items"]

    assert (items[0]["kind"], items[0]["title"], items[0]["score"]) == ("agent", "Old Willow", 1)
    assert items[1]["kind"] == "message"


async def test_nothing_is_found_of_nothing(home: Home) -> None:
    assert await searched(home, "zanzibar") == {"items": [], "partial": False}
    await furnished(home, "tasmania")
    for nothing in ("", "   ", "the of and", "\u0000", "🙂"):
        assert (await searched(home, nothing))["items"] == []


async def test_what_others_have_is_never_found(home: Home) -> None:
    await furnished(home, "zanzibar")

    async with home.sign_up("bob") as client:
        bob = Home(home.app, client, home.table)
        await bob.agent(agent_name="His")
        assert (await searched(bob, "zanzibar"))["items"] == []


async def test_of_long_texts_the_part_that_matches_is_shown(home: Home) -> None:
    agent = await home.agent()
    long = "other words " * 300 + "the zanzibar " + "more words " * 300
    await home.post(f"/agents/{agent['agent_id']}/archival-memory", {"content": long})

    (hit,) = (await searched(home, "zanzibar"))["items"]

    ((start, end),) = hit["highlights"]
    assert hit["text"][start:end] == "zanzibar"
    assert len(hit["text"]) < 310


async def test_what_was_deleted_is_not_found(home: Home) -> None:
    conversation = await furnished(home, "zanzibar")

    await home.client.delete(f"/conversations/{conversation['conversation_id']}")
    kinds = {hit["kind"] for hit in (await searched(home, "zanzibar"))["items"]}
    await home.client.delete(f"/agents/{conversation['agent_id']}")

    assert kinds == {"agent", "memory"}
    assert (await searched(home, "zanzibar"))["items"] == []


class HalfTable(CountingTable):
    """Does not find what was said, when it is down."""

    down = False

    async def read(self, *reads: Read) -> list[Item | ItemPage | None]:
        asked = {read.key[1] for read in reads if isinstance(read, Get)}
        if self.down and "RecallState" in asked:
            raise TableUnavailable("It is down.")
        return await super().read(*reads)


async def test_what_cannot_be_searched_is_left_out_and_told(table: Table, tmp_path: Path) -> None:
    half = HalfTable(table)
    async with open_home(half, tmp_path) as home:
        await furnished(home, "zanzibar")
        half.down = True

        answer = await searched(home, "zanzibar")

    assert answer["partial"] is True
    assert {hit["kind"] for hit in answer["items"]} == {"agent", "conversation", "memory"}


async def test_only_so_many_agents_are_searched_those_used_last(home: Home) -> None:
    conversation = await furnished(home, "zanzibar")
    for number in range(service.MOST_AGENTS):
        await home.agent(agent_name=f"Agent number {number}")

    after = await searched(home, "zanzibar")
    home.script([TextChunk("Fine."), Finished("stop")])
    await home.say(conversation, "Well?")
    later = await searched(home, "zanzibar")

    assert (after["partial"], later["partial"]) == (True, True)
    assert "memory" not in {hit["kind"] for hit in after["items"]}
    assert "memory" in {hit["kind"] for hit in later["items"]}


@pytest.mark.parametrize("query", ["", "?q=x&limit=0", "?q=x&limit=51", f"?q={'x' * 1001}"])
async def test_a_search_that_makes_no_sense(home: Home, query: str) -> None:
    assert (await home.client.get(f"/search{query}")).status_code == 422
