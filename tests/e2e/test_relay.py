"""Agents that hand their questions on, with Eliza and Tools on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from smriti.db.table import Table
from smriti.turns.relay.pool import Pool
from smriti.turns.relay.service import Relay
from tests.agentserver.conftest import ADA, ENV, OlderClient, older_client
from tests.fakes.relay_servers import Server, running, silence
from tests.home import Home, open_home, spoken, types_of

type Json = dict[str, Any]


def at(servers: list[Server], path: str) -> str:
    return ", ".join(f"{server.url}{path}" for server in servers)


@asynccontextmanager
async def relaying(
    table: Table, tmp_path: Path, eliza: list[Server], tools: list[Server], **settings: Any
) -> AsyncIterator[tuple[Home, OlderClient]]:
    addresses = {
        "eliza_create": at(eliza, "/make"),
        "eliza_query": at(eliza, "/ask"),
        "tools_set": at(tools, "/make"),
        "tools_query": at(tools, "/ask"),
    }
    async with (
        open_home(table, tmp_path, **(addresses | settings)) as home,
        older_client(home) as older,
    ):
        yield home, older


@pytest.fixture
async def servers() -> AsyncIterator[dict[str, Server]]:
    async with running("e1", "e2", "e3", "t1", "t2") as found:
        yield {server.name: server for server in found}


def pools(home: Home) -> dict[str, Pool]:
    return {side.pool.name: side.pool for side in home.services.get(Relay).sides}


async def test_a_session_is_made_at_both_and_both_answers_are_told(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    eliza, tools = servers["e1"], servers["t1"]
    async with relaying(table, tmp_path, [eliza], [tools]) as (home, older):
        created = await older.create()
        answered = await older.query("Rain?")
        (agent,) = await home.get("/agents")
        (conversation,) = (await home.get("/conversations/"))["items"]
        (_, answer) = await home.messages(conversation)

    assert created.status_code == 201
    assert created.json() == {
        "multi_agent_name": "Ada",
        "eliza_response": {"id": "e1-1"},
        "tools_response": {"unique_id": "t1-1"},
    }
    assert agent["agent_architecture"] == "relay"
    assert eliza.made == [{"characterJson": {**ADA, "id": agent["agent_id"]}}]
    assert tools.made == [{"api_keys": ENV}]
    assert answered.json() == {
        "status": "success",
        "data1": [{"user": "Ada", "text": "e1 heard Rain?"}],
        "extra_tool_response": {"result": "t1 found Rain?"},
    }
    assert answer["content"] == "e1 heard Rain?\n\nt1 found Rain?"
    (asked,) = eliza.asked
    assert asked == {
        "text": "Rain?",
        "user": "user",
        "userId": asked["userId"],
        "roomId": conversation["conversation_id"],
        "agent_id": "e1-1",
    }
    assert "alice" not in str(asked)
    assert tools.asked == [{"unique_id": "t1-1", "query": "Rain?"}]


async def test_in_a_chat_both_are_seen_at_work(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    async with relaying(table, tmp_path, [servers["e1"]], [servers["t1"]]) as (home, _):
        agent = await home.agent(agent_architecture="relay")
        events = await home.say(await home.conversation(agent, title="Tea"), "Rain?")

    assert spoken(events) == "e1 heard Rain?\n\nt1 found Rain?"
    assert [kind for kind in types_of(events) if kind.startswith("TOOL")] == [
        *["TOOL_CALL_START"] * 2,
        *["TOOL_CALL_RESULT"] * 2,
    ]
    made = {"name": "Librarian", "bio": ["Knows every shelf."], "id": agent["agent_id"]}
    assert servers["e1"].made == [{"characterJson": made}]


async def test_what_was_said_before_and_bears_on_the_question_goes_along(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    async with relaying(table, tmp_path, [servers["e1"]], []) as (_, older):
        await older.create()
        await older.query("We booked the Santiago hotel in Lisbon")
        await older.query("Which hotel did we book in Lisbon?")

    first, second = (asked["text"] for asked in servers["e1"].asked)
    assert first == "We booked the Santiago hotel in Lisbon"
    assert second.startswith("<relevant_past>\n")
    assert "user: We booked the Santiago hotel in Lisbon\n" in second
    assert second.endswith("\n</relevant_past>\nWhich hotel did we book in Lisbon?")


async def test_a_question_goes_to_another_server_when_one_is_down(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    eliza = [servers["e1"], servers["e2"], servers["e3"]]
    async with relaying(table, tmp_path, eliza, []) as (_, older):
        created = await older.create()
        first = next(server for server in eliza if server.made)
        first.status = 500
        answered = await older.query("Rain?")

    assert created.json()["eliza_response"] == {"id": f"{first.name}-1"}
    second = next(server for server in eliza if server.made and server is not first)
    # It did not know the agent, which was made there.
    assert [asked["agent_id"] for asked in second.asked] == [f"{first.name}-1", f"{second.name}-1"]
    assert second.made == first.made
    assert answered.json()["data1"] == [{"user": "Ada", "text": f"{second.name} heard Rain?"}]


async def test_servers_that_share_their_agents_share_the_questions(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    eliza = [servers["e1"], servers["e2"], servers["e3"]]
    together = set[str]()
    for server in eliza:
        server.knows = together
    async with relaying(table, tmp_path, eliza, []) as (_, older):
        names = [f"Ada {number}" for number in range(6)]
        for name in names:
            await older.create(name)
        await asyncio.gather(*(older.query("Rain?", name) for name in names))

    assert [len(server.made) for server in eliza] == [2, 2, 2]
    assert [len(server.asked) for server in eliza] == [2, 2, 2]


async def test_a_server_that_hangs_is_left_after_its_time(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    hanging, other = servers["e1"], servers["e2"]
    hanging.manner = silence
    async with relaying(table, tmp_path, [hanging, other], []) as (home, older):
        await older.create()
        pools(home)["Eliza"]._limit_s = 2.0
        hanging.knows |= other.knows
        other.knows |= hanging.knows
        pools(home)["Eliza"].instances[0].turn = 0
        answered = await older.query("Rain?")

    assert len(hanging.asked) == 1
    assert answered.json()["data1"] == [{"user": "Ada", "text": "e2 heard Rain?"}]


@pytest.mark.parametrize("half", ["e1", "t1"])
async def test_half_an_answer_is_an_answer(
    half: str, servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    async with relaying(table, tmp_path, [servers["e1"]], [servers["t1"]]) as (home, older):
        await older.create()
        servers[half].status = 503
        answered = await older.query("Rain?")
        (conversation,) = (await home.get("/conversations/"))["items"]
        (_, answer) = await home.messages(conversation)

    name, other = ("Eliza", "t1 found Rain?") if half == "e1" else ("Tools", "e1 heard Rain?")
    told = {
        "status": "error",
        "message": f"{name} answered with status 503.",
        "type": "relay-failed",
    }
    member = "data1" if half == "e1" else "extra_tool_response"
    assert (answered.status_code, answered.json()[member]) == (200, told)
    assert answer["content"] == other
    assert len(servers[half].asked) == 3


async def test_when_nobody_answers_the_question_fails_and_the_next_is_asked_anew(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    async with relaying(table, tmp_path, [servers["e1"]], [servers["t1"]]) as (_, older):
        await older.create()
        servers["e1"].status = servers["t1"].status = 500
        failed = await older.query("Rain?")
        servers["e1"].status = servers["t1"].status = 200
        answered = await older.query("Rain?")

    assert (failed.status_code, failed.json()) == (
        502,
        {
            "status": "error",
            "message": "Eliza answered with status 500. Tools answered with status 500.",
            "type": "model-failed",
        },
    )
    assert answered.status_code == 200


async def test_a_session_that_nobody_can_make_now_is_made_with_the_first_question(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    eliza = servers["e1"]
    async with relaying(table, tmp_path, [eliza], [], eliza_create=f"{eliza.url}/nowhere") as (
        home,
        older,
    ):
        failed = await older.create()
        (agent,) = await home.get("/agents")
    async with relaying(table, tmp_path, [eliza], []) as (_, older):
        answered = await older.query("Rain?")

    assert (failed.status_code, failed.json()["type"]) == (502, "agent-not-made")
    assert agent["agent_name"] == "Ada"
    assert answered.json()["data1"] == [{"user": "Ada", "text": "e1 heard Rain?"}]
    assert eliza.made == [{"characterJson": {**ADA, "id": agent["agent_id"]}}]


async def test_a_tool_key_of_the_client_counts_from_then_on(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    tools = servers["t1"]
    tools.knows.add("mine")
    async with relaying(table, tmp_path, [], [tools]) as (home, older):
        await older.create()
        await older.query("One")
        await older.query("Two", extra_tool_key="mine")
        await older.query("Three")
        await older.create()
        await older.query("Anew")
        wrong = await older.query("Four", extra_tool_key="other")
        stored = await home.items_with("AgentServer")

    assert [asked["unique_id"] for asked in tools.asked[:4]] == ["t1-1", "mine", "mine", "t1-2"]
    assert (wrong.status_code, wrong.json()["message"]) == (
        502,
        "Tools does not know this agent.",
    )
    assert "mine" not in str(stored)


async def test_the_same_session_again_is_made_anew_and_asked_there(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    eliza = servers["e1"]
    async with relaying(table, tmp_path, [eliza], []) as (home, older):
        await older.create()
        changed = {**ADA, "bio": ["Countess of Lovelace."]}
        await older.create(character_file=changed)
        await older.query("Rain?")
        agents = await home.get("/agents")

    assert len(agents) == 1
    assert eliza.made[1] == {"characterJson": {**changed, "id": agents[0]["agent_id"]}}
    assert eliza.asked[0]["agent_id"] == "e1-2"


async def test_long_answers_are_kept_in_part_and_read_as_json(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    async def long(_: Json) -> web.Response:
        return web.json_response([{"text": 'say "a"\n' * 10_000, "user": "Ada"}])

    servers["e1"].manner = long
    async with relaying(table, tmp_path, [servers["e1"]], []) as (_, older):
        await older.create()
        answered = await older.query("Rain?")

    text = answered.json()["data1"]["text"]
    assert text.startswith('say "a"\n')
    assert 10_000 < len(orjson.dumps(text)) <= 20_000


async def test_a_text_that_fits_is_kept_whole_out_of_a_long_answer(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    async def with_much_else(_: Json) -> web.Response:
        return web.json_response({"text": "It rains.", "embedding": [0.5] * 10_000})

    servers["e1"].manner = with_much_else
    async with relaying(table, tmp_path, [servers["e1"]], []) as (_, older):
        await older.create()
        answered = await older.query("Rain?")

    assert answered.json()["data1"] == {"text": "It rains."}


async def test_an_id_that_is_too_long_to_keep_is_none(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    eliza = servers["e1"]
    eliza.name = "e" * 500_000
    async with relaying(table, tmp_path, [eliza], []) as (_, older):
        made = await older.create()

    assert (made.status_code, made.json()["type"]) == (502, "agent-not-made")


async def test_servers_that_only_answer_know_agents_by_our_ids(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    eliza, tools = servers["e1"], servers["t1"]
    settings = {
        "eliza_create": "",
        "eliza_query": f"{eliza.url}/",
        "tools_set": "",
        "tools_query": "",
    }
    async with relaying(table, tmp_path, [eliza], [tools], **settings) as (home, older):
        created = await older.create()
        (agent,) = await home.get("/agents")
        eliza.knows.add(agent["agent_id"])
        answered = await older.query("Rain?")

    assert created.json()["eliza_response"] == {"id": agent["agent_id"]}
    assert created.json()["tools_response"] == answered.json()["extra_tool_response"] == {}
    assert eliza.paths == [f"/{agent['agent_id']}/message"]
    assert answered.status_code == 200


async def test_servers_are_looked_at(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    async with relaying(table, tmp_path, [servers["e1"]], [servers["t1"]]) as (home, _):
        for pool in pools(home).values():
            await pool.look_at(pool.instances[0])

    assert servers["e1"].looked_at >= 1
    assert servers["t1"].looked_at >= 1


async def test_another_key_of_encryption_is_told(
    servers: dict[str, Server], table: Table, tmp_path: Path
) -> None:
    eliza = servers["e1"]
    async with relaying(table, tmp_path, [eliza], [], encryption_key="a" * 32) as (_, older):
        await older.create()
    eliza.knows.clear()
    async with relaying(table, tmp_path, [eliza], [], encryption_key="b" * 32) as (_, older):
        answered = await older.query("Rain?")

    assert answered.status_code == 502
    assert "another ENCRYPTION_KEY" in answered.json()["message"]
