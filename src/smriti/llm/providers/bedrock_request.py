"""A neutral request as the arguments of Bedrock's Converse. Pure."""

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Final, assert_never

import orjson

from smriti.llm.providers.bedrock_stream import REDACTED, SIGNED
from smriti.llm.providers.steps import Step, steps_of
from smriti.llm.types import (
    ChatMessage,
    ImagePart,
    ModelRequest,
    ReasoningPart,
    Role,
    Sampling,
    ToolCall,
    ToolResult,
    ToolSpec,
)

type Wire = dict[str, object]

_EARLIER: Final = "(Earlier messages are left out.)"
_NO_OUTPUT: Final = "(no output)"

# Who does not know cache points refuses the request. Nova wants none among the tools, and newer
# ones cache without being told.
_CACHES_TOOLS: Final = re.compile(r"anthropic\.claude-(?!v|instant|3-(haiku|sonnet|opus|5-sonnet))")
_CACHES_SYSTEM: Final = re.compile(
    rf"{_CACHES_TOOLS.pattern}|amazon\.nova-(micro|lite|pro|premier)"
)
_CACHE_POINT: Final[Wire] = {"cachePoint": {"type": "default"}}

_CALL_ID: Final = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_-]")


def to_wire(request: ModelRequest, *, model: str) -> Wire:
    wire: Wire = {"modelId": model, "messages": _messages(request)}
    if request.system.strip():
        cached = [_CACHE_POINT] if _CACHES_SYSTEM.search(model) else []
        wire["system"] = [{"text": request.system}, *cached]
    if request.tools:
        cached = [_CACHE_POINT] if _CACHES_TOOLS.search(model) else []
        wire["toolConfig"] = {"tools": [*map(_tool, request.tools), *cached]}
    if limits := _limits(request.sampling, model):
        wire["inferenceConfig"] = limits
    return wire


def _limits(sampling: Sampling, model: str) -> Wire:
    """Converse has no penalties, and no temperature above 1; Claude takes only one of the two."""
    chosen: Wire = {}
    if sampling.max_output_tokens is not None:
        chosen["maxTokens"] = sampling.max_output_tokens
    if sampling.temperature is not None:
        chosen["temperature"] = min(sampling.temperature, 1.0)
    if sampling.top_p is not None and not ("claude" in model and "temperature" in chosen):
        chosen["topP"] = sampling.top_p
    return chosen


def _tool(spec: ToolSpec) -> Wire:
    return {
        "toolSpec": {
            "name": spec.name,
            "description": spec.description or spec.name,
            "inputSchema": {"json": spec.parameters},
        }
    }


def _messages(request: ModelRequest) -> list[Wire]:
    """Roles alternate, the first is the user's, and no block is blank: all else is refused."""
    said = (
        (role, blocks)
        for message in request.messages
        for role, blocks in _said(message, with_tools=bool(request.tools))
        if blocks
    )
    messages: list[Wire] = [
        {"role": role, "content": [block for _, blocks in neighbours for block in blocks]}
        for role, neighbours in groupby(said, key=lambda entry: entry[0])
    ]
    if not messages or messages[0]["role"] != "user":
        messages.insert(0, {"role": "user", "content": [{"text": _EARLIER}]})
    return messages


def _said(message: ChatMessage, *, with_tools: bool) -> Iterator[tuple[Role, list[Wire]]]:
    match message.role:
        case "user":
            images = [_image(part) for part in message.parts if isinstance(part, ImagePart)]
            yield "user", [*images, *_text(message.text)]
        case "assistant":
            for step in steps_of(message):
                yield from _step(step) if with_tools else _told(step)
        case _:
            assert_never(message.role)


def _step(step: Step) -> Iterator[tuple[Role, list[Wire]]]:
    thoughts = [block for thought in step.thoughts for block in _thought(thought)]
    yield "assistant", [*thoughts, *_text(step.text), *map(_call, step.calls)]
    yield "user", [_result(result) for result in step.results]


def _told(step: Step) -> Iterator[tuple[Role, list[Wire]]]:
    """A step for a request without tools, which may hold no calls.

    Offering the tools nevertheless would be asking for another call: Converse cannot forbid them.
    The user's side tells what came out, so that the model does not learn to write calls as text.
    """
    yield "assistant", list(_text(step.text))
    yield (
        "user",
        [
            {"text": _story(call, result)}
            for call, result in zip(step.calls, step.results, strict=True)
        ],
    )


def _story(call: ToolCall, result: ToolResult) -> str:
    arguments = orjson.dumps(call.arguments or {}, option=orjson.OPT_SORT_KEYS).decode()
    ended = "answered" if result.success else "failed"
    told = result.text if result.text.strip() else _NO_OUTPUT
    return f"The tool {call.name!r} was called with {arguments} and {ended}:\n\n{told}"


def _text(text: str) -> Sequence[Wire]:
    return [{"text": text}] if text.strip() else []


def _thought(part: ReasoningPart) -> Iterator[Wire]:
    """The thought as it came; none without a signature, or with another provider's."""
    signature = part.signature or ""
    if signature.startswith(SIGNED):
        signed = {"text": part.text, "signature": signature.removeprefix(SIGNED)}
        yield {"reasoningContent": {"reasoningText": signed}}
    elif signature.startswith(REDACTED):
        hidden = b64decode(signature.removeprefix(REDACTED))
        yield {"reasoningContent": {"redactedContent": hidden}}


def _call(call: ToolCall) -> Wire:
    # Sorted, because a store may give members back in another order, and prompt caches see bytes.
    arguments = orjson.loads(orjson.dumps(call.arguments or {}, option=orjson.OPT_SORT_KEYS))
    name = _NOT_IN_NAMES.sub("_", call.name)[:64] or "_"
    return {"toolUse": {"toolUseId": _id(call.call_id), "name": name, "input": arguments}}


def _result(result: ToolResult) -> Wire:
    return {
        "toolResult": {
            "toolUseId": _id(result.call_id),
            "content": [{"text": result.text if result.text.strip() else _NO_OUTPUT}],
            "status": "success" if result.success else "error",
        }
    }


def _id(call_id: str) -> str:
    """The id, or a digest of one that another provider made longer or otherwise than allowed."""
    return call_id if _CALL_ID.fullmatch(call_id) else sha256(call_id.encode()).hexdigest()


def _image(image: ImagePart) -> Wire:
    kind = image.media_type.removeprefix("image/").replace("jpg", "jpeg")
    return {"image": {"format": kind, "source": {"bytes": b64decode(image.data)}}}
