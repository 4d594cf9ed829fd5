"""Finding one's way in long lists: an agent's conversations, the messages around one of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository
from tests.home import HELLO, Home

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def talk(home: Home) -> dict[str, Any]:
    """A conversation of the messages m0, …, m19, whose ids are the same."""
    conversation = await home.conversation(await home.agent())
    await home.services.get(MessageRepository).put_all(
        [
            Message(
                message_id=f"m{number}",
                conversation_id=conversation["conversation_id"],
                role="user",
                content=f"m{number}",
                created_at=START + timedelta(minutes=number),
            )
            for number in range(20)
        ]
    )
    return conversation


def path(talk: dict[str, Any]) -> str:
    return f"/conversations/{talk['conversation_id']}/messages"


def numbers(page: dict[str, Any]) -> list[int]:
    return [int(item["content"].removeprefix("m")) for item in page["items"]]


@pytest.mark.parametrize(
    ("around", "limit", "found"),
    [
        ("m10", 5, [12, 11, 10, 9, 8]),
        ("m10", 4, [11, 10, 9, 8]),
        ("m10", 1, [11, 10, 9]),
        ("m19", 5, [19, 18, 17]),
        ("m0", 5, [2, 1, 0]),
    ],
)
async def test_a_page_is_of_both_sides_of_a_message(
    around: str, limit: int, found: list[int], home: Home, talk: dict[str, Any]
) -> None:
    newest = await home.get(f"{path(talk)}?around={around}&limit={limit}")
    oldest = await home.get(f"{path(talk)}?around={around}&limit={limit}&order=oldest")

    assert numbers(newest) == found
    assert around in {item["message_id"] for item in oldest["items"]}
    assert numbers(oldest) == sorted(numbers(oldest))


async def test_from_there_one_goes_on_to_either_end(home: Home, talk: dict[str, Any]) -> None:
    middle = await home.get(f"{path(talk)}?around=m10&limit=5")
    older = await home.get(f"{path(talk)}?limit=100&cursor={middle['next_cursor']}")
    newer = await home.get(
        f"{path(talk)}?limit=100&order=oldest&cursor={middle['previous_cursor']}"
    )

    assert numbers(older) == [*range(7, -1, -1)]
    assert numbers(newer) == [*range(13, 20)]
    assert (older["next_cursor"], newer["next_cursor"]) == (None, None)


async def test_at_an_end_there_is_nothing_to_go_on_to(home: Home, talk: dict[str, Any]) -> None:
    newest = await home.get(f"{path(talk)}?around=m19&limit=5")
    oldest = await home.get(f"{path(talk)}?around=m0&limit=5")
    usual = await home.get(f"{path(talk)}?limit=5")

    assert (newest["previous_cursor"], newest["has_more"]) == (None, True)
    assert (oldest["next_cursor"], oldest["has_more"]) == (None, False)
    assert usual["previous_cursor"] is None


async def test_a_message_that_was_left_behind_is_shown_when_it_is_looked_for(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script(HELLO, HELLO)
    await home.say(conversation, "First")
    _, answer = await home.messages(conversation)
    question_id = (await home.messages(conversation))[0]["message_id"]
    await home.client.post(f"{path(conversation)}/{question_id}/retry")

    around = await home.get(f"{path(conversation)}?around={answer['message_id']}")

    assert [(item["role"], item["active"]) for item in around["items"]] == [
        ("assistant", True),
        ("assistant", False),
        ("user", True),
    ]


async def test_around_a_message_that_is_not_there_nothing_is_found(
    home: Home, talk: dict[str, Any]
) -> None:
    other = await home.conversation(await home.agent(agent_name="Other"))
    async with home.sign_up("bob") as bob:
        anothers = await bob.get(f"{path(talk)}?around=m10")
    answers = [
        await home.client.get(f"{path(talk)}?around=m99"),
        await home.client.get(f"{path(other)}?around=m10"),
    ]

    assert anothers.json()["type"] == "/problems/conversation-not-found"
    assert {answer.json()["type"] for answer in answers} == {"/problems/message-not-found"}


async def test_conversations_are_listed_by_their_agent(home: Home) -> None:
    one, two = await home.agent(agent_name="One"), await home.agent(agent_name="Two")
    for agent, title in ((one, "a"), (two, "b"), (one, "c"), (two, "d")):
        await home.conversation(agent, title=title)

    found: list[str] = []
    cursor = ""
    while True:
        query = f"/conversations/?agent_id={one['agent_id']}&limit=1&cursor={cursor}"
        page = await home.get(query)
        found += [item["title"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]

    assert found == ["c", "a"]
    assert (await home.get("/conversations/?agent_id=nobody"))["items"] == []
    assert len((await home.get("/conversations/?agent_id="))["items"]) == 4
