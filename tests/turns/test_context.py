"""Long conversations keep their meaning; what the model sees can be looked at."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smriti.llm.provider import Finished, ModelFailed, ProviderEvent, TextChunk
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository
from smriti.turns.history import size_of
from tests.home import HELLO, Home, spoken
from tests.turns.attaching import until

BEGAN = datetime.now(UTC) - timedelta(minutes=30)
SUMMARY: list[ProviderEvent] = [
    TextChunk("<summary>They spoke of numbers.</summary>"),
    Finished("stop"),
]


@pytest.fixture
async def conversation(home: Home) -> dict[str, Any]:
    """Twenty exchanges of 400 words each, in a window of 8,000."""
    agent = await home.scripted_agent(context_tokens=64_000)
    conversation = await home.conversation(agent, title="Long")
    for number in range(40):
        await home.services.get(MessageRepository).put(
            Message(
                conversation_id=conversation["conversation_id"],
                role="user" if number % 2 == 0 else "assistant",
                content=f"number {number} " + "word " * 198,
                created_at=BEGAN + timedelta(seconds=number),
            )
        )
    return conversation


async def summarised(home: Home, conversation: dict[str, Any]) -> None:
    async def it_is_there() -> bool:
        return bool(await home.items_with("SUMMARY"))

    await until(it_is_there)


async def context_of(home: Home, conversation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await home.get(
        f"/conversations/{conversation['conversation_id']}/context"
    )
    return found


async def test_what_no_longer_fits_is_summarised_after_the_turn_and_shown_from_then_on(
    home: Home, conversation: dict[str, Any]
) -> None:
    model = home.script(HELLO, SUMMARY, HELLO, HELLO)
    await home.say(conversation, "First")
    await summarised(home, conversation)

    await home.say(conversation, "Second")
    await home.say(conversation, "Third")

    turn, summary, second, third = model.requests
    assert "conversation_summary" not in turn.system
    assert "number 0 " in summary.messages[0].text
    assert "They spoke of numbers." in second.system
    shown = [message.text for message in second.messages]
    assert len(shown) < len(turn.messages)
    assert not any("number 0 " in text for text in shown)
    assert sum(size_of(message)[0] for message in second.messages) <= 0.5 * 8000
    assert third.system == second.system
    assert third.messages[: len(second.messages)] == second.messages
    assert len(await home.items_with("MESSAGE#")) == 46


async def test_a_summary_that_cannot_be_made_changes_nothing(
    home: Home, conversation: dict[str, Any]
) -> None:
    model = home.script(HELLO, [ModelFailed("Busy.")], HELLO, [ModelFailed("Busy.")])
    await home.say(conversation, "First")

    async def the_model_was_asked() -> bool:
        return len(model.requests) == 2

    await until(the_model_was_asked)
    events = await home.say(conversation, "Second")

    assert spoken(events) == "Hello"
    assert await home.items_with("SUMMARY") == []
    assert len(model.requests[2].messages) > 30


async def test_a_retry_of_what_is_summarised_throws_the_summary_away(
    home: Home, conversation: dict[str, Any]
) -> None:
    model = home.script(HELLO, SUMMARY, HELLO)
    await home.say(conversation, "First")
    await summarised(home, conversation)
    messages = await home.messages(conversation)

    response = await home.client.post(
        f"/conversations/{conversation['conversation_id']}/messages"
        f"/{messages[2]['message_id']}/retry"
    )

    assert response.status_code == 200
    asked = model.requests[-1]
    assert "They spoke of numbers." not in asked.system
    assert [message.text.split()[0] for message in asked.messages[1:2]] == ["number"]
    assert len(asked.messages) == 3


async def test_the_context_shows_what_the_model_would_see_and_what_it_takes(
    home: Home, conversation: dict[str, Any]
) -> None:
    home.script(HELLO, SUMMARY)
    before = await context_of(home, conversation)
    await home.say(conversation, "First")
    await summarised(home, conversation)

    after = await context_of(home, conversation)

    assert (before["model"], before["summary"]) == ("scripted", None)
    assert before["system"].startswith("You are Librarian")
    assert "core_memory_append" in before["tools"]
    assert before["messages"][-1]["text"].startswith("number 39 ")
    for shown in (before, after):
        tokens = shown["tokens"]
        window = tokens.pop("window")
        assert window == 64_000
        assert sum(tokens.values()) == window
        assert tokens["messages"] == sum(message["tokens"] for message in shown["messages"])
    assert after["summary"]["text"] == "They spoke of numbers."
    assert after["summary"]["messages"] + len(after["messages"]) == 42
    assert after["messages"][-1]["text"] == "Hello"
    assert len(await home.items_with("TURN#")) == 1


async def test_the_context_of_somebody_else_is_not_found(
    home: Home, conversation: dict[str, Any]
) -> None:
    async with home.sign_up("bob") as bob:
        response = await bob.get(f"/conversations/{conversation['conversation_id']}/context")

    assert response.status_code == 404


async def test_a_conversation_knows_what_its_turns_have_cost(
    home: Home, conversation: dict[str, Any]
) -> None:
    agent = await home.agent(agent_name="Demo one")
    conversation = await home.conversation(agent, title="Tea")

    await home.say(conversation, "Hi")
    await home.say(conversation, "Hi again")

    shown = await home.get(f"/conversations/{conversation['conversation_id']}")
    assert shown["turn_count"] == 2
    assert shown["input_tokens"] > shown["output_tokens"] > 0
    assert shown["cost"] == 0
