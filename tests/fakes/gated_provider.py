"""A model that does what the question says, in pieces, each of which the test lets out.

A question is a name and how many tools each step calls: "3:21" is answered "answer 3" after a step
with two calls and one with a single one. Nothing is kept between requests: whoever goes on with a
turn asks another model of this kind, which goes on, too.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from smriti.llm.provider import CallRequested, Finished, ModelInfo, ProviderEvent, TextChunk
from smriti.llm.types import ModelRequest, ToolCall

_TOOLS: Final = (
    ("core_memory_append", {"block": "human", "content": "Likes tea"}),
    ("core_memory_delete", {"block": "human", "line_number": 1}),
)


class GatedProvider:
    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(0)
        self._open = False

    def let_out(self, pieces: int) -> None:
        for _ in range(pieces):
            self._gate.release()

    def open(self) -> None:
        """From now on nothing is held."""
        self._open = True
        self.let_out(100)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        for event in _reply(request):
            if not self._open:
                await self._gate.acquire()
            yield event

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        return


def _reply(request: ModelRequest) -> list[ProviderEvent]:
    asked = next(message for message in request.messages[::-1] if message.role == "user")
    name, _, plan = asked.text.rpartition("\n")[2].partition(":")
    last = request.messages[-1]
    done = sum(isinstance(part, ToolCall) for part in last.parts) if last is not asked else 0
    for count in map(int, plan):
        if done <= 0:
            calls = [_call(f"{len(last.parts)}.{number}", number) for number in range(count)]
            if calls:
                return [TextChunk("Wait. "), *calls, Finished("tool_calls")]
        done -= count
    return [TextChunk("answer"), TextChunk(f" {name}"), Finished("stop")]


def _call(call_id: str, number: int) -> CallRequested:
    name, arguments = _TOOLS[number % len(_TOOLS)]
    return CallRequested(ToolCall(call_id=call_id, name=name, arguments=dict(arguments)))
