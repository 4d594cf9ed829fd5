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
from smriti.llm.providers.failures import ErrorInStream, StreamBroken, StreamCut
from smriti.llm.providers.pieces import Said, arguments_of, count_of
from smriti.llm.providers.sse import DataLines
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
        self._said = Said()
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._usage: Usage | None = None
        self._reason: FinishReason | None = None
        self._read_any = False
        self.done = False

    def feed(self, received: bytes) -> list[ProviderEvent]:
        """The events that `received` completes. `StreamBroken`, `ErrorInStream`."""
        for payload in self._lines.feed(received):
            if payload == b"[DONE]":
                self.done = True
            elif payload and not self.done:
                self._read(payload)
        return self.taken()

    def taken(self) -> list[ProviderEvent]:
        return self._said.taken()

    def read(self, payload: bytes) -> list[ProviderEvent]:
        """The events of a reply that was not streamed."""
        self._read(payload)
        return self.taken()

    def _read(self, payload: bytes) -> None:
        try:
            self._read_document(orjson.loads(payload))
        except (orjson.JSONDecodeError, AttributeError, TypeError, KeyError) as error:
            raise StreamBroken("sent something that is not a chat reply.") from error

    def _read_document(self, document: dict[str, Any]) -> None:
        _raise_error(document)
        self._read_any = True
        if usage := document.get("usage"):
            self._usage = _usage(usage)
        for choice in document.get("choices") or ():
            self._read_delta(choice.get("delta") or choice.get("message") or {})
            if reason := choice.get("finish_reason"):
                self._finish(reason)

    def _finish(self, reason: str) -> None:
        if reason == "error":
            raise StreamBroken("reported an error in the middle of the answer.")
        # Never from "refused" back: a refusal in words ends with "stop".
        self._reason = self._reason or _REASONS.get(reason, "stop")

    def _read_delta(self, delta: dict[str, Any]) -> None:
        if thought := delta.get("reasoning_content") or delta.get("reasoning"):
            self._said.add(ReasoningChunk, thought)
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                self._said.add(TextChunk, content)
        elif content:
            self._read_parts(content)
        if refusal := delta.get("refusal"):
            self._reason = "refused"
            self._said.add(TextChunk, refusal)
        for piece in delta.get("tool_calls") or ():
            self._collect(piece)

    def _read_parts(self, parts: list[dict[str, Any]]) -> None:
        """Content as a list, as Mistral's reasoning models send it."""
        for part in parts:
            if part.get("type") == "text":
                self._said.add(TextChunk, part["text"])
            elif part.get("type") == "thinking":
                for thought in part["thinking"]:
                    self._said.add(ReasoningChunk, thought["text"])

    def _collect(self, piece: dict[str, Any]) -> None:
        function = piece.get("function") or {}
        call_id, name = str(piece.get("id") or ""), self._said.counted(function.get("name") or "")
        call = self._call_of(piece.get("index"), call_id, name)
        call.call_id = call.call_id or call_id
        call.name = call.name or name
        arguments = function.get("arguments") or ""
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        call.pieces.append(self._said.counted(arguments))

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
        events = self.feed(b"\n")
        if not self._read_any:
            raise StreamBroken("did not answer with a chat reply. Check the base URL.")
        if self._reason is None and not self.done:
            raise StreamCut("broke off in the middle of the answer.")
        events += [CallRequested(call) for call in self._whole_calls()]
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
    code, kind = error.get("code"), error.get("type")
    raise ErrorInStream(
        str(error.get("message") or kind or ""),
        code if isinstance(code, int) else None,
        str(code if isinstance(code, str) else kind or ""),
    )
