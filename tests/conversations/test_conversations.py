"""Conversations and their messages over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smriti.conversations.service import ConversationService
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository
from tests.home import Home


@pytest.fixture
async def agent(home: Home) -> dict[str, Any]:
    return await home.agent()


async def walk(home: Home, path: str) -> list[list[dict[str, Any]]]:
    """All pages of a list, by its cursors."""
    pages: list[list[dict[str, Any]]] = []
    cursor = ""
    while True:
        page = await home.get(f"{path}&cursor={cursor}")
        pages.append(page["items"])
        assert page["has_more"] is (page["next_cursor"] is not None)
        assert page["total_count"] is None
        if not page["has_more"]:
            return pages
        cursor = page["next_cursor"]


async def test_a_conversation_is_created_with_an_agent_of_ones_own(
    home: Home, agent: dict[str, Any]
) -> None:
    conversation = await home.conversation(agent, title="Tea", description="About tea")

    assert conversation == {
        "conversation_id": conversation["conversation_id"],
        "title": "Tea",
        "description": "About tea",
        "agent_id": agent["agent_id"],
        "created_by": "alice@local",
        "created_at": conversation["created_at"],
        "updated_at": None,
        "turn_count": 0,
        "cost": 0.0,
        **dict.fromkeys(("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"), 0),
    }
    path = f"/conversations/{conversation['conversation_id']}"
    assert await home.get(path) == conversation


async def test_an_unknown_agent_is_not_found(home: Home, agent: dict[str, Any]) -> None:
    conversation = await home.conversation(agent)
    path = f"/conversations/{conversation['conversation_id']}"
    body = {"agent_id": "nobody", "title": "Tea"}

    for response in (
        await home.client.post("/conversations/", json=body),
        await home.client.put(path, json=body),
    ):
        assert response.status_code == 404
        assert "not found" in response.json()["detail"]


@pytest.mark.parametrize("title", ["", "x" * 201, 7, ["a"]])
async def test_a_title_that_is_none_is_refused(
    home: Home, agent: dict[str, Any], title: object
) -> None:
    body = {"agent_id": agent["agent_id"], "title": title}

    response = await home.client.post("/conversations/", json=body)

    assert response.status_code == 422


async def test_the_list_is_paged_newest_first_to_its_exact_end(
    home: Home, agent: dict[str, Any]
) -> None:
    for number in range(5):
        await home.conversation(agent, title=str(number))

    pages = await walk(home, "/conversations/?limit=2")

    assert [[item["title"] for item in page] for page in pages] == [["4", "3"], ["2", "1"], ["0"]]


async def test_messages_are_paged_both_ways(home: Home, agent: dict[str, Any]) -> None:
    conversation = await home.conversation(agent)
    path = f"/conversations/{conversation['conversation_id']}/messages"
    await store(home, conversation, [str(number) for number in range(5)])

    newest = await walk(home, f"{path}?limit=2")
    oldest = await walk(home, f"{path}?limit=2&order=oldest")

    assert [[item["content"] for item in page] for page in newest] == [
        ["4", "3"],
        ["2", "1"],
        ["0"],
    ]
    assert [[item["content"] for item in page] for page in oldest] == [
        ["0", "1"],
        ["2", "3"],
        ["4"],
    ]


async def test_a_full_last_page_is_not_followed_by_an_empty_one(
    home: Home, agent: dict[str, Any]
) -> None:
    conversation = await home.conversation(agent)
    await store(home, conversation, ["a", "b", "c", "d"])

    pages = await walk(home, f"/conversations/{conversation['conversation_id']}/messages?limit=2")

    assert [len(page) for page in pages] == [2, 2]


@pytest.mark.parametrize("cursor", ["broken", "e30", "W10", "WyJBZ2VudCMxIl0", "💥", "a" * 4097])
async def test_a_broken_cursor_is_told(home: Home, agent: dict[str, Any], cursor: str) -> None:
    response = await home.client.get("/conversations/", params={"cursor": cursor})

    assert response.status_code in {400, 422}
    assert response.json()["detail"]


async def test_an_update_changes_what_is_given(home: Home, agent: dict[str, Any]) -> None:
    other = await home.agent(agent_name="Other")
    conversation = await home.conversation(agent, title="Tea")
    path = f"/conversations/{conversation['conversation_id']}"
    change = {"description": "Green", "agent_id": other["agent_id"], "title": None}

    changed = (await home.client.put(path, json=change)).json()

    assert changed == {
        **conversation,
        "description": "Green",
        "agent_id": other["agent_id"],
        "updated_at": changed["updated_at"],
    }


async def test_a_deleted_conversation_is_gone_and_others_stay(
    home: Home, agent: dict[str, Any]
) -> None:
    conversation, other = await home.conversation(agent), await home.conversation(agent)
    await store(home, conversation, ["a" * 400_000, "b"])
    await store(home, other, ["c"])
    path = f"/conversations/{conversation['conversation_id']}"

    first, second = await home.client.delete(path), await home.client.delete(path)

    assert (first.status_code, second.status_code) == (204, 404)
    assert (await home.client.get(path)).status_code == 404
    assert await home.items_with(conversation["conversation_id"]) == []
    assert [message["content"] for message in await home.messages(other)] == ["c"]
    assert len((await home.get("/conversations/"))["items"]) == 1


async def test_deleting_at_once_deletes_once(home: Home, agent: dict[str, Any]) -> None:
    conversation = await home.conversation(agent)
    path = f"/conversations/{conversation['conversation_id']}"

    responses = await asyncio.gather(*(home.client.delete(path) for _ in range(5)))

    assert {response.status_code for response in responses} <= {204, 404}
    assert await home.items_with(conversation["conversation_id"]) == []


async def test_a_turn_moves_updated_at(home: Home, agent: dict[str, Any]) -> None:
    conversation = await home.conversation(agent, title="Tea")

    await home.say(conversation, "Hello")

    path = f"/conversations/{conversation['conversation_id']}"
    answer = (await home.messages(conversation))[-1]
    assert (await home.get(path))["updated_at"] == answer["created_at"]


async def store(home: Home, conversation: dict[str, Any], contents: list[str]) -> None:
    began = datetime.now(UTC)
    for number, content in enumerate(contents):
        await home.services.get(MessageRepository).put(
            Message(
                conversation_id=conversation["conversation_id"],
                role="user",
                content=content,
                created_at=began + timedelta(seconds=number),
            )
        )


async def test_one_may_be_deleted_while_all_of_the_owner_are(
    home: Home, agent: dict[str, Any]
) -> None:
    *_, last = [await home.conversation(agent) for _ in range(5)]
    conversations = home.services.get(ConversationService)

    await asyncio.gather(
        conversations.delete_all_of("alice@local"),
        conversations.delete("alice@local", last["conversation_id"]),
    )

    assert (await home.get("/conversations/"))["items"] == []
