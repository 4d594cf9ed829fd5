"""A model that does what its request says, line by line: many sessions may share it.

> execute_command {"command": "echo hi"}    a tool call, one a step
> both execute_command {…} & look {…}       several in one step
> forever look {}                           this call, again and again
> pause                                     wait until the test says `go`
> say Done.                                 the answer; nothing after `say` is an empty one
> repeat                                    the answer is what the last tool said
> break Too busy.                           the model fails
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from typing import Final

import orjson

from smriti.llm.provider import (
    CallRequested,
    Finished,
    ModelFailed,
    ModelInfo,
    ProviderEvent,
    TextChunk,
)
from smriti.llm.types import ModelRequest, ToolCall, ToolResult
from tests.devices.wire_messages import new_id

_LINE: Final = re.compile(r"^\s*> (\w+) ?(.*?)$", re.MULTILINE)


class Obedient:
    """`paused` is set when a model waits, `go` lets all go on. `requests` are what it was asked."""

    def __init__(self) -> None:
        self.requests: list[ModelRequest] = []
        self.paused = asyncio.Event()
        self.go = asyncio.Event()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        self.requests.append(request)
        for verb, rest in _lines_of_this_step(request):
            match verb:
                case "pause":
                    self.paused.set()
                    await self.go.wait()
                case "break":
                    raise ModelFailed(rest)
                case "say" | "repeat":
                    yield TextChunk(rest if verb == "say" else told(request)[-1].text)
                    yield Finished("stop")
                case _:
                    for call in _calls(verb, rest):
                        yield CallRequested(call)
                    yield Finished("tool_calls")

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        return


def told(request: ModelRequest) -> list[ToolResult]:
    """What the tools have answered so far."""
    return [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]


def _lines_of_this_step(request: ModelRequest) -> list[tuple[str, str]]:
    asked = next(message for message in request.messages[::-1] if message.role == "user")
    done = sum(isinstance(part, ToolCall) for part in request.messages[-1].parts)
    step: list[tuple[str, str]] = []
    for verb, rest in _LINE.findall(asked.text):
        step.append((verb, rest))
        if verb == "pause":
            continue
        if done <= 0 or verb == "forever":
            return step
        done -= sum(1 for _ in _calls(verb, rest))
        step = []
    return [*step, ("say", "That was all.")]


def _calls(verb: str, rest: str) -> Iterator[ToolCall]:
    match verb:
        case "forever":
            yield from _calls(*_split(rest))
        case "both":
            for one in rest.split(" & "):
                yield from _calls(*_split(one))
        case _:
            arguments = orjson.loads(rest or "{}")
            yield ToolCall(call_id=new_id(), name=verb, arguments=arguments)


def _split(text: str) -> tuple[str, str]:
    name, _, arguments = text.partition(" ")
    return name, arguments
