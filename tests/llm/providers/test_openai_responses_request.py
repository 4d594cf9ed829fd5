"""A neutral request as OpenAI's Responses API reads it."""

from typing import Any

import orjson
import pytest

from smriti.llm.providers.openai_responses_request import thinks, to_wire
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

SIGNATURE = 'openai:{"model":"gpt-5","id":"rs_1","encrypted_content":"gAAA"}'


def request(*messages: ChatMessage, system: str = "") -> ModelRequest:
    return ModelRequest(model="gpt-5", system=system, messages=messages)


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
    return {"type": "function_call", "call_id": call_id, "name": "note", "arguments": arguments}


def wire_result(call_id: str, words: str) -> dict[str, object]:
    return {"type": "function_call_output", "call_id": call_id, "output": words}


def wire_of(asked: ModelRequest, *, model: str = "gpt-5", summaries: bool = True) -> Any:
    return orjson.loads(to_wire(asked, model=model, summaries=summaries))


def input_of(*messages: ChatMessage, model: str = "gpt-5") -> object:
    return wire_of(request(*messages), model=model)["input"]


def test_a_plain_request_is_stateless_and_keeps_thoughts_encrypted() -> None:
    assert wire_of(request(user(text("Hi")), system="Be kind.")) == {
        "model": "gpt-5",
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"summary": "auto"},
        "instructions": "Be kind.",
        "input": [{"role": "user", "content": "Hi"}],
    }


def test_without_summaries_thoughts_still_go_back() -> None:
    body = wire_of(request(user(text("Hi"))), summaries=False)

    assert body["include"] == ["reasoning.encrypted_content"]
    assert "reasoning" not in body


@pytest.mark.parametrize(
    ("model", "does"),
    [
        *[(name, True) for name in ("gpt-5", "gpt-5.1-codex", "o3", "o4-mini", "gpt-6-astra")],
        *[(name, False) for name in ("gpt-4.1-mini", "gpt-4o", "chatgpt-4o-latest", "gpt-3.5")],
        *[(name, False) for name in ("gpt-5-chat-latest", "ft:gpt-4o:me", "openai/GPT-4o")],
    ],
)
def test_what_only_thinking_models_understand_is_sent_to_no_other(model: str, does: bool) -> None:
    body = wire_of(request(user(text("Hi"))), model=model)

    assert thinks(model) is does
    assert ("include" in body, "reasoning" in body) == (does, does)


def test_tools_and_sampling_are_sent_where_they_are_given() -> None:
    spec = ToolSpec(name="note", description="Keeps it.", parameters={"type": "object"})
    sampling = Sampling(temperature=0.0, top_p=0.5, max_output_tokens=99, presence_penalty=1.0)
    asked = request(user(text("Hi"))).model_copy(update={"tools": (spec,), "sampling": sampling})

    body = wire_of(asked)

    assert body["tools"] == [
        {
            "type": "function",
            "name": "note",
            "description": "Keeps it.",
            "parameters": {"type": "object"},
            "strict": False,
        }
    ]
    assert (body["temperature"], body["top_p"], body["max_output_tokens"]) == (0.0, 0.5, 99)
    assert "presence_penalty" not in body


def test_the_second_round_of_a_turn_holds_thoughts_calls_and_results() -> None:
    said = assistant(
        ReasoningPart(text="**Plan** keep both", signature=SIGNATURE),
        text("One moment."),
        call("a", z="1", b="2"),
        call("b"),
        result("b", "B"),
        result("a", "A"),
    )

    body = to_wire(request(user(text("Keep it")), said), model="gpt-5", summaries=False)

    assert body == (
        b'{"model":"gpt-5","stream":true,"store":false,"include":["reasoning.encrypted_content"],'
        b'"input":[{"role":"user","content":"Keep it"},'
        b'{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text",'
        b'"text":"**Plan** keep both"}],"encrypted_content":"gAAA"},'
        b'{"role":"assistant","content":"One moment."},'
        b'{"type":"function_call","call_id":"a","name":"note","arguments":'
        b'"{\\"b\\":\\"2\\",\\"z\\":\\"1\\"}"},'
        b'{"type":"function_call","call_id":"b","name":"note","arguments":"{}"},'
        b'{"type":"function_call_output","call_id":"a","output":"A"},'
        b'{"type":"function_call_output","call_id":"b","output":"B"}]}'
    )


@pytest.mark.parametrize(
    "signature", [None, "anthropic:gAAA", SIGNATURE.replace("gpt-5", "o3"), SIGNATURE]
)
def test_only_thoughts_of_this_model_and_this_turn_go_back(signature: str | None) -> None:
    thought = ReasoningPart(text="", signature=signature)
    step = (thought, call("a"), result("a", "A"))
    sent = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
        wire_call("a"),
        wire_result("a", "A"),
    ]
    own = signature == SIGNATURE

    assert input_of(assistant(*step)) == (sent if own else sent[1:])
    assert input_of(assistant(*step), user(text("Next"))) == [
        *sent[1:],
        {"role": "user", "content": "Next"},
    ]


def test_a_thought_that_nothing_followed_is_left_out() -> None:
    assert input_of(assistant(ReasoningPart(text="Hm", signature=SIGNATURE))) == []


def test_a_call_without_result_gets_one() -> None:
    assert input_of(assistant(call("a"), result("x", "lost")), user(text("Go on"))) == [
        wire_call("a"),
        wire_result("a", NO_RESULT),
        {"role": "user", "content": "Go on"},
    ]


def test_images_are_sent_as_data_addresses() -> None:
    image = ImagePart(media_type="image/png", data="iVBO")
    sent = {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,iVBO"}

    assert input_of(user(text("What is it?"), image)) == [
        {"role": "user", "content": [sent, {"type": "input_text", "text": "What is it?"}]}
    ]
    assert input_of(user(image)) == [{"role": "user", "content": [sent]}]
