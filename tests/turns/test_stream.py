"""The chat stream, as clients see it."""

import asyncio

import httpx2
import pytest

from smriti.llm.provider import (
    CallRequested,
    Finished,
    ModelFailed,
    ProviderEvent,
    ReasoningChunk,
    TextChunk,
    TokensUsed,
)
from smriti.llm.types import ToolCall, Usage
from tests.home import Home, events_of, spoken, types_of
from tests.patience import PATIENCE_S

SIX = ["event_type", "content", "message_id", "tool_name", "tool_args", "success"]
LOADING = [
    "Loading agent information...",
    "Validating conversation...",
    "User message saved",
    "Loading provider configuration...",
    "Loading memory...",
    "Building conversation context...",
    "Connecting to AI model...",
]


def call(name: str, **arguments: object) -> CallRequested:
    return CallRequested(ToolCall(call_id=f"call-{name}", name=name, arguments=arguments))


async def test_the_seeds_example_gives_the_exact_tool_answers(home: Home) -> None:
    conversation = await home.conversation(await home.agent())

    events = await home.say(conversation, "My name is Alice and I work at Google")

    results = [e["content"] for e in events if e["event_type"] == "TOOL_CALL_RESULT"]
    assert results == [
        'Appended to [human] at line 1: "Name: Alice" (2/5000 words)',
        'Appended to [human] at line 2: "Works at: Google" (5/5000 words)',
    ]
    assert spoken(events).startswith(
        "Nice to meet you, Alice! I'll remember that you work at Google."
    )


async def test_a_second_conversation_knows_what_the_first_was_told(home: Home) -> None:
    agent = await home.agent()
    await home.say(await home.conversation(agent), "My name is Alice and I work at Google")

    events = await home.say(await home.conversation(agent), "Where do I work?")

    assert "Google" in spoken(events)


async def test_a_good_turn_tells_its_steps_in_the_contracts_order(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent())
    pieces = [TextChunk("He"), TextChunk("l"), TextChunk("lo")]
    home.script([*pieces, Finished("stop")], [Finished("stop")])

    events = await home.say(conversation, "Hi")

    # The first piece is told at once, those that came with it after it as one.
    told = [event["content"] for event in events]
    assert told == [*LOADING, "He", "llo", "Response complete"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert all(list(event)[:6] == SIX for event in events)
    assert len({event["turn_id"] for event in events}) == 1
    question, answer = await home.messages(conversation)
    assert events[2]["message_id"] == question["message_id"]
    assert events[-1]["message_id"] == answer["message_id"]
    assert events[-1]["finish_reason"] == "stop"


async def test_a_call_with_broken_arguments_does_not_break_the_conversation(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    broken = CallRequested(ToolCall(call_id="1", name="core_memory_read", arguments=None))
    home.script(
        [broken, Finished("tool_calls")],
        [TextChunk("Sorry"), Finished("stop")],
        [TextChunk("Fine"), Finished("stop")],
    )

    events = await home.say(conversation, "Hi")
    again = await home.say(conversation, "And now?")

    assert [e["success"] for e in events if e["event_type"] == "TOOL_CALL_RESULT"] == [False]
    assert spoken(again) == "Fine"
    assert [message["content"] for message in await home.messages(conversation)] == [
        "Hi",
        "Sorry",
        "And now?",
        "Fine",
    ]


async def test_a_stream_ends_whatever_the_model_says_of_its_usage(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script([TextChunk("Hello"), TokensUsed(Usage(input_tokens=-5)), Finished("stop")])

    async with asyncio.timeout(PATIENCE_S):
        events = await home.say(conversation, "Hi")

    assert types_of(events)[-1] == "STREAM_COMPLETE"


async def test_krishna_mini_loads_no_memory(home: Home) -> None:
    agent = await home.scripted_agent(agent_architecture="krishna-mini")
    conversation = await home.conversation(agent, title="Tea")
    model = home.script([TextChunk("Hello"), Finished("stop")])

    events = await home.say(conversation, "Hi")

    assert "Loading memory..." not in [event["content"] for event in events]
    assert model.requests[0].tools == ()


async def test_frames_are_lines_of_data_and_nothing_else(home: Home) -> None:
    conversation = await home.conversation(await home.agent())

    response = await home.send(conversation, {"content": "Hello"})

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert "\r" not in response.text
    frames = response.text.split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: {") and "\n" not in frame for frame in frames)


async def test_all_calls_of_a_reply_start_before_their_results(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script(
        [
            call("core_memory_append", block="human", content="Drinks tea"),
            call("core_memory_list_blocks"),
            Finished("tool_calls"),
        ],
        [TextChunk("Noted."), Finished("stop")],
    )

    events = await home.say(conversation, "I drink tea")

    assert types_of(events)[7:] == [
        "TOOL_CALL_START",
        "TOOL_CALL_START",
        "TOOL_CALL_RESULT",
        "TOOL_CALL_RESULT",
        "AGENT_RESPONSE_TO_USER",
        "STREAM_COMPLETE",
    ]
    assert events[7] | {"turn_id": "", "seq": 0} == {
        "event_type": "TOOL_CALL_START",
        "content": "Calling core_memory_append...",
        "message_id": None,
        "tool_name": "core_memory_append",
        "tool_args": {"block": "human", "content": "Drinks tea"},
        "success": None,
        "turn_id": "",
        "seq": 0,
        "tool_call_id": "call-core_memory_append",
    }


async def test_a_long_tool_result_is_shown_short_and_given_to_the_model_whole(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    model = home.script(
        [call("core_memory_append", block="human", content="x" * 500), Finished("tool_calls")],
        [TextChunk("Noted."), Finished("stop")],
    )

    events = await home.say(conversation, "Remember this")

    shown = next(e["content"] for e in events if e["event_type"] == "TOOL_CALL_RESULT")
    assert len(shown) == 203
    assert shown.endswith("...")
    result = model.requests[1].messages[-1].parts[-1]
    assert result.type == "tool_result"
    assert "x" * 500 in result.text


async def test_reasoning_is_an_event_of_its_own(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script([ReasoningChunk("Hm."), TextChunk("Yes."), Finished("stop")])

    events = await home.say(conversation, "Is it?")

    assert [(e["event_type"], e["content"]) for e in events[7:9]] == [
        ("AGENT_THOUGHTS", "Hm."),
        ("AGENT_RESPONSE_TO_USER", "Yes."),
    ]


async def test_after_ten_steps_the_model_is_asked_for_a_closing_answer_without_tools(
    home: Home,
) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    step: list[ProviderEvent] = [call("core_memory_list_blocks"), Finished("tool_calls")]
    model = home.script(*[step] * 10, [TextChunk("Enough."), Finished("stop")])

    events = await home.say(conversation, "Go on for ever")

    assert spoken(events) == "Enough."
    assert [len(request.tools) > 0 for request in model.requests] == [True] * 10 + [False]


async def test_a_turn_of_tool_work_alone_completes_without_a_message_id(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script([call("core_memory_list_blocks"), Finished("tool_calls")], [Finished("stop")])

    events = await home.say(conversation, "Look")

    assert events[-1]["event_type"] == "STREAM_COMPLETE"
    assert events[-1]["message_id"] is None


async def test_an_error_keeps_the_question_and_the_partial_answer(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script([TextChunk("Once upon"), ModelFailed("The model broke off.")])

    events = await home.say(conversation, "Tell me a story")

    assert events[-1]["event_type"] == "ERROR"
    assert events[-1]["content"] == "The model broke off."
    question, answer = await home.messages(conversation)
    assert (question["content"], question["status"]) == ("Tell me a story", "complete")
    assert (answer["content"], answer["status"]) == ("Once upon", "failed")


async def test_a_bug_in_the_model_adapter_ends_the_turn_with_a_fixed_text(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script([RuntimeError("secret detail")])

    events = await home.say(conversation, "Hi")

    assert events[-1]["event_type"] == "ERROR"
    assert events[-1]["content"] == "Internal server error"
    assert [message["content"] for message in await home.messages(conversation)] == ["Hi"]


async def test_after_a_failed_turn_the_conversation_goes_on(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script([ModelFailed("Overloaded.")], [TextChunk("Here I am."), Finished("stop")])
    await home.say(conversation, "Are you there?")

    events = await home.say(conversation, "And now?")

    assert spoken(events) == "Here I am."


async def test_an_overloaded_model_is_replaced_by_the_fallback_and_the_person_is_told(
    home: Home,
) -> None:
    agent = await home.scripted_agent(fallback_model="small")
    conversation = await home.conversation(agent, title="Tea")
    busy = ModelFailed("Too many requests.", transient=True, retry_after_s=100)
    model = home.script([busy], [TextChunk("Here I am."), Finished("stop")])

    events = await home.say(conversation, "Are you there?")

    assert [request.model for request in model.requests] == ["scripted", "small"]
    assert [(event["event_type"], event["content"]) for event in events[7:]] == [
        (
            "LIFECYCLE_NOTIFICATION",
            "Asking the fallback model 'small' instead. Too many requests.",
        ),
        ("AGENT_RESPONSE_TO_USER", "Here I am."),
        ("STREAM_COMPLETE", "Response complete"),
    ]


async def test_an_unknown_tool_is_answered_so_that_the_model_can_go_on(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script(
        [call("launch_rocket"), Finished("tool_calls")], [TextChunk("No."), Finished("stop")]
    )

    events = await home.say(conversation, "Launch")

    result = next(event for event in events if event["event_type"] == "TOOL_CALL_RESULT")
    assert result["success"] is False
    assert "There is no tool 'launch_rocket'" in result["content"]
    assert spoken(events) == "No."


async def test_usage_of_all_steps_is_recorded_with_the_turn(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Tea")
    home.script(
        [
            call("core_memory_list_blocks"),
            TokensUsed(Usage(input_tokens=10, output_tokens=2)),
            Finished("tool_calls"),
        ],
        [TextChunk("Ok"), TokensUsed(Usage(input_tokens=20, output_tokens=3)), Finished("stop")],
    )

    await home.say(conversation, "Look")

    metrics = (await home.client.get("/metrics")).text
    assert 'smriti_tokens_total{kind="input"} 30.0' in metrics
    assert 'smriti_tokens_total{kind="output"} 5.0' in metrics
    assert 'smriti_turns_finished_total{outcome="complete"} 1.0' in metrics


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"content": None}, 422),
        ({"content": "x" * 500_001}, 422),
        ({"content": "", "attachments": [{"filename": "run.exe", "content": "x"}]}, 422),
        ({"content": "", "attachments": [{"filename": "a.md", "content": "x" * 102_401}]}, 422),
        ({"content": "", "attachments": [{"filename": "a.md", "content": "x"}] * 6}, 422),
        (
            {
                "content": "",
                "attachments": [{"filename": "a.md", "content": "x" * 90_000, "size": 1}] * 3,
            },
            422,
        ),
        ({"content": "", "attachments": [{"filename": "a.png", "content": "no base64!"}]}, 422),
        ({"content": "", "attachments": [{"filename": "../a.md", "content": "x"}]}, 422),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_the_stream(
    home: Home, body: dict[str, object], status: int
) -> None:
    conversation = await home.conversation(await home.agent())

    response = await home.send(conversation, body)

    assert response.status_code == status
    assert response.json()["errors"]
    assert await home.messages(conversation) == []


async def test_problems_known_before_the_first_byte_are_plain_answers(home: Home) -> None:
    agent = await home.agent()
    other = await home.agent(agent_name="Other", agent_provider="OpenAI", agent_model="m")
    conversation = await home.conversation(agent)
    unready = await home.conversation(other)

    async def answer(agent_id: str, conversation_id: str) -> tuple[int, str]:
        path = f"/agents/{agent_id}/{conversation_id}/send-message"
        response: httpx2.Response = await home.client.post(path, json={"content": "Hi"})
        return response.status_code, response.json()["detail"]

    ours, talk = agent["agent_id"], conversation["conversation_id"]
    assert await answer("nobody", talk) == (404, "Agent not found")
    assert await answer(ours, "nothing") == (404, "Conversation not found")
    assert await answer(other["agent_id"], talk) == (
        409,
        "Conversation does not belong to this agent",
    )
    assert (await answer(other["agent_id"], unready["conversation_id"]))[0] == 409
    assert (await home.say(conversation, "Hi"))[-1]["event_type"] == "STREAM_COMPLETE"


def test_comments_are_no_events() -> None:
    assert events_of(': keep-alive\n\ndata: {"a":1}\n\n') == [{"a": 1}]
