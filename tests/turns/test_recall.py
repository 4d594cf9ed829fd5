"""What was said in past conversations is found again, and goes when it shall go."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smriti.core.clock import new_id
from smriti.llm.provider import Finished, ModelFailed, ProviderEvent, TextChunk
from smriti.memory.recall.models import INDEXED_BYTES, Exchange, Talk
from smriti.memory.recall.repository import RecallRepository
from smriti.messages.models import Message
from smriti.users.service import UserService
from tests.fakes.held_provider import HeldProvider
from tests.home import Home
from tests.patience import PATIENCE_S

type Json = dict[str, Any]


def says(text: str) -> list[ProviderEvent]:
    return [TextChunk(text), Finished("stop")]


@pytest.fixture
async def agent(home: Home) -> Json:
    return await home.scripted_agent()


async def talk(home: Home, agent: Json, *exchanges: tuple[str, str], title: str = "Tea") -> Json:
    """A conversation in which this was said."""
    conversation = await home.conversation(agent, title=title)
    home.script(*(says(answer) for _, answer in exchanges))
    for question, _ in exchanges:
        await home.say(conversation, question)
    return conversation


async def recalled(home: Home, agent: Json, query: str, **more: Any) -> list[Json]:
    params = {"query": query, "limit": 100, **more}
    response = await home.client.get(f"/agents/{agent['agent_id']}/recall", params=params)
    assert response.is_success, response.text
    items: list[Json] = response.json()["items"]
    return items


async def contents(home: Home, agent: Json, query: str, **more: Any) -> list[str]:
    return [hit["content"] for hit in await recalled(home, agent, query, **more)]


async def test_what_was_said_is_found_with_all_that_tells_where(home: Home, agent: Json) -> None:
    conversation = await talk(home, agent, ("I play the cello", "A fine instrument."))
    question, answer = await home.messages(conversation)

    first, second = await recalled(home, agent, "cello")

    assert 0 < first.pop("score") <= 1
    assert first == {
        "message_id": question["message_id"],
        "conversation_id": conversation["conversation_id"],
        "conversation_title": "Tea",
        "turn_id": question["turn_id"],
        "role": "user",
        "author": "alice",
        "content": "I play the cello",
        "created_at": question["created_at"],
        "highlights": [[11, 16]],
    }
    # The answer has none of the words, but stands beside what has.
    assert (second["message_id"], second["author"]) == (answer["message_id"], "Librarian")
    assert second["highlights"] == []


async def test_all_conversations_with_the_agent_are_searched_and_no_others(
    home: Home, agent: Json
) -> None:
    await talk(home, agent, ("Lisbon is lovely", "Yes."), title="Trip")
    await talk(home, agent, ("We flew to Lisbon", "Nice."), title="Flight")
    other = await home.scripted_agent(agent_name="Other")
    await talk(home, other, ("Lisbon again", "Hm."))

    found = await recalled(home, agent, "Lisbon", role="user")

    assert {hit["conversation_title"] for hit in found} == {"Trip", "Flight"}


async def test_of_other_people_nothing_is_found(home: Home, agent: Json) -> None:
    await talk(home, agent, ("The secret is zanzibar", "Noted."))

    async with home.sign_up("bob") as client:
        bob = Home(home.app, client, home.table)
        his = await bob.agent(agent_name="His")
        await bob.say(await bob.conversation(his, title="Talk"), "What is zanzibar?")
        found = await recalled(bob, his, "zanzibar")
        foreign = await client.get(f"/agents/{agent['agent_id']}/recall?query=zanzibar")

    assert {hit["author"] for hit in found} <= {"bob", "His"}
    assert foreign.status_code == 404


async def test_messages_of_a_time_and_of_one_side(home: Home, agent: Json) -> None:
    await talk(home, agent, ("Green tea or black tea?", "Green tea."))
    now = datetime.now(UTC)
    earlier, later = (now - timedelta(minutes=5)).isoformat(), (now + timedelta(minutes=5))

    assert await contents(home, agent, "tea", role="assistant") == ["Green tea."]
    assert await contents(home, agent, "tea", role="user") == ["Green tea or black tea?"]
    assert len(await contents(home, agent, "tea", after=earlier)) == 2
    assert await contents(home, agent, "tea", before=earlier) == []
    assert await contents(home, agent, "tea", after=later.isoformat()) == []


async def test_pages_show_everything_once_though_a_message_is_gone(home: Home, agent: Json) -> None:
    said = [(f"Tea number {number}", f"Cup {number}") for number in range(9)]
    conversation = await talk(home, agent, *said)
    gone = (await home.messages(conversation))[4]
    await home.table.bulk(
        deletes=[
            (f"CONVERSATION#{conversation['conversation_id']}", str(item["sk"]))
            for item in await home.items_with(gone["message_id"])
        ]
    )

    pages: list[list[str]] = []
    cursor = ""
    while cursor is not None:
        path = f"/agents/{agent['agent_id']}/recall?query=tea&limit=4&cursor={cursor}"
        found = await home.get(path)
        pages.append([hit["message_id"] for hit in found["items"]])
        cursor = found["next_cursor"]

    shown = [message_id for page in pages for message_id in page]
    assert len(pages) == 5
    assert sorted(shown) == sorted(
        m["message_id"] for m in await home.messages(conversation) if m != gone
    )


async def test_of_a_turn_that_failed_the_question_is_found(home: Home, agent: Json) -> None:
    conversation = await home.conversation(agent, title="Tea")
    home.script([ModelFailed("Busy.")])

    await home.say(conversation, "I play the cello")

    assert await contents(home, agent, "cello") == ["I play the cello"]


async def test_a_long_message_is_indexed_by_its_beginning_and_shown_whole(
    home: Home, agent: Json
) -> None:
    text = "The cello. " + "wörter " * 20_000
    await talk(home, agent, (text, "Long."))

    (found,) = await recalled(home, agent, "cello", role="user")
    (item,) = await home.items_with("Recall#")

    assert found["content"] == text
    assert len(str(item["question"]).encode()) in range(INDEXED_BYTES - 4, INDEXED_BYTES + 1)


async def test_what_says_nothing_is_not_kept(home: Home, agent: Json) -> None:
    conversation = await home.conversation(agent, title="Tea")
    home.script([Finished("stop")])

    await home.say(conversation, "")

    assert await home.items_with("Recall#") == []


async def test_a_deleted_conversation_is_not_recalled(home: Home, agent: Json) -> None:
    gone = await talk(home, agent, ("I play the cello", "Fine."), ("And the viola", "Fine."))
    await talk(home, agent, ("The cello is old", "How old?"), title="Kept")
    await recalled(home, agent, "cello")

    await home.client.delete(f"/conversations/{gone['conversation_id']}")

    assert {hit["conversation_title"] for hit in await recalled(home, agent, "cello")} == {"Kept"}
    assert len(await home.items_with("Recall#")) == 1


async def test_a_conversation_deleted_while_the_agent_answers_leaves_nothing(
    home: Home, agent: Json
) -> None:
    conversation = await talk(home, agent, ("I play the cello", "Fine."))
    model = home.model = HeldProvider()
    sending = asyncio.create_task(home.send(conversation, {"content": "And the viola"}))
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()

    response = await home.client.delete(f"/conversations/{conversation['conversation_id']}")
    model.released.set()
    await sending

    assert response.status_code == 204
    assert await home.items_with("Recall#") == []
    assert await home.items_with(conversation["conversation_id"]) == []


@pytest.mark.parametrize("what", ["agent", "account"])
async def test_with_an_agent_or_an_account_all_of_it_goes(
    home: Home, agent: Json, what: str
) -> None:
    conversation = await talk(home, agent, ("I play the cello", "Fine."))

    if what == "agent":
        await home.client.delete(f"/agents/{agent['agent_id']}")
        await home.client.delete(f"/conversations/{conversation['conversation_id']}")
    else:
        await home.client.delete("/users/me")
        await home.services.get(UserService).close()

    assert await home.items_with("Recall") == []


async def test_a_conversation_of_another_agent_now_is_recalled_by_who_was_asked(
    home: Home, agent: Json
) -> None:
    conversation = await talk(home, agent, ("I play the cello", "Fine."))
    other = await home.scripted_agent(agent_name="Other")
    path = f"/conversations/{conversation['conversation_id']}"
    await home.client.put(path, json={"agent_id": other["agent_id"]})
    conversation["agent_id"] = other["agent_id"]
    home.script(says("Well."))
    await home.say(conversation, "My cello is old")

    assert await contents(home, agent, "cello", role="user") == ["I play the cello"]
    assert await contents(home, other, "cello", role="user") == ["My cello is old"]
    await home.client.delete(path)
    assert await home.items_with("Recall#") == []


async def again(home: Home, conversation: Json, message: Json, *, to: str | None = None) -> None:
    what = "retry" if to is None else "edit"
    path = f"/conversations/{conversation['conversation_id']}/messages/{message['message_id']}"
    response = await home.client.post(f"{path}/{what}", json={} if to is None else {"content": to})
    assert response.status_code == 200, response.text


async def test_what_a_retry_leaves_behind_is_not_recalled(home: Home, agent: Json) -> None:
    conversation = await talk(
        home, agent, ("Which cello?", "The old cello"), ("And then?", "A new cello")
    )
    first, *_ = await home.messages(conversation)
    home.script(says("The red cello"), says("The blue cello"))

    await again(home, conversation, first)
    once = await contents(home, agent, "cello")
    await again(home, conversation, first)

    assert sorted(once) == ["The red cello", "Which cello?"]
    assert sorted(await contents(home, agent, "cello")) == ["The blue cello", "Which cello?"]
    assert len(await home.items_with("Recall#")) == 1


async def test_what_an_edit_leaves_behind_is_not_recalled(home: Home, agent: Json) -> None:
    conversation = await talk(
        home, agent, ("Tea?", "Yes, tea"), ("Which cello?", "The old cello"), ("And?", "Cello!")
    )
    *_, question, _, _, _ = await home.messages(conversation)
    home.script(says("The old viola"))

    await again(home, conversation, question, to="Which viola?")

    assert await contents(home, agent, "cello") == []
    assert len(await contents(home, agent, "viola")) == 4
    assert len(await home.items_with("Recall#")) == 2


async def test_what_comes_late_is_told(home: Home, agent: Json) -> None:
    """It sorts before what an index has read already."""
    recall = RecallRepository(home.table)
    late = _exchange(agent, "The late cello", minutes_ago=10)

    await recall.put(_exchange(agent, "The cello", minutes_ago=1), fence=1)
    assert await home.items_with("RecallChange#") == []
    await recall.put(late, fence=1)

    (told,) = await home.items_with("RecallChange#")
    assert told["keys"] == [recall.key(late)[1]]


async def test_who_lost_the_conversation_does_not_put_an_older_text_back(
    home: Home, agent: Json
) -> None:
    recall = RecallRepository(home.table)
    newer = _exchange(agent, "Newer")
    await recall.put(newer, fence=2)

    await recall.put(newer.model_copy(update={"question": "Older"}), fence=1)

    (item,) = await home.items_with("Recall#")
    assert item["question"] == "Newer"


def _exchange(agent: Json, text: str, *, minutes_ago: int = 0) -> Exchange:
    moment = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    question = Message(conversation_id="c", role="user", content=text, created_at=moment)
    talk = Talk(agent["agent_id"], "alice@local", "Librarian", "Alice")
    return Exchange.of(new_id(), question, None, talk)
