"""A neutral request as the body of a chat-completions call. Pure."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import assert_never

import orjson

from smriti.llm.providers.steps import steps_of
from smriti.llm.types import (
    ChatMessage,
    ImagePart,
    ModelRequest,
    ToolCall,
    ToolSpec,
)

type Wire = dict[str, object]


def to_wire(request: ModelRequest, *, model: str, official: bool) -> Wire:
    """The body, streaming with usage. `official` is api.openai.com, which renamed a parameter."""
    body: Wire = {
        "model": model,
        "messages": list(_messages(request)),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.tools:
        body["tools"] = [_tool(spec) for spec in request.tools]
    return body | _sampling(request, official=official)


def _sampling(request: ModelRequest, *, official: bool) -> Wire:
    chosen = request.sampling.model_dump(exclude_none=True)
    # OpenAI's newer models refuse max_tokens; most other servers know nothing else.
    if official and "max_output_tokens" in chosen:
        chosen["max_completion_tokens"] = chosen.pop("max_output_tokens")
    elif "max_output_tokens" in chosen:
        chosen["max_tokens"] = chosen.pop("max_output_tokens")
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


def _messages(request: ModelRequest) -> Iterator[Wire]:
    if request.system:
        yield {"role": "system", "content": request.system}
    # Many chat templates demand that roles alternate: neighbours (a question that was never
    # answered, then the next) are sent as one.
    for role, messages in groupby(request.messages, key=lambda message: message.role):
        match role:
            case "user":
                yield _user(list(messages))
            case "assistant":
                for message in messages:
                    yield from _assistant(message)
            case _:
                assert_never(role)


def _user(messages: Sequence[ChatMessage]) -> Wire:
    text = "\n\n".join(message.text for message in messages)
    images = [part for message in messages for part in message.parts if isinstance(part, ImagePart)]
    if not images:  # plain text is what every server understands
        return {"role": "user", "content": text}
    content: list[Wire] = [_image(image) for image in images]
    if text:
        content.append({"type": "text", "text": text})
    return {"role": "user", "content": content}


def _image(image: ImagePart) -> Wire:
    url = f"data:{image.media_type};base64,{image.data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _assistant(message: ChatMessage) -> Iterator[Wire]:
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
    # Sorted, because a store may give members back in another order, and prompt caches see bytes.
    arguments = orjson.dumps(call.arguments or {}, option=orjson.OPT_SORT_KEYS).decode()
    return {
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }
