"""A neutral request as the Messages API reads it."""

from typing import Any

import orjson
import pytest

from smriti.llm.providers.anthropic_request import to_wire
from smriti.llm.providers.steps import NO_RESULT
from smriti.llm.types import (
    ChatMessage,
    ImagePart,
    ModelRequest,
    Part,
    ReasoningPart,
    Sampling,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
)

MARK = {"cache_control": {"type": "ephemeral"}}
NOTE = ToolSpec(name="note", description="Keeps it.", parameters={"type": "object"})
FIND = ToolSpec(name="find", description="Finds it.", parameters={"type": "object"})
BUDGETED = "claude-sonnet-4-5"
ADAPTIVE = "claude-opus-5-5"


def request(*messages: ChatMessage, **members: Any) -> ModelRequest:
    return ModelRequest(model="m", system="", messages=messages).model_copy(update=members)


def user(*parts: Part | str) -> ChatMessage:
    return ChatMessage(role="user", parts=tuple(map(_part, parts)))


def assistant(*parts: Part | str) -> ChatMessage:
    return ChatMessage(role="assistant", parts=tuple(map(_part, parts)))


def _part(part: Part | str) -> Part:
    return TextPart(text=part) if isinstance(part, str) else part


def call(call_id: str, **arguments: object) -> ToolCall:
    return ToolCall(call_id=call_id, name="note", arguments=arguments)


def result(call_id: str, words: str, *, success: bool = True) -> ToolResult:
    return ToolResult(call_id=call_id, name="note", text=words, success=success)


def thought(text: str, signature: str | None) -> ReasoningPart:
    return ReasoningPart(text=text, signature=signature)


def said(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


def used(call_id: str, **arguments: object) -> dict[str, object]:
    return {"type": "tool_use", "id": call_id, "name": "note", "input": arguments}


def answered(call_id: str, text: str) -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": text}


def wire_of(asked: ModelRequest, model: str = ADAPTIVE, **options: Any) -> dict[str, Any]:
    return to_wire(asked, model=model, **options)


def unmarked(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "cache_control"}


def messages_of(*messages: ChatMessage, **members: Any) -> list[dict[str, Any]]:
    """The messages without the marks for the cache."""
    wire = wire_of(request(*messages, **{"tools": (NOTE,), **members}))
    return [
        {"role": message["role"], "content": [unmarked(block) for block in message["content"]]}
        for message in wire["messages"]
    ]


def test_a_plain_request_is_streamed_and_marked() -> None:
    assert wire_of(request(user("Hi"), system="Be kind.", tools=(NOTE, FIND))) == {
        "model": ADAPTIVE,
        "max_tokens": 128_000,
        "stream": True,
        "system": [said("Be kind.") | MARK],
        "tools": [
            {"name": "note", "description": "Keeps it.", "input_schema": {"type": "object"}},
            {"name": "find", "description": "Finds it.", "input_schema": {"type": "object"}} | MARK,
        ],
        "messages": [{"role": "user", "content": [said("Hi") | MARK]}],
    }


def test_a_second_step_sends_thoughts_words_and_both_calls_then_both_results() -> None:
    turn = assistant(
        thought("Let me see.", "anthropic:EqQB"),
        thought("", "anthropic-redacted:Emw"),
        "Two notes.",
        call("a", z="1", b={"y": 1, "x": 2}),
        call("b"),
        result("b", "No room.", success=False),
        result("a", "Done."),
    )
    asked = request(user("Keep two."), turn, tools=(NOTE,))

    assert wire_of(asked, thinking_budget=8_000)["messages"] == [
        {"role": "user", "content": [said("Keep two.") | MARK]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Let me see.", "signature": "EqQB"},
                {"type": "redacted_thinking", "data": "Emw"},
                said("Two notes."),
                used("a", b={"x": 2, "y": 1}, z="1"),
                used("b"),
            ],
        },
        {
            "role": "user",
            "content": [
                answered("a", "Done."),
                answered("b", "No room.") | {"is_error": True} | MARK,
            ],
        },
    ]


def test_thoughts_of_earlier_turns_and_of_other_providers_stay_here() -> None:
    earlier = assistant(thought("Old.", "anthropic:EqQB"), "Hello.")
    foreign = assistant(
        thought("A.", None), thought("B.", "bedrock:x"), thought("C.", "anthropic:"), call("a")
    )

    assert messages_of(user("Hi"), earlier, user("More"), foreign)[1::2] == [
        {"role": "assistant", "content": [said("Hello.")]},
        {"role": "assistant", "content": [used("a")]},
    ]


def test_a_call_without_result_or_arguments_is_sent_with_what_the_api_wants() -> None:
    unread = ToolCall(call_id="functions.note:0", name="note", arguments=None)

    assert messages_of(user("Hi"), assistant(unread, result("x", "lost")))[1:] == [
        {"role": "assistant", "content": [used("functions_note_0")]},
        {
            "role": "user",
            "content": [answered("functions_note_0", NO_RESULT) | {"is_error": True}],
        },
    ]


def test_neighbours_become_one_message_and_empty_ones_none() -> None:
    blank = assistant(thought("…", "anthropic:EqQB"), "  \n")

    assert messages_of(
        user("A"), user("B"), blank, user("C", " "), assistant("D"), assistant("E"), user("F")
    ) == [
        {"role": "user", "content": [said("A"), said("B"), said("C ")]},
        {"role": "assistant", "content": [said("D"), said("E")]},
        {"role": "user", "content": [said("F")]},
    ]


def test_a_question_after_results_joins_them() -> None:
    assert messages_of(assistant(call("a"), result("a", "A")), user("Go on"))[1] == {
        "role": "user",
        "content": [answered("a", "A"), said("Go on")],
    }


@pytest.mark.parametrize("messages", [(), (user(" "),), (user("Hi"), assistant("Half"))])
def test_the_last_message_is_always_the_users(messages: tuple[ChatMessage, ...]) -> None:
    assert messages_of(*messages)[-1] == {"role": "user", "content": [said("Continue.")]}


def test_images_come_before_the_text() -> None:
    image = ImagePart(media_type="image/png", data="iVBO")

    source = {"type": "base64", "media_type": "image/png", "data": "iVBO"}
    assert messages_of(user("What is it?", image)) == [
        {"role": "user", "content": [{"type": "image", "source": source}, said("What is it?")]}
    ]


def test_a_closing_request_keeps_the_tools_names_but_no_thoughts() -> None:
    turn = assistant(thought("Hm.", "anthropic:EqQB"), call("a"), result("a", "A"))
    wire = wire_of(request(user("Hi"), turn, tools=()), thinking_budget=8_000)

    assert wire["tools"] == [{"name": "note", "input_schema": {"type": "object"}}]
    assert wire["tool_choice"] == {"type": "none"}
    assert wire["messages"][1]["content"] == [used("a")]
    assert "thinking" not in wire


def test_thoughts_can_be_left_out_with_the_thinking() -> None:
    turn = assistant(thought("Hm.", "anthropic:EqQB"), call("a"), result("a", "A"))
    wire = wire_of(request(user("Hi"), turn, tools=(NOTE,)), thinking_budget=8_000, thoughts=False)

    assert wire["messages"][1]["content"] == [used("a")]
    assert "thinking" not in wire


def plain(tokens: int) -> dict[str, object]:
    return {"max_tokens": tokens}


def enabled(tokens: int, budget: int) -> dict[str, object]:
    return plain(tokens) | {"thinking": {"type": "enabled", "budget_tokens": budget}}


def adaptive(tokens: int, effort: str) -> dict[str, object]:
    thinking = {"type": "adaptive", "display": "summarized"}
    return plain(tokens) | {"thinking": thinking, "output_config": {"effort": effort}}


@pytest.mark.parametrize(
    ("model", "budget", "longest", "limits"),
    [
        # without thinking: the model's longest, but no more than the prompt leaves free
        (ADAPTIVE, 0, None, plain(128_000)),
        (BUDGETED, 0, None, plain(50_000)),
        ("my-own", 0, None, plain(2_048)),
        (ADAPTIVE, 0, 400, plain(400)),
        # a number of tokens for those that take one; it is less than all tokens
        (BUDGETED, 8_000, None, enabled(50_000, 8_000)),
        (BUDGETED, 60_000, None, enabled(50_000, 48_976)),
        (BUDGETED, 8_000, 400, enabled(8_400, 7_376)),
        (BUDGETED, 8_000, 2_000, enabled(10_000, 8_000)),
        (BUDGETED, 500_000, 2_000, enabled(64_000, 62_976)),
        ("claude-opus-4-1-20250805", 2_000, None, enabled(32_000, 2_000)),
        ("claude-4-opus-20250514", 2_000, None, enabled(32_000, 2_000)),
        ("anthropic/claude-sonnet-4.5", 2_000, None, enabled(50_000, 2_000)),
        ("claude-3-7-sonnet-20250219", 2_000, None, enabled(50_000, 2_000)),
        ("my-own", 8_000, None, enabled(2_048, 1_024)),
        ("my-own", 1_024, 300, plain(2_048 - 724)),
        # an effort for those that decide themselves
        (ADAPTIVE, 1_024, None, adaptive(128_000, "low")),
        ("claude-opus-4-6", 8_000, 400, adaptive(8_400, "medium")),
        ("anthropic/claude-sonnet-4.6", 16_384, None, adaptive(128_000, "high")),
        ("claude-mythos-preview", 16_384, None, adaptive(128_000, "high")),
    ],
)
def test_lengths_and_thinking(
    model: str, budget: int, longest: int | None, limits: dict[str, object]
) -> None:
    asked = request(user("Hi"), sampling=Sampling(max_output_tokens=longest))

    wire = wire_of(asked, model, thinking_budget=budget)

    assert {name: wire[name] for name in wire if name not in {"model", "stream", "messages"}} == (
        limits
    )


def test_what_this_api_refuses_is_left_out() -> None:
    chosen = Sampling(temperature=0.5, top_p=0.9, presence_penalty=1, frequency_penalty=1)

    assert wire_of(request(user("Hi"), sampling=chosen)).keys() == {
        "model",
        "max_tokens",
        "stream",
        "messages",
    }


def _marks(wire: dict[str, Any]) -> list[bytes]:
    """What stands before each mark, without marks, in the order in which the API reads it."""
    blocks = [*wire.get("tools", []), *wire.get("system", [])]
    blocks += [block for message in wire["messages"] for block in message["content"]]
    return [
        orjson.dumps([unmarked(block) for block in blocks[: number + 1]])
        for number, block in enumerate(blocks)
        if "cache_control" in block
    ]


def test_each_request_finds_what_the_one_before_marked() -> None:
    first = request(user("One"), system="Be kind.", tools=(NOTE, FIND))
    calls = [call(f"c{n}", n=n) for n in range(30)]
    results = [result(f"c{n}", "ok") for n in range(30)]
    second = first.continued(thought("Hm.", "anthropic:EqQB"), *calls, *results)
    third = second.continued(call("d", b=1, a=2), result("d", "ok"))
    parts = (*third.messages[-1].parts, TextPart(text="Done."))
    later = first.model_copy(
        update={"messages": (user("One"), ChatMessage(role="assistant", parts=parts), user("Two"))}
    )

    marks = [_marks(wire_of(asked)) for asked in (first, second, third, later)]

    assert [len(found) for found in marks] == [3, 4, 4, 4]
    assert marks[0][-1] in marks[1]
    assert marks[1][-1] in marks[2]
    assert marks[0][:2] == marks[1][:2] == marks[2][:2] == marks[3][:2]


def test_a_plain_conversation_finds_its_last_question_again() -> None:
    first = request(user("One"), system="Be kind.")
    second = request(user("One"), assistant("Yes."), user("Two"), system="Be kind.")

    assert _marks(wire_of(first))[-1] in _marks(wire_of(second))
