"""`/query` is a turn that is waited for; `/agent_info` lists agents."""

import asyncio
from typing import Any

import pytest

from smriti.agentserver.answers import Answers, NotAnsweredYet
from smriti.auth.models import Asker
from smriti.llm.provider import ModelFailed
from smriti.messages.repository import MessageRepository
from smriti.turns.service import Ask, TurnService
from smriti.turns.streams import TurnStreams
from tests.agentserver.conftest import ADA, OlderClient
from tests.fakes.held_provider import HeldProvider
from tests.home import HELLO, Home

type Json = dict[str, Any]


@pytest.fixture
async def ada(older: OlderClient, home: Home) -> Json:
    """An agent with the scripted model."""
    await home.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
    await older.create(character_file={**ADA, "settings": {"model": "scripted"}})
    (agent,) = await home.get("/agents")
    found: Json = agent
    return found


async def conversations(home: Home) -> list[Json]:
    found: list[Json] = (await home.get("/conversations/"))["items"]
    return found


async def test_a_question_is_answered(ada: Json, older: OlderClient, home: Home) -> None:
    home.script(HELLO, HELLO)

    response = await older.query("Hi")

    assert response.status_code == 200
    assert response.json() == {
        "status": "success",
        "data1": {"text": "Hello", "user": "Ada"},
        "extra_tool_response": {},
    }


async def test_questions_are_asked_in_one_conversation_that_the_owner_sees(
    ada: Json, older: OlderClient, home: Home
) -> None:
    home.script(*[HELLO] * 4)
    await older.query("One")
    await older.query("Two")

    (conversation,) = await conversations(home)
    said = [message["content"] for message in await home.messages(conversation)]
    assert said == ["One", "Hello", "Two", "Hello"]


async def test_questions_at_once_are_answered_one_after_another(
    ada: Json, older: OlderClient, home: Home
) -> None:
    home.script(*[HELLO] * 8)

    responses = await asyncio.gather(*(older.query(f"Number {n}") for n in range(4)))

    assert [response.status_code for response in responses] == [200] * 4
    (conversation,) = await conversations(home)
    assert len(await home.messages(conversation)) == 8


async def test_a_conversation_that_was_deleted_gets_a_successor(
    ada: Json, older: OlderClient, home: Home
) -> None:
    home.script(*[HELLO] * 4)
    await older.query("One")
    (conversation,) = await conversations(home)
    await home.client.delete(f"/conversations/{conversation['conversation_id']}")

    response = await older.query("Two")

    (conversation,) = await conversations(home)
    said = [message["content"] for message in await home.messages(conversation)]
    assert (response.status_code, said) == (200, ["Two", "Hello"])


async def test_a_key_in_a_header_is_as_good_and_wins(
    ada: Json, older: OlderClient, home: Home
) -> None:
    home.script(*[HELLO] * 4)
    asked = {"query": "Hi", "agent_name": "Ada"}

    for headers in ({"X-API-Key": older.key}, {"Authorization": f"Bearer {older.key}"}):
        answer = await older.http.post("/query", json=asked | {"api_key": "no"}, headers=headers)
        assert answer.status_code == 200
    answer = await older.query("Hi", api_key="no")
    assert answer.status_code == 401
    wrong = {"X-API-Key": "no"}
    answer = await older.http.post("/query", json=asked | {"api_key": older.key}, headers=wrong)
    assert answer.status_code == 401


async def test_a_person_may_ask_too(ada: Json, home: Home) -> None:
    home.script(HELLO, HELLO)

    answer = await home.post("/query", {"query": "Hi", "agent_name": "Ada"})

    assert answer["data1"]["text"] == "Hello"


async def test_the_same_idempotency_key_asks_once(
    ada: Json, older: OlderClient, home: Home
) -> None:
    model = home.script(HELLO, HELLO)
    headers = {"Idempotency-Key": "once", "X-API-Key": older.key}
    asked = {"query": "Hi", "agent_name": "Ada"}

    answers = [await older.http.post("/query", json=asked, headers=headers) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert len([each for each in model.requests if "Ada" in each.system]) == 1


async def test_an_answer_that_breaks_off_is_an_error(
    ada: Json, older: OlderClient, home: Home
) -> None:
    home.script([ModelFailed("The model is asleep.")])

    response = await older.query("Hi")

    assert response.status_code == 502
    assert response.json() == {
        "status": "error",
        "message": "The model is asleep.",
        "type": "model-failed",
    }


async def test_an_answer_that_takes_too_long_is_not_waited_for_and_still_comes(
    ada: Json, home: Home
) -> None:
    model = home.model = HeldProvider()
    conversation = await home.conversation(ada, title="Tea")
    get, conversation_id = home.services.get, conversation["conversation_id"]
    answers = Answers(get(TurnService), get(TurnStreams), get(MessageRepository), limit_s=0.05)
    ask = Ask(Asker("alice@local", "alice@local"), ada["agent_id"], conversation_id)

    with pytest.raises(NotAnsweredYet, match=conversation_id) as late:
        await answers.to(ask, "Hi")
    model.released.set()
    (turn,) = (await home.get(f"/conversations/{conversation_id}/turns"))["items"]
    await get(TurnStreams).end_of(conversation_id, turn["turn_id"])

    said = [message["content"] for message in await home.messages(conversation)]
    assert (late.value.status, said) == (504, ["Hi", "Wait and see."])


async def test_agents_are_listed_by_their_ids(ada: Json, older: OlderClient) -> None:
    for who in ({}, {"user_id": "alice@local"}, {"user_id": " Alice@Local "}):
        response = await older.info(**who)

        assert response.json() == {
            "status": "success",
            "data": {"user_id": "alice@local", "agents": {ada["agent_id"]: "Ada"}},
        }


@pytest.mark.parametrize("user_id", ["bob@local", "nobody@local", 7])
async def test_other_peoples_agents_are_not_listed(
    user_id: str | int, older: OlderClient, home: Home
) -> None:
    async with home.sign_up("bob"):
        response = await older.info(user_id=user_id)

    assert response.status_code == 404
    assert response.json() == {
        "status": "error",
        "message": f"No agents found for user_id {user_id}",
        "type": "no-agents",
    }


async def test_other_peoples_agents_are_not_asked_or_changed(
    ada: Json, older: OlderClient, home: Home
) -> None:
    async with home.sign_up("bob") as bob:
        asked = await bob.post("/query", json={"query": "Hi", "agent_name": "Ada"})
        made = await bob.post("/create_session", json={"character_file": {"name": "Ada"}})
        listed = (await bob.get("/agents")).json()

    assert asked.status_code == 404
    assert made.json()["eliza_response"]["id"] == listed[0]["agent_id"] != ada["agent_id"]
    assert (await home.get("/agents"))[0]["agent_persona"] == ada["agent_persona"]
