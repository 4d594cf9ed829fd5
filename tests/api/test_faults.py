"""The faults of the original service, by their numbers in its contract's section 19.

Faults 3 to 6 (session, window, tools of one reply) are tested with turns, 10 with callers; the rest
concern what does not exist yet.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from smriti.db.table import Item, Set, Table
from smriti.users.service import UserService
from tests.api.clients import open_client, post_json
from tests.api.crashing_table import BUG, CrashingTable
from tests.api.dump import dump
from tests.home import PASSWORD, Home, open_home

_PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "jwt_secret": "j" * 32,
    "encryption_key": "e" * 32,
    "google_client_id": "client",
    "google_client_secret": "secret",
}


@pytest.mark.parametrize(
    "value",
    [
        {"session_timeout_minutes": "abc"},
        {"session_timeout_minutes": -1},
        {"session_timeout_minutes": 1.5},
        {"session_timeout_minutes": [60]},
        {"session_timeout_minutes": 10**30},
        {"agent_provider": "Nobody"},
        {"agent_architecture": "none"},
        {"agent_model": {"a": 1}},
        {"agent_persona": ["x"]},
        {"temperature": "hot"},
        {"temperature": 9},
        {"max_output_tokens": 0},
        {"capabilities": "all"},
    ],
    ids=str,
)
async def test_fault_1_a_bad_value_is_refused_and_the_list_still_works(
    value: dict[str, Any], home: Home
) -> None:
    agent = await home.agent()

    changed = await home.client.put(f"/agents/{agent['agent_id']}", json=value)
    created = await home.client.post("/agents", json={**agent, "agent_name": "Other"} | value)

    assert (changed.status_code, created.status_code) == (422, 422)
    assert next(iter(value)) in changed.text
    assert await home.get("/agents") == [agent]


async def test_fault_1_a_number_too_small_for_the_table_is_nought(home: Home) -> None:
    agent = await home.agent(top_p=5e-324)
    path = f"/agents/{agent['agent_id']}"

    changed = await home.client.put(path, json={"temperature": 1e-200, "presence_penalty": -1e-9})

    assert changed.status_code == 200
    assert [changed.json()[name] for name in ("top_p", "temperature", "presence_penalty")] == [
        0
    ] * 3


async def test_fault_1_an_agent_that_is_broken_in_the_table_can_be_read_and_mended(
    home: Home,
) -> None:
    agent = await home.agent()
    path = f"/agents/{agent['agent_id']}"
    breaks: Item = {"session_timeout_minutes": "abc", "agent_persona": 7, "created_at": "never"}
    await home.table.update(
        ("User#alice@local", f"Agent#{agent['agent_id']}"),
        *(Set(name, value) for name, value in breaks.items()),
    )

    (listed,) = await home.get("/agents")
    put = await home.client.put(path, json={"agent_persona": "Mended."})

    assert listed["agent_name"] == "Librarian"
    assert listed["session_timeout_minutes"] == 60
    assert put.status_code == 200
    assert (await home.get(path))["agent_persona"] == "Mended."


@pytest.mark.parametrize(
    "attachments",
    [
        [{"filename": "virus.exe", "content": "x", "size": 1}],
        [{"filename": "notes.md", "content": "x" * 200_000, "size": 1}],
        [{"filename": "notes.md", "content": "\ud800", "size": 1}],
        [{"filename": "picture.png", "content": "not base64!", "size": 1}],
        [{"filename": "a/../b.md", "content": "x", "size": 1}],
        [{"filename": "notes.md", "content": "x", "size": 1}] * 6,
        [{"filename": f"{n}.md", "content": "x" * 90_000, "size": 1} for n in range(3)],
    ],
    ids=lambda attachments: attachments[0]["filename"],
)
async def test_fault_2_a_refused_attachment_is_a_validation_error(
    attachments: list[dict[str, Any]], home: Home
) -> None:
    conversation = await home.conversation(await home.agent())
    path = f"/agents/{conversation['agent_id']}/{conversation['conversation_id']}/send-message"
    body = {"content": "Read this", "attachments": attachments}

    response = await post_json(home.client, path, body)

    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"][:2] == ["body", "attachments"] or (
        "together" in response.text
    )
    assert await home.messages(conversation) == []


async def test_fault_8_a_deleted_agents_place_is_free_at_once(home: Home) -> None:
    agent = await home.agent()

    await home.client.delete(f"/agents/{agent['agent_id']}")
    await home.client.delete(f"/agents/{agent['agent_id']}")

    counter = await home.table.get(("User#alice@local", "Usage#active"))
    assert counter is not None
    assert counter["active_agents"] == 0


@pytest.mark.parametrize("attempt", ["", "oauth_attempt=forged"])
async def test_fault_13_coming_back_from_google_counts_only_where_one_left(
    attempt: str, table: Table, tmp_path: Path
) -> None:
    async with (
        open_home(table, tmp_path, **_PRODUCTION) as home,
        open_client(home.app, Cookie=attempt) as client,
    ):
        response = await client.get("/auth/callback?code=stolen&state=guessed")

    assert response.is_redirect
    assert "error=auth_failed" in response.headers["Location"]
    assert "token" not in response.headers["Location"]
    assert await dump(table) == {}


async def test_fault_15_credentials_do_not_depend_on_the_secret_of_tokens(
    table: Table, tmp_path: Path
) -> None:
    async with open_home(table, tmp_path, jwt_secret="one" * 11) as home:
        conversation = await home.conversation(await home.scripted_agent())

    async with open_home(table, tmp_path, jwt_secret="two" * 11) as home:
        home.script([])
        answer = await home.send(conversation, {"content": "Hi"})

    assert answer.status_code == 200  # the credentials opened; what the model says is its business


async def test_fault_17_of_many_writers_at_once_one_makes_the_thing(home: Home) -> None:
    agents = await asyncio.gather(*(home.agent() for _ in range(8)))
    base = f"/agents/{agents[0]['agent_id']}"
    memories = await asyncio.gather(
        *(home.client.post(f"{base}/archival-memory", json={"content": "Tea"}) for _ in range(8))
    )
    blocks = await asyncio.gather(
        *(
            home.client.post(f"{base}/memory-blocks", json={"name": "plans", "description": "d"})
            for _ in range(8)
        )
    )

    assert len({agent["agent_id"] for agent in agents}) == 1
    assert sorted(response.status_code for response in memories) == [200] * 7 + [201]
    assert len({response.json()["memory_id"] for response in memories}) == 1
    assert sorted(response.status_code for response in blocks) == [201] + [400] * 7


async def test_fault_18_a_deleted_account_leaves_nothing_but_its_tombstone(home: Home) -> None:
    agents = [await home.agent(agent_name=name) for name in ("One", "Two")]
    for agent in agents:
        base = f"/agents/{agent['agent_id']}"
        conversation = await home.conversation(agent)
        await home.say(conversation, "My name is Alice and I work at Google")
        await home.say(conversation, "Remember this: " + "all of it " * 40_000)
        await home.post(f"{base}/memory-blocks", {"name": "plans", "description": "Hers"})
        for lines in (["One"], ["Two"], ["Three"]):
            await home.client.put(f"{base}/memory-blocks/plans/content", json={"lines": lines})
        full = ["word " * 4900]
        await home.client.put(f"{base}/memory-blocks/human/content", json={"lines": full})
        await home.say(conversation, "This turn ends with a crowded block")
        for text in ("Drinks tea", "Lives in Paris", "x " * 30_000):
            await home.post(f"{base}/archival-memory", {"content": text})
        edited = await home.post(f"{base}/archival-memory", {"content": "Old"})
        await home.client.patch(
            f"{base}/archival-memory/{edited['memory_id']}", json={"content": "New"}
        )
    await home.client.delete(f"/agents/{agents[0]['agent_id']}")
    await home.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
    kinds = {key[1].partition("#")[0] for key in await dump(home.table)}

    response = await home.client.delete("/users/me")
    await home.services.get(UserService).close()

    assert kinds > {"Archival", "BlockVersion", "CapacityWarning", "CoreMemory", "Lock", "MESSAGE"}
    assert kinds > {"PIECE", "TURN", "CONVERSATION", "Agent", "AgentName", "ProviderSettings"}
    assert response.json()["status"] == "processing"
    assert list(await dump(home.table)) == [("User#alice@local", "Deleted")]


async def test_fault_21_a_bug_tells_nothing_of_itself(table: Table, tmp_path: Path) -> None:
    crashing = CrashingTable(table)
    async with open_home(crashing, tmp_path, log_level="ERROR") as home:
        crashing.broken = True
        response = await home.client.get("/agents")

    assert (response.status_code, response.json()) == (
        500,
        {
            "type": "/problems/internal-error",
            "title": "Internal error",
            "status": 500,
            "detail": "Internal server error",
            "path": "/agents",
        },
    )
    assert BUG not in response.text


@pytest.mark.parametrize("refused", ["MESSAGE#", "TURN#"])
async def test_fault_21_a_bug_in_a_turn_is_told_and_the_conversation_goes_on(
    refused: str, table: Table, tmp_path: Path
) -> None:
    crashing = CrashingTable(table)
    async with open_home(crashing, tmp_path, log_level="ERROR") as home:
        conversation = await home.conversation(await home.agent(), title="Tea")
        crashing.refuses = refused
        broken = await home.say(conversation, "Hello")
        crashing.refuses = ""
        well = await home.say(conversation, "Hello again")

    assert (broken[-1]["event_type"], broken[-1]["content"]) == ("ERROR", "Internal server error")
    assert well[-1]["event_type"] == "STREAM_COMPLETE"


async def test_fault_22_nobody_signs_up_on_a_public_server_unless_it_is_opened(
    table: Table, tmp_path: Path
) -> None:
    async with (
        open_home(table, tmp_path, **_PRODUCTION) as home,
        open_client(home.app) as client,
    ):
        account = {"username": "mallory", "password": PASSWORD}
        answers = [
            await client.post(f"/auth/local/{door}", json=account) for door in ("signup", "login")
        ]
        link = await client.post("/auth/link", json={"token": "guessed"})

    assert [answer.status_code for answer in (*answers, link)] == [403, 403, 403]
    assert await dump(table) == {}


@pytest.mark.parametrize(
    "junk",
    [
        {"base_url": {"$ne": ""}},
        {"base_url": ["http://model.test"]},
        {"base_url": "javascript:alert(1)"},
        {"base_url": "http://user:pass@model.test"},
        {"base_url": "http://model.test", "default_headers": {"A": {"B": ["C"]}}},
        {"base_url": "http://model.test", "default_headers": {"A": 10**30}},
        {"base_url": "http://model.test", "default_headers": {"A": "\ud800"}},
        {"base_url": "http://model.test", "default_headers": {"A": "line\nend: 1"}},
        {"base_url": "http://model.test", "default_headers": {"Host": "other.test"}},
        {"base_url": "http://model.test", "api_key": ["sk-1"]},
        {"base_url": "http://model.test", "model": "\ud800"},
        {"base_url": "http://model.test", "model": "x" * 100_000},
    ],
    ids=range(12),
)
async def test_junk_in_provider_settings_is_refused_and_not_kept(
    junk: dict[str, Any], home: Home
) -> None:
    response = await post_json(home.client, "/settings/providers/OpenAI", junk)

    assert response.status_code == 422
    assert (await home.get("/settings/providers/OpenAI"))["is_configured"] is False


async def test_what_a_form_does_not_ask_for_is_dropped(home: Home) -> None:
    body = {"base_url": "http://model.test/v1", "unknown": {"deep": [1]}, "": None}

    response = await home.client.post("/settings/providers/OpenAI", json=body)

    assert response.status_code == 201


async def test_memory_that_a_tool_wrote_is_what_the_api_shows_and_the_other_way_round(
    home: Home,
) -> None:
    agent = await home.agent()
    conversation = await home.conversation(agent)
    base = f"/agents/{agent['agent_id']}"

    await home.say(conversation, "My name is Alice and I work at Google")
    told = await home.get(f"{base}/memory-blocks/human/content")
    put = {"lines": [*told["lines"], "Hobby: chess"], "version": told["version"]}
    await home.client.put(f"{base}/memory-blocks/human/content", json=put)
    events = await home.say(conversation, "What do you know about chess?")

    assert told["lines"] == ["Name: Alice", "Works at: Google"]
    assert "chess" in "".join(str(event["content"]) for event in events)
