"""The relay in a turn: the servers as tools, and who asks them in the model's place."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

import orjson

from smriti.llm.provider import (
    CallRequested,
    Finished,
    ModelFailed,
    ModelInfo,
    ProviderEvent,
    TextChunk,
)
from smriti.llm.types import ModelRequest, ToolCall, ToolResult, ToolSpec
from smriti.tools.toolset import MAX_RESULT_CHARACTERS, ToolFailed
from smriti.turns.architecture import Scene
from smriti.turns.relay.pool import Json, RequestRefused, ServerFailed
from smriti.turns.relay.servers import text_of
from smriti.turns.relay.service import Relay, Side, question_of

_PARAMETERS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}


class RelayTools:
    """The servers, for one turn. Their results are what they answered, as JSON."""

    def __init__(self, relay: Relay, scene: Scene) -> None:
        self._relay = relay
        self._scene = scene
        self._sides = {side.wire.tool: side for side in relay.sides if side.answers}

    def specs(self) -> Sequence[ToolSpec]:
        # To ask a second time is no worse than the retries that a server is given anyway.
        return [
            ToolSpec(
                name=name,
                description=f"Asks {side.wire.name}.",
                parameters=_PARAMETERS,
                idempotent=True,
            )
            for name, side in self._sides.items()
        ]

    async def call(self, call: ToolCall) -> str:
        text = str((call.arguments or {}).get("text", ""))
        try:
            return _kept(await self._answer(self._sides[call.name], text))
        except (ServerFailed, RequestRefused) as failure:
            raise ToolFailed(str(failure)) from failure

    async def _answer(self, side: Side, text: str) -> Json:
        scene = self._scene
        question = question_of(text, scene.agent, scene.user, scene.conversation.conversation_id)
        return await self._relay.ask(side, scene.agent, question)


def _kept(answer: Json) -> str:
    """The answer as JSON, no longer than a result may be: else its text alone, cut."""
    whole = orjson.dumps(answer).decode()
    if len(whole) <= MAX_RESULT_CHARACTERS:
        return whole
    text = text_of(answer)
    while len(told := orjson.dumps({"text": text}).decode()) > MAX_RESULT_CHARACTERS:
        text = text[: len(text) * 9 // 10]
    return told


def answer_of(result: ToolResult) -> Json:
    """What a server has answered."""
    answer: Json = orjson.loads(result.text)
    return answer


class Forwarder:
    """In the model's place: has all servers asked at once, and says what they answer, in the order
    of their names."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        last = request.messages[-1]
        results = [part for part in last.parts if isinstance(part, ToolResult)]
        if last.role == "user":
            arguments = {"text": last.text.partition("</time>\n")[2]}
            for name in self._names:
                yield CallRequested(ToolCall(call_id=name, name=name, arguments=arguments))
            yield Finished("tool_calls")
            return
        said = [text_of(answer_of(result)) for result in results if result.success]
        if not any(said):
            failed = [result.text for result in results if not result.success]
            raise ModelFailed(" ".join(failed) or "The servers have answered without a text.")
        yield TextChunk("\n\n".join(dict.fromkeys(filter(None, said))))
        yield Finished("stop")

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        return
