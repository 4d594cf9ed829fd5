"""A neutral request as the body of a chat-completions call. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import assert_never

from smriti.llm.providers.openai_body import Wire, led, question, spliced
from smriti.llm.providers.steps import arguments_json, steps_of
from smriti.llm.types import (
    ChatMessage,
    ImagePart,
    ModelRequest,
    Sampling,
    TextPart,
    ToolCall,
    ToolSpec,
    wires_of,
)


def to_wire(request: ModelRequest, *, model: str, official: bool) -> bytes:
    """The body, streaming with usage. `official` is api.openai.com, which renamed a parameter."""
    body: Wire = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        **_sampling(request.sampling, official=official),
    }
    if request.tools:
        body["tools"] = [_tool(spec) for spec in request.tools]
    return spliced(body, "messages", _messages(request))


def _sampling(sampling: Sampling, *, official: bool) -> Wire:
    chosen: Wire = {name: value for name, value in sampling if value is not None}
    # OpenAI's newer models refuse max_tokens; most other servers know nothing else.
    if "max_output_tokens" in chosen:
        name = "max_completion_tokens" if official else "max_tokens"
        chosen[name] = chosen.pop("max_output_tokens")
    return chosen


def _tool(spec: ToolSpec) -> Wire:
    return {
        "type": "function",
        "function": {
            "name": spec.name,
            "description": spec.description,
            "parameters": spec.parameters,
        },
    }


def _messages(request: ModelRequest) -> bytes:
    """The messages, each with a comma before it."""
    system: Wire = {"role": "system", "content": request.system}
    first = led([system]) if request.system else b""
    messages: Iterable[ChatMessage] = request.messages
    if "useruser" in "".join([message.role for message in request.messages]):
        messages = _alternating(messages)
    return first + wires_of(messages, "openai-chat", _message)


def _alternating(messages: Iterable[ChatMessage]) -> Iterator[ChatMessage]:
    """Many chat templates demand that roles alternate: neighbours (a question that was never
    answered, then the next) are sent as one."""
    for role, group in groupby(messages, key=lambda message: message.role):
        if role == "user":
            yield _one_question(list(group))
        else:
            yield from group


def _one_question(asked: Sequence[ChatMessage]) -> ChatMessage:
    text = "\n\n".join(message.text for message in asked)
    images = [part for message in asked for part in message.parts if isinstance(part, ImagePart)]
    return ChatMessage(role="user", parts=(TextPart(text=text), *images))


def _message(message: ChatMessage) -> bytes:
    match message.role:
        case "user":
            return led([question(message, _image, text_type="text")])
        case "assistant":
            return led(_steps(message))
        case _:
            assert_never(message.role)


def _image(url: str) -> Wire:
    return {"type": "image_url", "image_url": {"url": url}}


def _steps(message: ChatMessage) -> Iterator[Wire]:
    for step in steps_of(message):
        if step.calls:
            yield {
                "role": "assistant",
                "content": step.text or None,
                "tool_calls": [_call(call) for call in step.calls],
            }
        elif step.text:
            yield {"role": "assistant", "content": step.text}
        for result in step.results:
            yield {"role": "tool", "tool_call_id": result.call_id, "content": result.text}


def _call(call: ToolCall) -> Wire:
    return {
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments_json(call)},
    }
