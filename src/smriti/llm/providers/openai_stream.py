"""The bytes of a chat-completions stream as our events. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from smriti.core.clock import new_id
from smriti.llm.provider import (
    CallRequested,
    Finished,
    FinishReason,
    ProviderEvent,
    ReasoningChunk,
    TextChunk,
    TokensUsed,
)
from smriti.llm.providers.failures import ErrorInStream, StreamBroken
from smriti.llm.providers.pieces import Meter, arguments_of, count_of
from smriti.llm.providers.sse import DataLines, LineTooLong
from smriti.llm.types import ToolCall, Usage

_REASONS: Final[dict[str, FinishReason]] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "refused",
    "refusal": "refused",
}


@dataclass(slots=True)
class _Call:
    """A tool call while its pieces arrive."""

    call_id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)

    def ends_before(self, call_id: str, name: str) -> bool:
        """Whether a piece at the same index is another call: some servers number all of them 0."""
        if not (name and self.name):
            return False
        if call_id and self.call_id:
            return call_id != self.call_id
        return arguments_of(self.arguments) is not None


class ReplyReader:
    """Reads one reply. `feed` it what arrives, then ask `end` for the calls, usage and finish."""

    def __init__(self, make_id: Callable[[], str] = new_id) -> None:
        self._make_id = make_id
        self._lines = DataLines()
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._usage: Usage | None = None
        self._reason: FinishReason | None = None
        self._read_any = False
        self._counted = Meter().counted
        self.done = False

    def feed(self, received: bytes) -> list[ProviderEvent]:
        """The events that `received` completes. `StreamBroken`, `ErrorInStream`."""
        try:
            payloads = self._lines.feed(received)
        except LineTooLong as error:
            raise StreamBroken("sent a line that is too long.") from error
        return [event for payload in payloads for event in self._read_line(payload)]

    def _read_line(self, payload: bytes) -> Iterator[ProviderEvent]:
        if payload == b"[DONE]":
            self.done = True
        elif payload and not self.done:
            yield from self.read(payload)

    def read(self, payload: bytes) -> Iterator[ProviderEvent]:
        """The events of one JSON document: a chunk, or a reply that was not streamed."""
        try:
            document = orjson.loads(payload)
            yield from self._read_document(document)
        except (orjson.JSONDecodeError, AttributeError, TypeError, KeyError) as error:
            raise StreamBroken("sent something that is not a chat reply.") from error

    def _read_document(self, document: dict[str, Any]) -> Iterator[ProviderEvent]:
        _raise_error(document)
        self._read_any = True
        if usage := document.get("usage"):
            self._usage = _usage(usage)
        for choice in document.get("choices") or ():
            yield from self._read_delta(choice.get("delta") or choice.get("message") or {})
            if reason := choice.get("finish_reason"):
                self._finish(reason)

    def _finish(self, reason: str) -> None:
        if reason == "error":
            raise StreamBroken("reported an error in the middle of the answer.")
        # Never from "refused" back: a refusal in words ends with "stop".
        self._reason = self._reason or _REASONS.get(reason, "stop")

    def _read_delta(self, delta: dict[str, Any]) -> Iterator[ProviderEvent]:
        if thought := delta.get("reasoning_content") or delta.get("reasoning"):
            yield ReasoningChunk(self._counted(thought))
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                yield TextChunk(self._counted(content))
        elif content:
            yield from self._read_parts(content)
        if refusal := delta.get("refusal"):
            self._reason = "refused"
            yield TextChunk(self._counted(refusal))
        for piece in delta.get("tool_calls") or ():
            self._collect(piece)

    def _read_parts(self, parts: list[dict[str, Any]]) -> Iterator[ProviderEvent]:
        """Content as a list, as Mistral's reasoning models send it."""
        for part in parts:
            if part.get("type") == "text":
                yield TextChunk(self._counted(part["text"]))
            elif part.get("type") == "thinking":
                for thought in part["thinking"]:
                    yield ReasoningChunk(self._counted(thought["text"]))

    def _collect(self, piece: dict[str, Any]) -> None:
        function = piece.get("function") or {}
        call_id, name = str(piece.get("id") or ""), self._counted(function.get("name") or "")
        call = self._call_of(piece.get("index"), call_id, name)
        call.call_id = call.call_id or call_id
        call.name = call.name or name
        arguments = function.get("arguments") or ""
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        call.pieces.append(self._counted(arguments))

    def _call_of(self, index: int | None, call_id: str, name: str) -> _Call:
        """The call that a piece belongs to. Without an index: the newest, unless it is complete."""
        newest = self._calls[-1] if self._calls else None
        call = newest if index is None else self._by_index.get(index)
        if call is None or call.ends_before(call_id, name):
            call = _Call()
            self._calls.append(call)
            if index is not None:
                self._by_index[index] = call
        return call

    def end(self) -> list[ProviderEvent]:
        """What can only be told at the end. `StreamBroken` when the end came too early."""
        self.feed(b"\n")
        if not self._read_any:
            raise StreamBroken("did not answer with a chat reply. Check the base URL.")
        if self._reason is None and not self.done:
            raise StreamBroken("broke off in the middle of the answer.")
        events: list[ProviderEvent] = [CallRequested(call) for call in self._whole_calls()]
        if self._usage is not None:
            events.append(TokensUsed(self._usage))
        return [*events, Finished(self._finish_reason())]

    def _finish_reason(self) -> FinishReason:
        reason = self._reason or "stop"
        return "tool_calls" if reason == "stop" and self._calls else reason

    def _whole_calls(self) -> Iterator[ToolCall]:
        used: set[str] = set()
        for call in self._calls:
            call_id = call.call_id
            if not call_id or call_id in used:
                call_id = self._make_id()
            used.add(call_id)
            yield ToolCall(
                call_id=call_id, name=call.name, arguments=arguments_of(call.arguments or "{}")
            )


def _usage(wire: dict[str, Any]) -> Usage:
    prompt = wire.get("prompt_tokens_details") or {}
    completion = wire.get("completion_tokens_details") or {}
    return Usage(
        input_tokens=count_of(wire.get("prompt_tokens")),
        output_tokens=count_of(wire.get("completion_tokens")),
        cached_tokens=count_of(prompt.get("cached_tokens") or wire.get("prompt_cache_hit_tokens")),
        reasoning_tokens=count_of(completion.get("reasoning_tokens")),
    )


def _raise_error(document: dict[str, Any]) -> None:
    """OpenAI's form {"error": {…}}, its shorter cousins, and vLLM's {"object": "error", …}."""
    error = document.get("error") or (document if document.get("object") == "error" else None)
    if error is None:
        return
    if not isinstance(error, dict):
        raise ErrorInStream(str(error), None)
    code = error.get("code")
    raise ErrorInStream(
        str(error.get("message") or error.get("type") or ""),
        code if isinstance(code, int) else None,
    )
