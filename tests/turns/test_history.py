"""What of the past the model sees."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.db.table import Table
from smriti.llm.provider import CallRequested, Finished, ModelFailed
from smriti.llm.types import ChatMessage, TextPart, ToolCall
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository
from smriti.turns.history import Window, fitted, session_of, size_of
from smriti.turns.past import Said, Shape, Shown
from tests.home import HELLO, Home, open_home

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHAPE = Shape(words=8000, newest=0, session_minutes=60, with_images=False)


def said(text: str, *, minutes_ago: int = 0) -> Message:
    moment = NOON - timedelta(minutes=minutes_ago)
    return Message(conversation_id="c", role="user", content=text, created_at=moment)


def asked(text: str) -> ChatMessage:
    return ChatMessage(role="user", parts=(TextPart(text=text),))


async def test_the_model_sees_earlier_messages_and_the_tools_they_used(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    call = ToolCall(call_id="1", name="core_memory_list_blocks", arguments={})
    model = home.script([CallRequested(call), Finished("tool_calls")], HELLO, HELLO)
    await home.say(conversation, "First")

    await home.say(conversation, "Second")

    first, answer, second = model.requests[-1].messages
    assert first.text.endswith("UTC, " + first.text.split("UTC, ")[1])
    assert first.text.endswith("\nFirst")
    assert [part.type for part in answer.parts] == ["tool_call", "tool_result", "text"]
    assert second.text.endswith("\nSecond")


async def test_the_prompt_begins_with_the_same_bytes_from_step_to_step_and_turn_to_turn(
    home: Home,
) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    call = ToolCall(call_id="1", name="core_memory_list_blocks", arguments={})
    model = home.script([CallRequested(call), Finished("tool_calls")], HELLO, HELLO)
    await home.say(conversation, "First")
    await home.say(conversation, "Second")

    step, next_step, next_turn = model.requests

    assert step.system == next_step.system == next_turn.system
    assert step.tools == next_step.tools == next_turn.tools
    assert next_step.messages[: len(step.messages)] == step.messages
    assert next_turn.messages[0] == step.messages[0]


async def test_what_the_agent_learned_is_in_the_next_prompt(home: Home) -> None:
    agent = await home.scripted_agent()
    conversation = await home.conversation(agent, title="Tea")
    arguments = {"block": "human", "content": "Drinks tea"}
    call = ToolCall(call_id="1", name="core_memory_append", arguments=arguments)
    model = home.script([CallRequested(call), Finished("tool_calls")], HELLO, HELLO)
    await home.say(conversation, "I drink tea")

    await home.say(await home.conversation(agent, title="New"), "Hi")

    assert "[Human - Facts about the user]\n1: Drinks tea" in model.requests[-1].system


async def test_a_conversation_of_more_than_a_megabyte_shows_the_newest_messages(
    home: Home,
) -> None:
    conversation = await home.conversation(
        await home.scripted_agent(context_tokens=32_000), title="Long"
    )
    messages = home.services.get(MessageRepository)
    began = datetime.now(UTC) - timedelta(minutes=30)
    for number in range(120):
        content = f"number {number} " + "word " * 2000
        await messages.put(
            Message(
                conversation_id=conversation["conversation_id"],
                role="user" if number % 2 == 0 else "assistant",
                content=content,
                created_at=began + timedelta(seconds=number),
            )
        )
    model = home.script(HELLO)

    await home.say(conversation, "The newest question")

    shown = model.requests[0].messages
    assert shown[-1].text.endswith("The newest question")
    assert "number 119 " in shown[-2].text
    assert sum(size_of(message)[0] for message in shown) <= 8000


async def test_deleting_a_long_conversation_removes_every_item(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Long")
    partition = conversation["conversation_id"]
    home.script(HELLO)
    await home.say(conversation, "long " * 90_000)

    response = await home.client.delete(f"/conversations/{partition}")

    assert response.status_code == 204
    left = await home.items_with(partition)
    assert left == []


async def test_a_question_longer_than_the_window_is_cut_in_its_middle(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Long")
    model = home.script(HELLO)

    await home.say(conversation, "begin " + "word " * 50_000 + "end")

    (question,) = model.requests[0].messages
    assert "begin word" in question.text
    assert question.text.endswith("word end")
    assert "characters in the middle are left out" in question.text
    assert size_of(question)[0] <= 8000


async def test_a_session_that_timed_out_is_left_out(home: Home) -> None:
    agent = await home.scripted_agent(session_timeout_minutes=30)
    conversation = await home.conversation(agent, title="Tea")
    await home.services.get(MessageRepository).put(
        Message(
            conversation_id=conversation["conversation_id"],
            role="user",
            content="An hour ago",
            created_at=datetime.now(UTC) - timedelta(minutes=60),
        )
    )
    model = home.script(HELLO)

    await home.say(conversation, "Now")

    assert [message.text[-3:] for message in model.requests[0].messages] == ["Now"]


def test_a_session_ends_after_the_timeout_and_never_with_none() -> None:
    past = [said("b", minutes_ago=61), said("a", minutes_ago=62)]

    assert session_of(past, said("now"), 60) == []
    assert session_of(past, said("now"), 61) == past
    assert session_of(past, said("now"), 0) == past


def test_what_was_said_before_a_long_silence_stays_left_out() -> None:
    today = [said("again", minutes_ago=1), said("back", minutes_ago=2)]
    yesterday = [said("bye", minutes_ago=1440), said("hello", minutes_ago=1441)]

    assert session_of([*today, *yesterday], said("now"), 60) == today
    assert session_of([*today, *yesterday], said("now"), 0) == [*today, *yesterday]


def test_an_answer_that_took_long_belongs_to_its_question() -> None:
    answer = said("found it", minutes_ago=1).model_copy(update={"role": "assistant"})
    question = said("search", minutes_ago=90)

    assert session_of([answer, question], said("now"), 60) == [answer, question]


@given(st.text(max_size=3000), st.integers(0, 400), st.integers(0, 400))
def test_a_fitted_question_is_never_longer_than_its_window(
    text: str, words: int, tokens: int
) -> None:
    question = fitted(asked(text), Window(words=words, tokens=tokens))

    shown, notice = question.text, size_of(asked("\n[… 3000 characters in the middle … …]\n"))
    assert shown == text or size_of(question)[0] <= words + notice[0] + 10


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(0, 200), st.integers(0, 200))
def test_what_is_shown_is_the_newest_that_fits(sizes: list[int], words: int, tokens: int) -> None:
    all_said = [Said(asked("?"), NOON, words=size, tokens=size // 2) for size in sizes]

    shown = Shown.of(all_said, SHAPE).fitting(Window(words=words, tokens=tokens))

    kept = len(shown.said)
    assert list(shown.said) == all_said[len(all_said) - kept :]
    assert (shown.words, shown.tokens) == (
        sum(each.words for each in shown.said),
        sum(each.tokens for each in shown.said),
    )
    assert shown.words <= words
    assert shown.tokens <= tokens
    if kept < len(all_said):
        one_more = all_said[-kept - 1]
        assert shown.words + one_more.words > words or shown.tokens + one_more.tokens > tokens


@pytest.mark.parametrize(("window", "shown"), [(None, 1), (64_000, 3)])
async def test_an_agents_own_window_decides_how_much_of_the_past_fits(
    home: Home, window: int | None, shown: int
) -> None:
    agent = await home.scripted_agent(context_tokens=window)
    conversation = await home.conversation(agent, title="Tea")
    model = home.script(HELLO, HELLO)
    await home.say(conversation, "x" * 40_000)

    await home.say(conversation, "And now?")

    assert len(model.requests[1].messages) == shown


async def test_the_operators_catalogue_decides_what_a_model_is_given(
    table: Table, tmp_path: Path
) -> None:
    catalog = tmp_path / "models.json"
    catalog.write_text('{"scripted": {"takes_tools": false}}', encoding="utf-8")
    async with open_home(table, tmp_path, model_catalog=catalog) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        model = home.script(HELLO)

        await home.say(conversation, "Hi")

    assert model.requests[0].tools == ()


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(0, 100), st.integers(0, 12))
def test_the_newest_messages_are_left_out_for_lack_of_tokens_only(
    sizes: list[int], words: int, newest: int
) -> None:
    all_said = [Said(asked("?"), NOON, words=size, tokens=1) for size in sizes]
    shape = Shape(words=words, newest=newest, session_minutes=0, with_images=False)

    shown = Shown.of(all_said, shape).fitting(Window(words=words, tokens=10_000))
    cut = Shown.of(all_said, shape).fitting(Window(words=words, tokens=5))

    assert len(shown.said) >= min(newest, len(sizes))
    assert shown.words <= words or len(shown.said) == min(newest, len(sizes))
    assert len(cut.said) <= 5


async def test_krishna_mini_always_sees_the_newest_twenty_exchanges(home: Home) -> None:
    agent = await home.scripted_agent(agent_architecture="krishna-mini", context_tokens=200_000)
    conversation = await home.conversation(agent, title="Long")
    for number in range(48):
        await home.services.get(MessageRepository).put(
            Message(
                conversation_id=conversation["conversation_id"],
                role="user" if number % 2 == 0 else "assistant",
                content="word " * 1000,
                created_at=datetime.now(UTC) - timedelta(minutes=50 - number),
            )
        )
    model = home.script(HELLO, [ModelFailed("Busy.")], HELLO, [ModelFailed("Busy.")])

    await home.say(conversation, "First")
    await home.say(conversation, "Second")

    asked = [request for request in model.requests if "Librarian" in request.system]
    assert [len(request.messages) for request in asked] == [41, 41]
