"""A neutral request as the body of OpenAI's Responses API, which keeps nothing for us. Pure."""

import re
from collections.abc import Iterator
from typing import Final, assert_never

import orjson

from smriti.llm.providers.openai_body import Wire, led, question, spliced
from smriti.llm.providers.steps import Step, arguments_json, steps_of
from smriti.llm.types import (
    ChatMessage,
    ModelRequest,
    ReasoningPart,
    Sampling,
    ToolCall,
    ToolSpec,
    wires_of,
)

SIGNED: Final = "openai:"
"""Begins the signatures of our thoughts."""

# OpenAI's models that do not think, and refuse what is only for those that do.
_PLAIN: Final = re.compile(r"(ft:)?(gpt-[34]|chatgpt|gpt-.*chat)")


def to_wire(request: ModelRequest, *, model: str, summaries: bool) -> bytes:
    """The body, streaming. With `summaries` a model that thinks is asked to say what."""
    body: Wire = {
        "model": model,
        "stream": True,
        "store": False,
        **_sampling(request.sampling),
        **(_thinking(summaries=summaries) if thinks(model) else {}),
    }
    if request.system:
        body["instructions"] = request.system
    if request.tools:
        body["tools"] = [_tool(spec) for spec in request.tools]
    return spliced(body, "input", _input(request, model))


def thinks(model: str) -> bool:
    return not _PLAIN.match(model.rpartition("/")[2].lower())


def _thinking(*, summaries: bool) -> Wire:
    encrypted: Wire = {"include": ["reasoning.encrypted_content"]}
    return encrypted | {"reasoning": {"summary": "auto"}} if summaries else encrypted


def _sampling(sampling: Sampling) -> Wire:
    """The Responses API knows no penalties."""
    known = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_output_tokens": sampling.max_output_tokens,
    }
    return {name: value for name, value in known.items() if value is not None}


def _tool(spec: ToolSpec) -> Wire:
    return {
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters,
        "strict": False,  # the default would refuse parameters that may be left out
    }


def _input(request: ModelRequest, model: str) -> bytes:
    """The items, each with a comma before it."""
    past, current = request.messages, b""
    if past and past[-1].role == "assistant":  # thoughts go back while their turn goes on
        past, current = past[:-1], led(_steps(past[-1], model))
    return wires_of(past, "openai-responses", _message) + current


def _message(message: ChatMessage) -> bytes:
    match message.role:
        case "user":
            return led([question(message, _image, text_type="input_text")])
        case "assistant":
            return led(_steps(message))
        case _:
            assert_never(message.role)


def _image(url: str) -> Wire:
    return {"type": "input_image", "detail": "auto", "image_url": url}


def _steps(message: ChatMessage, model: str | None = None) -> Iterator[Wire]:
    """The items of an assistant's message; with the thoughts of `model`."""
    for step in steps_of(message):
        yield from _said(step, model)
        for call in step.calls:
            yield _call(call)
        for result in step.results:
            yield {
                "type": "function_call_output",
                "call_id": result.call_id,
                "output": result.text,
            }


def _said(step: Step, model: str | None) -> Iterator[Wire]:
    if step.calls or step.text:  # a thought that nothing followed is refused
        for thought in step.thoughts:
            if (item := _thought(thought, model)) is not None:
                yield item
    if step.text:
        yield {"role": "assistant", "content": step.text}


def _thought(part: ReasoningPart, model: str | None) -> Wire | None:
    if model is None or part.signature is None or not part.signature.startswith(SIGNED):
        return None
    kept = orjson.loads(part.signature.removeprefix(SIGNED))
    if kept["model"] != model:
        return None
    return {
        "type": "reasoning",
        "id": kept["id"],
        "summary": [{"type": "summary_text", "text": part.text}] if part.text else [],
        "encrypted_content": kept["encrypted_content"],
    }


def _call(call: ToolCall) -> Wire:
    return {
        "type": "function_call",
        "call_id": call.call_id,
        "name": call.name,
        "arguments": arguments_json(call),
    }
