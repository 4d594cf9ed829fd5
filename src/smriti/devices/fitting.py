"""A session's past, made to fit into its model's window: old results are shortened first."""

from collections.abc import AsyncGenerator
from typing import Final

from smriti.llm.catalog import estimate_tokens
from smriti.llm.families import ModelTraits
from smriti.llm.provider import ModelInfo, Provider, ProviderEvent
from smriti.llm.types import ChatMessage, ImagePart, ModelRequest, Part, ToolCall, ToolResult

_SHORT: Final = 300
"""Characters that are left of a result."""

_ANSWER_SHARE: Final = 4


class FittedProvider:
    """Asks a model for no more than its window holds, a share kept for the answer."""

    def __init__(self, provider: Provider, traits: ModelTraits) -> None:
        self._provider = provider
        answer = min(traits.max_output_tokens, traits.context_tokens // _ANSWER_SHARE)
        self._room = traits.context_tokens - answer

    def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        return self._provider.stream(fitted(request, self._room))

    async def models(self) -> list[ModelInfo]:
        return await self._provider.models()

    async def close(self) -> None:
        await self._provider.close()


def fitted(request: ModelRequest, room: int) -> ModelRequest:
    """The request with as many results shortened, the oldest first, as it takes to fit."""
    *earlier, last = request.messages
    fixed = [request.system, *(spec.described for spec in request.tools)]
    parts = [part for message in earlier for part in message.parts]
    taken = sum(map(estimate_tokens, fixed)) + sum(map(_tokens, (*parts, *last.parts)))
    shortened: list[Part] = []
    for part in last.parts:
        short = _shortened(part) if taken > room else part
        taken -= _tokens(part) - _tokens(short)
        shortened.append(short)
    message = ChatMessage(role=last.role, parts=tuple(shortened))
    return request.model_copy(update={"messages": (*earlier, message)})


def _tokens(part: Part) -> int:
    if isinstance(part, ToolCall):
        return estimate_tokens(f"{part.name} {part.arguments}")
    return 0 if isinstance(part, ImagePart) else estimate_tokens(part.text)


def _shortened(part: Part) -> Part:
    if not isinstance(part, ToolResult) or len(part.text) <= 2 * _SHORT:
        return part
    text = f"{part.text[:_SHORT]}\n[shortened, because it was long ago]"
    return part.model_copy(update={"text": text})
