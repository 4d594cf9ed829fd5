"""A neutral request as Converse reads it."""

from typing import Any

import pytest

from smriti.llm.providers.bedrock_request import to_wire
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

NOTE = ToolSpec(name="note", description="", parameters={"type": "object"})


def user(*parts: Part) -> ChatMessage:
    return ChatMessage(role="user", parts=parts)


def assistant(*parts: Part) -> ChatMessage:
    return ChatMessage(role="assistant", parts=parts)


def text(words: str) -> TextPart:
    return TextPart(text=words)


def call(call_id: str, name: str = "note", **arguments: str) -> ToolCall:
    return ToolCall(call_id=call_id, name=name, arguments=arguments)


def result(call_id: str, words: str, *, success: bool = True) -> ToolResult:
    return ToolResult(call_id=call_id, name="note", text=words, success=success)


def wire_of(
    *messages: ChatMessage,
    system: str = "",
    tools: tuple[ToolSpec, ...] = (NOTE,),
    sampling: Sampling | None = None,
    model: str = "meta.llama3-1-70b-instruct-v1:0",
) -> dict[str, Any]:
    request = ModelRequest(
        model="", system=system, messages=messages, tools=tools, sampling=sampling or Sampling()
    )
    return to_wire(request, model=model)


def messages_of(*messages: ChatMessage, tools: tuple[ToolSpec, ...] = (NOTE,)) -> Any:
    return wire_of(*messages, tools=tools)["messages"]


def wire_call(call_id: str, name: str = "note", **arguments: str) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": call_id, "name": name, "input": arguments}}


def wire_result(call_id: str, words: str, status: str = "success") -> dict[str, Any]:
    content = [{"text": words}]
    return {"toolResult": {"toolUseId": call_id, "content": content, "status": status}}


def test_a_plain_request_names_its_model_and_its_messages() -> None:
    assert wire_of(user(text("Hi")), system=" ", tools=()) == {
        "modelId": "meta.llama3-1-70b-instruct-v1:0",
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
    }


@pytest.mark.parametrize(
    ("model", "system", "tools"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", True, True),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", True, True),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", True, True),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", False, False),
        ("anthropic.claude-3-haiku-20240307-v1:0", False, False),
        ("anthropic.claude-v2:1", False, False),
        ("eu.amazon.nova-pro-v1:0", True, False),
        ("global.amazon.nova-2-lite-v1:0", False, False),
        ("meta.llama3-1-70b-instruct-v1:0", False, False),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x", False, False),
    ],
)
def test_cache_points_stand_only_where_the_model_takes_them(
    model: str, system: bool, tools: bool
) -> None:
    wire = wire_of(user(text("Hi")), system="Be kind.", model=model)

    point = {"cachePoint": {"type": "default"}}
    assert (point in wire["system"]) is system
    assert (point in wire["toolConfig"]["tools"]) is tools


def test_a_tool_without_description_is_described_by_its_name() -> None:
    assert wire_of(user(text("Hi")))["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "note",
                    "description": "note",
                    "inputSchema": {"json": {"type": "object"}},
                }
            }
        ]
    }


@pytest.mark.parametrize(
    ("model", "limits"),
    [
        ("amazon.nova-pro-v1:0", {"maxTokens": 9, "temperature": 1.0, "topP": 0.5}),
        ("anthropic.claude-opus-4-1-20250805-v1:0", {"maxTokens": 9, "temperature": 1.0}),
    ],
)
def test_sampling_is_brought_into_what_the_model_takes(
    model: str, limits: dict[str, float]
) -> None:
    sampling = Sampling(
        temperature=1.5, top_p=0.5, max_output_tokens=9, presence_penalty=1, frequency_penalty=1
    )

    assert wire_of(user(text("Hi")), sampling=sampling, model=model)["inferenceConfig"] == limits


def test_claude_may_have_top_p_alone() -> None:
    wire = wire_of(user(text("Hi")), sampling=Sampling(top_p=0.5), model="anthropic.claude-x")

    assert wire["inferenceConfig"] == {"topP": 0.5}


def test_an_answer_is_split_into_its_steps_and_the_next_question_joins_its_last_results() -> None:
    said = assistant(
        ReasoningPart(text="hmm"),
        ReasoningPart(text="mine", signature="openai:x"),
        text("One moment."),
        call("a", z="1", b="2"),
        call("b"),
        result("b", " ", success=False),
        result("a", "A"),
        text(" \n"),
        call("c"),
    )

    assert messages_of(user(text("Go")), said, user(text("And?"))) == [
        {"role": "user", "content": [{"text": "Go"}]},
        {
            "role": "assistant",
            "content": [{"text": "One moment."}, wire_call("a", b="2", z="1"), wire_call("b")],
        },
        {
            "role": "user",
            "content": [wire_result("a", "A"), wire_result("b", "(no output)", "error")],
        },
        {"role": "assistant", "content": [wire_call("c")]},
        {"role": "user", "content": [wire_result("c", NO_RESULT, "error"), {"text": "And?"}]},
    ]


def test_arguments_are_sent_in_the_order_of_their_names() -> None:
    (_, said, _) = messages_of(user(text("Go")), assistant(call("a", z="1", b="2")))

    assert list(said["content"][0]["toolUse"]["input"]) == ["b", "z"]


def test_calls_of_other_providers_get_ids_and_names_that_are_allowed() -> None:
    strange, unread = "call/ü", ToolCall(call_id="b", name="", arguments=None)
    (_, said, told) = messages_of(
        user(text("Go")), assistant(call(strange, "my.tool"), unread, result(strange, "A"))
    )

    used, other = (block["toolUse"] for block in said["content"])
    assert (used["name"], other["name"], other["input"]) == ("my_tool", "_", {})
    assert used["toolUseId"].isalnum()
    assert told["content"][0]["toolResult"]["toolUseId"] == used["toolUseId"]


def test_without_tools_earlier_calls_are_told_by_the_user() -> None:
    said = assistant(
        ReasoningPart(text="hmm", signature="bedrock:x"),
        text("One moment."),
        call("a", text="tea"),
        call("b"),
        result("a", "Kept."),
        result("b", "", success=False),
    )

    wire = wire_of(user(text("Go")), said, tools=())

    assert "toolConfig" not in wire
    assert wire["messages"] == [
        {"role": "user", "content": [{"text": "Go"}]},
        {"role": "assistant", "content": [{"text": "One moment."}]},
        {
            "role": "user",
            "content": [
                {"text": 'The tool \'note\' was called with {"text":"tea"} and answered:\n\nKept.'},
                {"text": "The tool 'note' was called with {} and failed:\n\n(no output)"},
            ],
        },
    ]


def test_neighbours_are_joined_and_blank_ones_left_out() -> None:
    messages = (user(text("A")), user(text("B")), assistant(text(" ")), user(text("C")))

    assert messages_of(*messages) == [
        {"role": "user", "content": [{"text": "A"}, {"text": "B"}, {"text": "C"}]}
    ]


@pytest.mark.parametrize("messages", [(), (assistant(text("Yes.")),), (user(text(" ")),)])
def test_the_first_message_is_always_the_users(messages: tuple[ChatMessage, ...]) -> None:
    first, *_ = messages_of(*messages)

    assert first == {"role": "user", "content": [{"text": "(Earlier messages are left out.)"}]}


def test_images_are_sent_as_bytes_before_the_question() -> None:
    question = user(text("What is it?"), ImagePart(media_type="image/png", data="iVBO"))

    assert messages_of(question, user(ImagePart(media_type="image/jpg", data="iVBO"))) == [
        {
            "role": "user",
            "content": [
                {"image": {"format": "png", "source": {"bytes": b"\x89PN"}}},
                {"text": "What is it?"},
                {"image": {"format": "jpeg", "source": {"bytes": b"\x89PN"}}},
            ],
        }
    ]
