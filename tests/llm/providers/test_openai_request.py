"""A neutral request as OpenAI-compatible servers read it."""

from typing import Any

import orjson

from smriti.llm.providers.openai_request import to_wire
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


def request(*messages: ChatMessage, system: str = "") -> ModelRequest:
    return ModelRequest(model="m", system=system, messages=messages)


def user(*parts: Part) -> ChatMessage:
    return ChatMessage(role="user", parts=parts)


def assistant(*parts: Part) -> ChatMessage:
    return ChatMessage(role="assistant", parts=parts)


def text(words: str) -> TextPart:
    return TextPart(text=words)


def call(call_id: str, **arguments: str) -> ToolCall:
    return ToolCall(call_id=call_id, name="note", arguments=arguments)


def result(call_id: str, words: str) -> ToolResult:
    return ToolResult(call_id=call_id, name="note", text=words)


def wire_call(call_id: str, arguments: str = "{}") -> dict[str, object]:
    function = {"name": "note", "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def wire_of(asked: ModelRequest, *, official: bool = False) -> Any:
    return orjson.loads(to_wire(asked, model="m", official=official))


def messages_of(*messages: ChatMessage) -> object:
    return wire_of(request(*messages))["messages"]


def test_a_plain_request_asks_for_a_stream_with_usage() -> None:
    assert wire_of(request(user(text("Hi")), system="Be kind.")) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hi"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_tools_and_sampling_are_sent_where_they_are_given() -> None:
    spec = ToolSpec(name="note", description="Keeps it.", parameters={"type": "object"})
    asked = request(user(text("Hi"))).model_copy(
        update={"tools": (spec,), "sampling": Sampling(temperature=0.0, max_output_tokens=9)}
    )

    compatible = wire_of(asked)
    official = wire_of(asked, official=True)

    assert compatible["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "note",
                "description": "Keeps it.",
                "parameters": {"type": "object"},
            },
        }
    ]
    assert (compatible["temperature"], compatible["max_tokens"]) == (0.0, 9)
    assert "max_tokens" not in official
    assert official["max_completion_tokens"] == 9


def test_an_assistant_message_is_split_into_its_steps() -> None:
    said = assistant(
        ReasoningPart(text="hmm"),
        text("One moment."),
        call("a", z="1", b="2"),
        call("b"),
        result("b", "B"),
        result("a", "A"),
        text("And "),
        call("c"),
        result("c", "C"),
        text("done."),
    )

    assert messages_of(said) == [
        {
            "role": "assistant",
            "content": "One moment.",
            "tool_calls": [wire_call("a", '{"b":"2","z":"1"}'), wire_call("b")],
        },
        {"role": "tool", "tool_call_id": "a", "content": "A"},
        {"role": "tool", "tool_call_id": "b", "content": "B"},
        {"role": "assistant", "content": "And ", "tool_calls": [wire_call("c")]},
        {"role": "tool", "tool_call_id": "c", "content": "C"},
        {"role": "assistant", "content": "done."},
    ]


def test_a_call_without_result_gets_one_and_a_result_without_call_is_left_out() -> None:
    assert messages_of(assistant(call("a"), result("x", "lost")), user(text("Go on"))) == [
        {"role": "assistant", "content": None, "tool_calls": [wire_call("a")]},
        {"role": "tool", "tool_call_id": "a", "content": NO_RESULT},
        {"role": "user", "content": "Go on"},
    ]


def test_a_call_whose_arguments_could_not_be_read_is_sent_without_any() -> None:
    unread = ToolCall(call_id="a", name="note", arguments=None)

    assert messages_of(assistant(unread, result("a", "No JSON."))) == [
        {"role": "assistant", "content": None, "tool_calls": [wire_call("a")]},
        {"role": "tool", "tool_call_id": "a", "content": "No JSON."},
    ]


def test_neighbouring_questions_become_one_and_empty_answers_none() -> None:
    assert messages_of(
        user(text("A")), user(text("B")), assistant(ReasoningPart(text="…")), user(text("C"))
    ) == [{"role": "user", "content": "A\n\nB"}, {"role": "user", "content": "C"}]


def test_what_was_sent_before_is_sent_again_byte_for_byte() -> None:
    past = [user(text("A")), assistant(text("B"), call("x", k="v"), result("x", "R")), user()]
    asked = request(*past, user(text("C")), system="S")

    first = to_wire(asked, model="m", official=False)
    again = to_wire(request(*past, user(text("C")), system="S"), model="m", official=False)

    assert again == first


def test_a_prompt_without_messages_is_a_body_too() -> None:
    assert wire_of(request())["messages"] == []
    assert messages_of(assistant(ReasoningPart(text="…"))) == []


def test_images_are_sent_as_data_addresses() -> None:
    image = ImagePart(media_type="image/png", data="iVBO")

    url = {"url": "data:image/png;base64,iVBO"}
    assert messages_of(user(text("What is it?"), image)) == [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": url},
                {"type": "text", "text": "What is it?"},
            ],
        }
    ]
    assert messages_of(user(image)) == [
        {"role": "user", "content": [{"type": "image_url", "image_url": url}]}
    ]
