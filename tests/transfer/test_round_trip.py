"""What was exported comes back as it was, with whoever imports it."""

import base64
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx2
import pytest

from smriti.llm.provider import CallRequested, Finished, ProviderEvent, TextChunk
from smriti.llm.types import ToolCall
from tests.home import HELLO, Home
from tests.transfer.files import (
    Json,
    agent_file,
    comparable,
    export_agent,
    import_file,
    talk_file,
    told,
)

_PNG: Final = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000).decode()


@pytest.fixture
async def agent(home: Home) -> Json:
    """An agent with some of everything."""
    await home.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
    seeing = {"agent_provider": "OpenAI", "agent_model": "gpt-4o"}
    agent = await home.agent(**seeing, temperature=0.3, capabilities=["reading"])
    base = f"/agents/{agent['agent_id']}"
    talk = await home.conversation(agent, title="Tea", description="What she drinks")
    await home.post(f"{base}/memory-blocks", {"name": "projects", "description": "Hers"})
    for lines in (["Writes a book"], ["Writes a book", "Sails 🚣"], []):
        await home.client.put(f"{base}/memory-blocks/projects/content", json={"lines": lines})
    await home.post(f"{base}/memory-blocks/projects/restore", {"version": 2})
    await home.post(f"{base}/archival-memory", {"content": "Drinks tea", "tags": ["food"]})
    said = [
        {"content": f"Line {number}", "author": "Caroline", "sequence": number} for number in (1, 2)
    ]
    where = {"created_at": "2023-05-08T13:56:00Z", "conversation_id": talk["conversation_id"]}
    items = [*(each | where for each in said), {"content": "An old one", "conversation_id": "far"}]
    await home.post(f"{base}/archival-memory:batch", {"items": items})
    await _talk(home, talk)
    await home.post("/conversations/", {"agent_id": agent["agent_id"]})
    return agent


async def _talk(home: Home, talk: Json) -> None:
    """With tools, pictures, a long message, and one that was edited."""
    call = ToolCall(call_id="1", name="core_memory_append", arguments={"block": "human"})
    remembers: list[ProviderEvent] = [
        TextChunk("Noted."),
        CallRequested(call),
        Finished("tool_calls"),
    ]
    home.script(remembers, HELLO, HELLO, HELLO, HELLO)
    await home.say(talk, "I live in Paris")
    files = [
        {"filename": "map.png", "content": _PNG},
        {"filename": "notes.md", "content": "# Ünïcode\0"},
    ]
    sent = await home.send(talk, {"content": "Look", "attachments": files})
    assert sent.status_code == 200, sent.text
    await home.say(talk, "long " * 40_000)
    question = (await home.messages(talk))[-2]
    path = f"/conversations/{talk['conversation_id']}/messages/{question['message_id']}/edit"
    edited = await home.client.post(path, json={"content": "Shorter"})
    assert edited.status_code == 200, edited.text


@pytest.fixture
async def bob(home: Home) -> AsyncIterator[httpx2.AsyncClient]:
    async with home.sign_up("bob") as client:
        yield client


async def test_an_agent_comes_back_as_it_was(
    home: Home, agent: Json, bob: httpx2.AsyncClient
) -> None:
    file = await export_agent(home.client, agent["agent_id"])

    imported = await import_file(bob, file)
    again = await export_agent(bob, imported["agent_id"])

    assert comparable(again) == comparable(file)
    assert {key: imported[key] for key in ("blocks", "memories", "conversations", "messages")} == {
        "blocks": 3,
        "memories": 4,
        "conversations": 2,
        "messages": 8,
    }
    told = file["conversations"][0]["messages"]
    assert [m.get("active", True) for m in told] == [True] * 4 + [False] * 2 + [True] * 2
    assert [file["content"] for file in told[2]["attachments"]] == [_PNG, "# Ünïcode\0"]


async def test_nothing_in_a_file_tells_whose_it_was(home: Home, agent: Json) -> None:
    response = await home.client.get(f"/agents/{agent['agent_id']}/export?conversations=true")

    assert "alice" not in response.text
    assert agent["agent_id"] not in response.text
    assert response.json()["memory"]["blocks"][2]["updated_by"] == "owner"


async def test_two_exports_differ_in_their_date_only(home: Home, agent: Json) -> None:
    path = f"/agents/{agent['agent_id']}/export?conversations=true"

    first, second = [(await home.client.get(path)).content for _ in range(2)]

    assert first.partition(b"\n")[2] == second.partition(b"\n")[2]
    assert len(first) > 800_000


async def test_conversations_are_left_out_unless_they_are_wanted(home: Home, agent: Json) -> None:
    file = await home.get(f"/agents/{agent['agent_id']}/export?format=smriti")

    assert file["conversations"] == []
    assert len(file["memory"]["archive"]) == 4


async def test_the_file_has_a_name(home: Home) -> None:
    agent = await home.agent(agent_name='Bücher / "Regal"\r\nX: y')

    response = await home.client.get(f"/agents/{agent['agent_id']}/export")

    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=\"Bcher-Regal-X-y.json\"; filename*=UTF-8''B%C3%BCcher-Regal-X-y.json"
    )


async def test_what_was_imported_can_be_gone_on_with(
    home: Home, agent: Json, bob: httpx2.AsyncClient
) -> None:
    file = await export_agent(home.client, agent["agent_id"])
    imported = await import_file(bob, file)
    other = Home(home.app, bob, home.table)
    await other.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
    talks = (await other.get("/conversations/"))["items"]
    model = home.script(HELLO)

    await other.say(talks[-1], "Still there?")

    assert [talk["title"] for talk in talks] == ["New conversation", "Tea"]
    (request,) = model.requests
    words = [message.text.rpartition("\n")[2] for message in request.messages]
    assert words == [
        *("I live in Paris", "Noted.Hello", "Look", "Hello", "Shorter", "Hello", "Still there?")
    ]
    assert "Sails 🚣" in request.system
    found = await other.get(f"/agents/{imported['agent_id']}/archival-memory?query=tea")
    assert [item["content"] for item in found["items"]] == ["Drinks tea"]


async def test_a_passage_stays_with_its_conversation(
    home: Home, agent: Json, bob: httpx2.AsyncClient
) -> None:
    file = await export_agent(home.client, agent["agent_id"])

    await import_file(bob, file)
    talk = (await bob.get("/conversations/")).json()["items"][-1]
    agent_id = talk["agent_id"]
    found = (await bob.get(f"/agents/{agent_id}/archival-memory")).json()["items"]

    threads = {item["content"]: item["conversation_id"] for item in found}
    assert threads["Line 1"] == threads["Line 2"] == talk["conversation_id"]
    assert threads["Drinks tea"] is None
    # That of the fourth was in no file: it means nothing here, and nothing of anybody's.
    assert threads["An old one"] not in {None, "far", talk["conversation_id"]}


async def test_an_account_comes_back_as_it_was(
    home: Home, agent: Json, bob: httpx2.AsyncClient
) -> None:
    gone = await home.agent(agent_name="Gone")
    await home.say(await home.conversation(gone, title="Old days"), "Hi")
    await home.client.delete(f"/agents/{gone['agent_id']}")
    await home.agent(agent_name="Gardener")
    file = await home.get("/users/me/export")

    imported = await import_file(bob, file)
    again = (await bob.get("/users/me/export")).json()

    assert [each["agent_name"] for each in imported["agents"]] == ["Librarian", "Gardener"]
    assert list(map(comparable, again["agents"])) == list(map(comparable, file["agents"]))
    (talk,) = file["conversations"]
    assert talk["messages"][0]["content"] == "Hi"
    assert [each["title"] for each in again["conversations"]] == ["Old days"]
    assert again["conversations"][0]["messages"] == talk["messages"]
    assert imported["messages"] == 10
    assert (file["profile"]["email"], again["profile"]["email"]) == ("alice@local", "bob@local")


async def test_each_import_makes_a_new_agent_with_a_name_of_its_own(home: Home) -> None:
    names = [(await import_file(home.client, agent_file()))["agent_name"] for _ in range(3)]
    long = agent_file()
    long["agent"] = long["agent"] | {"agent_name": "x" * 100}
    names += [(await import_file(home.client, long))["agent_name"] for _ in range(2)]

    assert names == ["Librarian", "Librarian (2)", "Librarian (3)", "x" * 100, "x" * 96 + " (2)"]
    agents = await home.get("/agents")
    assert sorted(agent["agent_name"] for agent in agents) == sorted(names)


async def test_what_is_not_known_here_becomes_what_works(home: Home) -> None:
    file = agent_file()
    file["agent"] |= {
        "agent_architecture": "quantum",
        "agent_provider": "Skynet",
        "agent_model": "T-800",
        "tools": ["time travel"],
    }

    imported = await import_file(home.client, file)
    agent = await home.get(f"/agents/{imported['agent_id']}")
    other = await import_file(
        home.client, agent_file(agent=file["agent"] | {"agent_provider": "OpenAI"})
    )

    assert (agent["agent_architecture"], agent["agent_provider"], agent["agent_model"]) == (
        *("krishna-memgpt", "Demo"),
        None,
    )
    assert imported["warnings"] == [
        "Agent 'Librarian': 'tools' is not known here.",
        "Agent 'Librarian': there is no architecture 'quantum' here; it is 'krishna-memgpt' now.",
        "Agent 'Librarian': there is no provider 'Skynet' here; it is 'Demo' now. Choose a "
        "provider and a model.",
    ]
    assert "you have not set up the provider 'OpenAI'" in other["warnings"][2]


async def test_an_answer_that_was_being_written_is_one_that_was_cut_off(home: Home) -> None:
    file = talk_file(told("user", "Hi", 1), told("assistant", "Hel", 2, status="running"))

    await import_file(home.client, file)
    (talk,) = (await home.get("/conversations/"))["items"]

    assert [m["status"] for m in await home.messages(talk)] == ["complete", "cancelled"]


async def test_a_text_that_stands_there_twice_is_kept_once(home: Home) -> None:
    passages: list[Any] = [{"content": "Drinks tea"}, {"content": " Drinks tea "}]

    imported = await import_file(home.client, agent_file(memory={"archive": passages}))
    found = await home.get(f"/agents/{imported['agent_id']}/archival-memory")

    assert [item["content"] for item in found["items"]] == ["Drinks tea"]
    assert imported["memories"] == 2


async def test_what_was_said_is_recalled_and_can_be_asked_again(home: Home) -> None:
    left = told("assistant", "Bagpipes, said nobody", 3, active=False)
    said = [told("user", "I play the cello", 1), told("assistant", "Since when?", 2), left]
    await home.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
    file = talk_file(*said, told("system", "cello", 4))
    file["agent"] |= {"agent_provider": "OpenAI", "agent_model": "scripted"}

    imported = await import_file(home.client, file)
    path = f"/agents/{imported['agent_id']}/recall?query="
    found = [(await home.get(path + word))["items"] for word in ("cello", "bagpipes")]
    (talk,) = (await home.get("/conversations/"))["items"]
    answer = (await home.messages(talk))[1]
    home.script(HELLO)
    path = f"/conversations/{talk['conversation_id']}/messages/{answer['message_id']}/retry"
    again = await home.client.post(path)

    assert [[hit["content"] for hit in hits] for hits in found] == [
        ["I play the cello", "Since when?"],
        [],
    ]
    assert again.status_code == 200, again.text
    assert [message["content"] for message in await home.messages(talk)] == [
        *("I play the cello", "Hello")
    ]
