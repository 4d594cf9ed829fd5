"""The bytes of a Messages API stream as our events. Pure."""

from collections.abc import Callable, Iterable, Iterator
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
from smriti.llm.providers.sse import DataLines
from smriti.llm.types import ToolCall, Usage

SIGNED: Final = "anthropic:"
REDACTED: Final = "anthropic-redacted:"

_REASONS: Final[dict[str, FinishReason]] = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}

# The HTTP status that each kind of error has when it comes before the stream.
_STATUS: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


@dataclass(slots=True)
class _Block:
    """A content block while its pieces arrive. `counts`: whether its thought may be sent back."""

    kind: str
    call_id: str = ""
    name: str = ""
    counts: bool = True
    pieces: list[str] = field(default_factory=list)


class ReplyReader:
    """Reads one reply. `feed` it what arrives, then ask `end` for the calls, usage and finish."""

    def __init__(self, make_id: Callable[[], str] = new_id) -> None:
        self._make_id = make_id
        self._lines = DataLines()
        self._counted = Meter().counted
        self._blocks: dict[int, _Block] = {}
        self._usage: dict[str, int] = {}
        self._reason: FinishReason = "stop"
        self._explanation = ""
        self._events: list[ProviderEvent] = []
        self._begun = False
        self._spoken = False
        self.done = False

    def feed(self, received: bytes) -> list[ProviderEvent]:
        """The events that `received` completes. `StreamBroken`, `ErrorInStream`."""
        for payload in self._lines.feed(received):
            self._events.extend(self._read(payload))
        return self.taken()

    def taken(self) -> list[ProviderEvent]:
        events, self._events = self._events, []
        return _joined(events)

    def _read(self, payload: bytes) -> Iterator[ProviderEvent]:
        if self.done or not payload:
            return
        try:
            document = orjson.loads(payload)
            yield from self._read_event(document)
        except (orjson.JSONDecodeError, AttributeError, TypeError, KeyError) as error:
            raise StreamBroken("sent something that is not a reply of the Messages API.") from error

    def _read_event(self, event: dict[str, Any]) -> Iterator[ProviderEvent]:
        """Anthropic adds kinds of events, blocks and deltas; the unknown are passed over."""
        match event.get("type"):
            case "content_block_delta":
                yield from self._read_delta(self._blocks.get(event["index"]), event["delta"])
            case "content_block_start":
                yield from self._begin_block(event["index"], event["content_block"])
            case "content_block_stop":
                yield from self._end_block(self._blocks.get(event["index"]))
            case "message_start":
                self._begun = True
                self._count(event["message"].get("usage"))
            case "message_delta":
                self._count(event.get("usage"))
                self._finish(event["delta"])
            case "message_stop":
                self.done = True
            case "error":
                _raise_error(event["error"])
            case _:  # a ping, or news
                pass

    def _begin_block(self, index: int, start: dict[str, Any]) -> Iterator[ProviderEvent]:
        # The loop keeps a reply's thoughts before its words and calls. One that came after them
        # would go back in another place, which the API refuses; so it does not go back.
        block = _Block(start["type"], counts=not self._spoken)
        self._blocks[index] = block
        match block.kind:
            case "text":
                yield from self._say(start.get("text") or "")
            case "thinking":
                block.pieces.append(self._counted(start.get("signature") or ""))
                if thought := start.get("thinking"):
                    yield ReasoningChunk(self._counted(thought))
            case "redacted_thinking" if block.counts:
                yield ReasoningChunk("", REDACTED + self._counted(start["data"]))
            case "tool_use":
                self._spoken = True
                block.call_id = self._counted(start.get("id") or "")
                block.name = self._counted(start["name"])
                if start.get("input"):  # a server that does not send it in pieces
                    block.pieces.append(self._counted(orjson.dumps(start["input"]).decode()))
            case _:
                pass

    def _read_delta(self, block: _Block | None, delta: dict[str, Any]) -> Iterator[ProviderEvent]:
        if block is None:
            raise KeyError("a piece of a block that was not begun")
        match delta.get("type"):
            case "text_delta" if block.kind == "text":
                yield from self._say(delta["text"])
            case "thinking_delta" if block.kind == "thinking":
                yield ReasoningChunk(self._counted(delta["thinking"]))
            case "signature_delta" if block.kind == "thinking":
                block.pieces.append(self._counted(delta["signature"]))
            case "input_json_delta" if block.kind == "tool_use":
                block.pieces.append(self._counted(delta["partial_json"]))

    def _say(self, text: str) -> Iterator[ProviderEvent]:
        if self._counted(text):
            self._spoken = True
            yield TextChunk(text)

    def _end_block(self, block: _Block | None) -> Iterator[ProviderEvent]:
        if block is not None and block.kind == "thinking":
            yield ReasoningChunk("", SIGNED + ("".join(block.pieces) if block.counts else ""))

    def _finish(self, delta: dict[str, Any]) -> None:
        if reason := delta.get("stop_reason"):
            self._reason = _REASONS.get(reason, "stop")
        details = delta.get("stop_details") or {}
        self._explanation = self._counted(details.get("explanation") or "")

    def _count(self, usage: dict[str, Any] | None) -> None:
        """The counts are totals so far: the highest is the one that holds."""
        usage = usage or {}
        details = usage.get("output_tokens_details") or {}
        for name, value in [*usage.items(), *details.items()]:
            self._usage[name] = max(self._usage.get(name, 0), count_of(value))

    def end(self) -> list[ProviderEvent]:
        """What can only be told at the end. `StreamBroken` when the end came too early."""
        last = self.feed(b"\n")
        if not self._begun:
            raise StreamBroken("did not answer as the Messages API does. Check the base URL.")
        if not self.done:
            raise StreamBroken("broke off in the middle of the answer.")
        calls = [] if self._reason == "refused" else list(self._calls())
        reason = "tool_calls" if self._reason == "stop" and calls else self._reason
        if self._explanation and not self._spoken:
            last.append(TextChunk(self._explanation))
        return [*last, *calls, TokensUsed(self._tokens()), Finished(reason)]

    def _calls(self) -> Iterator[CallRequested]:
        for block in self._blocks.values():
            if block.kind == "tool_use":
                arguments = arguments_of("".join(block.pieces) or "{}")
                call_id = block.call_id or self._make_id()
                yield CallRequested(ToolCall(call_id=call_id, name=block.name, arguments=arguments))

    def _tokens(self) -> Usage:
        """`input_tokens` of the wire are only those that no cache was asked for."""
        used = self._usage
        cached = used.get("cache_read_input_tokens", 0)
        written = used.get("cache_creation_input_tokens", 0)
        return Usage(
            input_tokens=used.get("input_tokens", 0) + cached + written,
            output_tokens=used.get("output_tokens", 0),
            cached_tokens=cached,
            reasoning_tokens=used.get("thinking_tokens", 0),
        )


def _joined(events: Iterable[ProviderEvent]) -> list[ProviderEvent]:
    """Neighbouring pieces of one text or thought as one: the API sends a few letters at a time."""
    joined: list[ProviderEvent] = []
    for event in events:
        match joined[-1] if joined else None, event:
            case TextChunk(before), TextChunk(text):
                joined[-1] = TextChunk(before + text)
            case ReasoningChunk(before, None), ReasoningChunk(text, signature):
                joined[-1] = ReasoningChunk(before + text, signature)
            case _:
                joined.append(event)
    return joined


def _raise_error(error: dict[str, Any]) -> None:
    kind = str(error.get("type") or "")
    raise ErrorInStream(str(error.get("message") or kind), _STATUS.get(kind))
