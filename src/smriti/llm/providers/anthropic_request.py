"""A neutral request as the body of a Messages API call. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, assert_never

import orjson

from smriti.llm.catalog import BUILT_IN, Catalog
from smriti.llm.families import ModelTraits
from smriti.llm.providers.anthropic_stream import REDACTED, SIGNED
from smriti.llm.providers.steps import Step, steps_of
from smriti.llm.types import (
    ChatMessage,
    ImagePart,
    ModelRequest,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
)

type Wire = dict[str, object]

_LEAST_ANSWER: Final = 1_024
_LEAST_BUDGET: Final = 1_024
_ANSWER_SHARE: Final = 4
"""A quarter of the context is what the prompt leaves free."""

# Claude before 4.6 thinks for a number of tokens; since then it decides itself, and refuses one.
_BUDGETED: Final = re.compile(r"(?!claude)|claude-([1-4]|(opus|sonnet|haiku)-4(?![-.][6-9]))")
_NOT_OF_AN_ID: Final = re.compile(r"[^a-zA-Z0-9_-]")


def to_wire(
    request: ModelRequest,
    *,
    model: str,
    thinking_budget: int = 0,
    thoughts: bool = True,
    catalog: Catalog = BUILT_IN,
) -> Wire:
    """The body, streaming, with marks for the prompt cache.

    Sampling values are left out: this version of the API refuses them. Without `thoughts` nothing
    that the model thought in this turn goes back.
    """
    called = {} if request.tools else _called(request.messages)
    thoughts = thoughts and not called  # the API refuses thoughts that had other tools before them
    messages = _messages(request.messages, thoughts=thoughts)
    _mark_newest(messages)
    body: Wire = {"model": model, "stream": True, "messages": messages}
    if request.system:
        body["system"] = [_marked({"type": "text", "text": request.system})]
    if request.tools:
        *others, last = map(_tool, request.tools)
        body["tools"] = [*others, _marked(last)]
    elif called:  # calls in the past need tools, also when no more may be asked for
        body["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in called]
        body["tool_choice"] = {"type": "none"}
    traits = catalog.traits_of(model)
    return body | _limits(request, model, traits, thinking_budget if thoughts else 0)


def _limits(request: ModelRequest, model: str, traits: ModelTraits, budget: int) -> Wire:
    """How long the answer may be, and how much of it thought; `max_tokens` counts both."""
    answer = request.sampling.max_output_tokens
    if answer is None:
        longest = min(traits.max_output_tokens, traits.context_tokens // _ANSWER_SHARE)
    else:
        longest = min(answer + budget, max(answer, traits.max_output_tokens))
    if not budget:
        return {"max_tokens": longest}
    if not _BUDGETED.match(model.rpartition("/")[2].lower()):
        thinking: Wire = {"type": "adaptive", "display": "summarized"}
        return {
            "max_tokens": longest,
            "thinking": thinking,
            "output_config": {"effort": _effort(budget)},
        }
    budget = min(budget, longest - _LEAST_ANSWER)
    if budget < _LEAST_BUDGET:
        return {"max_tokens": longest}
    return {"max_tokens": longest, "thinking": {"type": "enabled", "budget_tokens": budget}}


def _effort(budget: int) -> str:
    """A budget in the words of a model that takes no number."""
    if budget < 4_096:
        return "low"
    return "medium" if budget < 16_384 else "high"


def _called(messages: Sequence[ChatMessage]) -> dict[str, None]:
    """The names of the tools that were called, each once, in order."""
    parts = (part for message in messages for part in message.parts)
    return {part.name: None for part in parts if isinstance(part, ToolCall)}


def _tool(spec: ToolSpec) -> Wire:
    return {
        "name": spec.name,
        "description": spec.description,
        "input_schema": spec.parameters,
    }


def _messages(messages: Sequence[ChatMessage], *, thoughts: bool) -> list[Wire]:
    """Neighbours of one role as one message; the last is the user's, as the API demands."""
    merged: list[tuple[str, list[Wire]]] = []
    for number, message in enumerate(messages, start=1):
        # Thoughts go back while their turn goes on; later turns may have another system prompt,
        # and the API refuses thoughts when anything before them has changed.
        for role, blocks in _blocks(message, thoughts=thoughts and number == len(messages)):
            if merged and merged[-1][0] == role:
                merged[-1][1].extend(blocks)
            elif blocks:
                merged.append((role, blocks))
    if not merged or merged[-1][0] == "assistant":
        merged.append(("user", [{"type": "text", "text": "Continue."}]))
    return [{"role": role, "content": blocks} for role, blocks in merged]


def _blocks(message: ChatMessage, *, thoughts: bool) -> Iterator[tuple[str, list[Wire]]]:
    match message.role:
        case "user":
            yield "user", _user(message)
        case "assistant":
            for step in steps_of(message):
                yield "assistant", _assistant(step, thoughts=thoughts)
                yield "user", [_result(result) for result in step.results]
        case _:
            assert_never(message.role)


def _user(message: ChatMessage) -> list[Wire]:
    images = [_image(part) for part in message.parts if isinstance(part, ImagePart)]
    texts = [part.text for part in message.parts if isinstance(part, TextPart)]
    return images + _text("".join(texts))


def _assistant(step: Step, *, thoughts: bool) -> list[Wire]:
    said = _text(step.text) + [_call(call) for call in step.calls]
    if not (said and thoughts):
        return said
    return [block for thought in step.thoughts for block in _thought(thought)] + said


def _text(text: str) -> list[Wire]:
    """One block; none for what the API would refuse as empty."""
    return [{"type": "text", "text": text}] if text.strip() else []


def _image(image: ImagePart) -> Wire:
    source = {"type": "base64", "media_type": image.media_type, "data": image.data}
    return {"type": "image", "source": source}


def _thought(part: ReasoningPart) -> Iterator[Wire]:
    """The thought as it came, if it came from this API with a signature."""
    signature = part.signature or ""
    if data := signature.removeprefix(REDACTED) if signature.startswith(REDACTED) else "":
        yield {"type": "redacted_thinking", "data": data}
    elif proof := signature.removeprefix(SIGNED) if signature.startswith(SIGNED) else "":
        yield {"type": "thinking", "thinking": part.text, "signature": proof}


def _call(call: ToolCall) -> Wire:
    # Sorted, because a store may give members back in another order, and prompt caches see bytes.
    arguments = orjson.loads(orjson.dumps(call.arguments or {}, option=orjson.OPT_SORT_KEYS))
    return {"type": "tool_use", "id": _id(call.call_id), "name": call.name, "input": arguments}


def _result(result: ToolResult) -> Wire:
    wire: Wire = {
        "type": "tool_result",
        "tool_use_id": _id(result.call_id),
        "content": result.text,
    }
    return wire if result.success else wire | {"is_error": True}


def _id(call_id: str) -> str:
    """Another provider's id in the letters that this API takes."""
    return _NOT_OF_AN_ID.sub("_", call_id)


def _mark_newest(messages: Sequence[Wire]) -> None:
    """The end of the newest user message, to be found again, and of the one before, to find it.

    What lies between them is the answer, whose thoughts go back for a while only.
    """
    mine = [message["content"] for message in messages if message["role"] == "user"]
    for content in mine[-2:]:
        if isinstance(content, list):
            content[-1] = _marked(content[-1])


def _marked(block: Wire) -> Wire:
    return block | {"cache_control": {"type": "ephemeral"}}
