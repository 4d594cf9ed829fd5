"""Visitors talk with the agent of somebody else, who pays, and hear nothing of each other."""

import pytest

from smriti.llm.provider import Finished, TextChunk
from tests.home import HELLO, Home, events_of, spoken, types_of
from tests.widget.shop import Shop


async def test_a_visitor_talks_with_the_agent(shop: Shop) -> None:
    async with shop.visit() as visit:
        conversation = await visit.conversation()
        events = await visit.say(conversation, "My name is Bo and I work at Acme")
        path = f"/widget/conversations/{conversation['conversation_id']}"
        shown = (await visit.http.get(path)).json()
        listed = (await visit.http.get("/widget/conversations")).json()
        messages = (await visit.http.get(f"{path}/messages")).json()

    assert (events[0]["content"], events[0]["seq"]) == ("Connecting to agent...", 0)
    assert types_of(events)[-1] == "STREAM_COMPLETE"
    assert "Nice to meet you, Bo!" in spoken(events)
    assert conversation == {
        "conversation_id": conversation["conversation_id"],
        "agent_id": shop.agent["agent_id"],
        "visitor_id": visit.visitor_id,
        "visitor_name": "Visitor",
        "title": "New conversation",
        "created_at": conversation["created_at"],
        "updated_at": None,
        "message_count": 0,
    }
    assert (shown["message_count"], shown["updated_at"] is not None) == (2, True)
    assert listed == [shown]
    assert [list(message) for message in messages] == [
        ["message_id", "role", "content", "created_at"]
    ] * 2
    assert [message["role"] for message in messages] == ["user", "assistant"]
    assert all(message["created_at"].endswith("+00:00") for message in messages)


async def test_the_turn_is_the_owners_and_the_memory_the_visitors(home: Home) -> None:
    agent = await home.scripted_agent()  # by alice's own provider
    shop = await Shop.opened(home, agent)
    model = home.script(HELLO, HELLO)

    async with shop.visit() as visit:
        conversation = await visit.conversation()
        assert spoken(await visit.say(conversation, "Hi")) == "Hello"
        assert spoken(await visit.say(conversation, "Hi again")) == "Hello"

    user = f"visitor:{agent['agent_id']}:{visit.visitor_id}"
    (turn, _) = await home.items_with("TURN#")
    assert (turn["agent_owner"], turn["created_by"]) == ("alice@local", user)
    assert len(model.requests) == 2  # no title was made at the owner's cost
    assert (await home.get("/conversations/"))["items"] == []
    assert await home.items_with("User#alice@local#") == []


async def test_what_visitors_ask_counts_for_the_owner(shop: Shop) -> None:
    async with shop.visit() as visit:
        await visit.say(await visit.conversation(), "Hi")

    (usage,) = await shop.home.items_with("Usage#20")
    assert (usage["pk"], usage["messages_used"]) == ("User#alice@local", 1)


async def test_what_a_visitor_tells_is_remembered_for_that_visitor_only(shop: Shop) -> None:
    async with shop.visit() as bo, shop.visit() as cy:
        await bo.say(await bo.conversation(), "My name is Bo and I work at Acme")
        again = spoken(await bo.say(await bo.conversation(), "Where do I work?"))
        other = spoken(await cy.say(await cy.conversation(), "Where do I work?"))
    owner = await shop.home.conversation(shop.agent)
    own = spoken(await shop.home.say(owner, "Where do I work?"))

    assert "Acme" in again
    assert "Acme" not in other + own


async def test_a_visitor_gets_no_tool_of_the_owners_machines(home: Home) -> None:
    agent = await home.scripted_agent(capabilities=["devices"])
    model = home.script(HELLO, HELLO)
    shop = await Shop.opened(home, agent)

    async with shop.visit() as visit:
        await visit.say(await visit.conversation(), "Hi")
    await home.say(await home.conversation(agent, title="Mine"), "Hi")

    strangers, owners = ({tool.name for tool in asked.tools} for asked in model.requests)
    assert owners - strangers == {"device_list", "device_task"}


@pytest.mark.parametrize("what", ["", "/messages", "/turns/any/events"])
async def test_another_visitors_conversation_is_denied_and_an_unknown_one_not_found(
    shop: Shop, what: str
) -> None:
    async with shop.visit() as bo, shop.visit() as cy:
        conversation = await bo.conversation()
        path = f"/widget/conversations/{conversation['conversation_id']}{what}"
        denied = await cy.http.get(path)
        unknown = await cy.http.get(f"/widget/conversations/unknown{what}")
        sent = await cy.send(conversation, "Hi")
        lost = await cy.send({"conversation_id": "unknown"}, "Hi")

    for answer in (denied, sent):
        assert (answer.status_code, answer.json()["detail"]) == (403, "Access denied")
    for answer in (unknown, lost):
        assert (answer.status_code, answer.json()["detail"]) == (404, "Conversation not found")


async def test_the_owners_own_conversations_are_not_there_for_visitors(shop: Shop) -> None:
    own = await shop.home.conversation(shop.agent)

    async with shop.visit() as visit:
        answer = await visit.send(own, "Hi")

    assert answer.status_code == 404


@pytest.mark.parametrize("content", ["", "x" * 10_001])
async def test_a_message_has_1_to_10000_characters(shop: Shop, content: str) -> None:
    async with shop.visit() as visit:
        answer = await visit.send(await visit.conversation(), content)

    assert answer.status_code == 422


async def test_a_question_that_is_sent_again_is_one(shop: Shop) -> None:
    async with shop.visit() as visit:
        conversation = await visit.conversation()
        sent = [
            await visit.send(conversation, "Hi", **{"Idempotency-Key": "hi-1"}) for _ in range(2)
        ]
        path = f"/widget/conversations/{conversation['conversation_id']}/messages"
        messages = (await visit.http.get(path)).json()

    first, again = (events_of(answer.text) for answer in sent)
    assert first == again
    assert len(messages) == 2


async def test_an_answer_is_read_on_from_any_event(home: Home) -> None:
    shop = await Shop.opened(home, await home.scripted_agent())
    home.script((TextChunk("Hello, "), TextChunk("you"), Finished("stop")))

    async with shop.visit() as visit:
        conversation = await visit.conversation()
        events = await visit.say(conversation, "Hi")
        turn = f"turns/{events[0]['turn_id']}/events"
        path = f"/widget/conversations/{conversation['conversation_id']}/{turn}"
        rest = await visit.http.get(path, params={"after": events[-2]["seq"]})
        heard = await visit.http.get(path, headers={"Last-Event-ID": str(events[-1]["seq"])})

    assert rest.text.startswith(f"id: {events[-1]['seq']}\ndata: ")
    assert heard.status_code == 204
