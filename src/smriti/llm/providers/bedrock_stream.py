"""The events of a ConverseStream reply as our events. Pure."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

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
from smriti.llm.providers.failures import StreamBroken
from smriti.llm.providers.pieces import Meter, arguments_of, count_of
from smriti.llm.types import ToolCall, Usage

type Event = dict[str, Any]

SIGNED: Final = "bedrock:"
REDACTED: Final = "bedrock-redacted:"

_REASONS: Final[dict[str, FinishReason]] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filtered": "refused",
    "guardrail_intervened": "refused",
}


@dataclass(slots=True)
class _Call:
    """A tool call while its pieces arrive."""

    call_id: str
    name: str
    pieces: list[str] = field(default_factory=list)


class ReplyReader:
    """Reads one reply. Give `read` each event, then ask `end` for the usage and the finish."""

    def __init__(self, make_id: Callable[[], str] = new_id) -> None:
        self._make_id = make_id
        self._meter = Meter()
        self._calls: dict[int, _Call] = {}
        self._ids: set[str] = set()
        self._signature: list[str] = []
        self._redacted: list[bytes] = []
        self._usage: Usage | None = None
        self._reason: FinishReason | None = None

    def read(self, event: Event) -> Iterator[ProviderEvent]:
        """The events that `event` completes; none for one of an unknown kind. `StreamBroken`."""
        match event:
            case {"contentBlockStart": {"contentBlockIndex": int(index), "start": start}}:
                self._begin(index, start)
            case {"contentBlockDelta": {"contentBlockIndex": int(index), "delta": delta}}:
                yield from self._read_delta(index, delta)
            case {"contentBlockStop": {"contentBlockIndex": int(index)}}:
                yield from self._end_block(index)
            case {"messageStop": {"stopReason": str(reason)}}:
                self._finish(reason)
            case {"metadata": {"usage": dict(usage)}}:
                self._usage = _usage(usage)
            case _:
                pass

    def end(self) -> Iterator[ProviderEvent]:
        """What can only be told at the end. `StreamBroken` when the end came too early."""
        if self._reason is None:
            raise StreamBroken("broke off in the middle of the answer.")
        for index in list(self._calls):
            yield from self._end_block(index)
        if self._usage is not None:
            yield TokensUsed(self._usage)
        called = self._reason == "stop" and self._ids
        yield Finished("tool_calls" if called else self._reason)

    def _begin(self, index: int, start: Event) -> None:
        if call := start.get("toolUse"):
            self._calls[index] = _Call(call["toolUseId"], self._meter.counted(call["name"]))

    def _read_delta(self, index: int, delta: Event) -> Iterator[ProviderEvent]:
        match delta:
            case {"text": str(text)} if text:
                yield TextChunk(self._meter.counted(text))
            case {"toolUse": {"input": str(piece)}} if index in self._calls:
                self._calls[index].pieces.append(self._meter.counted(piece))
            case {"reasoningContent": {"text": str(thought)}} if thought:
                yield ReasoningChunk(self._meter.counted(thought))
            case {"reasoningContent": {"signature": str(piece)}}:
                self._signature.append(self._meter.counted(piece))
            case {"reasoningContent": {"redactedContent": bytes(hidden)}}:
                self._meter.counted(hidden.hex())
                self._redacted.append(hidden)
            case _:
                pass

    def _end_block(self, index: int) -> Iterator[ProviderEvent]:
        if call := self._calls.pop(index, None):
            yield CallRequested(self._whole(call))
        if signature := "".join(self._signature):
            yield ReasoningChunk("", SIGNED + signature)
        if hidden := b"".join(self._redacted):
            yield ReasoningChunk("", REDACTED + b64encode(hidden).decode())
        self._signature.clear()
        self._redacted.clear()

    def _whole(self, call: _Call) -> ToolCall:
        call_id = call.call_id
        if not call_id or call_id in self._ids:
            call_id = self._make_id()
        self._ids.add(call_id)
        arguments = arguments_of("".join(call.pieces) or "{}")
        return ToolCall(call_id=call_id, name=call.name, arguments=arguments)

    def _finish(self, reason: str) -> None:
        if reason.startswith("malformed"):  # …_tool_use, …_model_output: nothing of use came
            raise StreamBroken("could not read what the model wrote.")
        self._reason = _REASONS.get(reason, "stop")


def _usage(wire: Event) -> Usage:
    """Bedrock counts what the cache gave, and what it took, apart from the other input."""
    cached = count_of(wire.get("cacheReadInputTokens"))
    written = count_of(wire.get("cacheWriteInputTokens"))
    return Usage(
        input_tokens=count_of(wire.get("inputTokens")) + cached + written,
        output_tokens=count_of(wire.get("outputTokens")),
        cached_tokens=cached,
    )
