"""The bytes of a stream of OpenAI's Responses API as our events. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

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
from smriti.llm.providers.openai_responses_request import SIGNED
from smriti.llm.providers.pieces import Said, arguments_of, count_of
from smriti.llm.providers.sse import DataLines
from smriti.llm.types import ToolCall, Usage

# Some events repeat the instructions, the tools and the whole answer.
_MAX_EVENT_BYTES: Final = 16 * 1024 * 1024


@dataclass(slots=True)
class _Call:
    """A tool call while its pieces arrive."""

    call_id: str
    name: str
    arguments: str = ""


class ResponseReader:
    """Reads one response of `model`. `feed` it what arrives, then ask `end` for the rest."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._lines = DataLines(max_bytes=_MAX_EVENT_BYTES)
        self._said = Said()
        self._calls: dict[int, _Call] = {}
        self._usage: Usage | None = None
        self._reason: FinishReason = "stop"
        self._read_any = False
        self.done = False
        self._readers: dict[str, Callable[[dict[str, Any]], None]] = {
            "response.output_text.delta": self._text,
            "response.refusal.delta": self._refusal,
            "response.reasoning_summary_part.added": self._next_summary,
            "response.reasoning_summary_text.delta": self._thought,
            "response.reasoning_text.delta": self._thought,
            "response.output_item.added": self._item_added,
            "response.function_call_arguments.delta": self._arguments,
            "response.output_item.done": self._item_done,
            "response.completed": self._completed,
            "response.incomplete": self._incomplete,
            "response.failed": self._failed,
            "error": self._error,
        }

    def feed(self, received: bytes) -> list[ProviderEvent]:
        """The events that `received` completes. `StreamBroken`, `ErrorInStream`."""
        for payload in self._lines.feed(received):
            if payload and payload != b"[DONE]" and not self.done:  # some gateways end with it
                self._read(payload)
        return self.taken()

    def taken(self) -> list[ProviderEvent]:
        return self._said.taken()

    def read(self, payload: bytes) -> list[ProviderEvent]:
        """What was not streamed can only be an error."""
        self._read(payload)
        return self.taken()

    def _read(self, payload: bytes) -> None:
        try:
            event = orjson.loads(payload)
            kind: str = event.get("type") or ("error" if event.get("error") else "")
            self._read_any = self._read_any or kind.startswith("response.")
            read = self._readers.get(kind)  # the others tell nothing that we need
            if read is not None:
                read(event)
        except (orjson.JSONDecodeError, AttributeError, TypeError, KeyError) as error:
            raise StreamBroken("sent something that is not a response.") from error

    def _text(self, event: dict[str, Any]) -> None:
        self._said.add(TextChunk, event["delta"])

    def _refusal(self, event: dict[str, Any]) -> None:
        self._reason = "refused"
        self._said.add(TextChunk, event["delta"])

    def _next_summary(self, event: dict[str, Any]) -> None:
        if event["summary_index"]:
            self._said.add(ReasoningChunk, "\n\n")

    def _thought(self, event: dict[str, Any]) -> None:
        self._said.add(ReasoningChunk, event["delta"])

    def _item_added(self, event: dict[str, Any]) -> None:
        item = event["item"]
        if item["type"] == "function_call":
            call_id, name = str(item["call_id"]), self._said.counted(item["name"])
            self._calls[event["output_index"]] = _Call(call_id, name)

    def _arguments(self, event: dict[str, Any]) -> None:
        self._calls[event["output_index"]].arguments += self._said.counted(event["delta"])

    def _item_done(self, event: dict[str, Any]) -> None:
        item = event["item"]
        if item["type"] == "function_call":
            if event["output_index"] not in self._calls:
                self._item_added(event)
            self._calls[event["output_index"]].arguments = self._said.counted(item["arguments"])
        elif item["type"] == "reasoning" and item.get("encrypted_content"):
            self._said.event(ReasoningChunk("", self._signature(item)))

    def _signature(self, item: dict[str, Any]) -> str:
        kept = {
            "model": self._model,
            "id": item["id"],
            "encrypted_content": self._said.counted(item["encrypted_content"]),
        }
        return SIGNED + orjson.dumps(kept).decode()

    def _completed(self, event: dict[str, Any]) -> None:
        self._finish(event["response"])

    def _incomplete(self, event: dict[str, Any]) -> None:
        details = event["response"].get("incomplete_details") or {}
        self._reason = "refused" if details.get("reason") == "content_filter" else "length"
        self._finish(event["response"])

    def _finish(self, response: dict[str, Any]) -> None:
        self.done = True
        if usage := response.get("usage"):
            self._usage = _usage(usage)

    def _failed(self, event: dict[str, Any]) -> None:
        self._error(event["response"])

    def _error(self, event: dict[str, Any]) -> None:
        """Two forms are on the way: {"code", "message"}, and the same inside {"error"}."""
        error = event.get("error") or event
        name = str(error.get("code") or error.get("type") or "")
        raise ErrorInStream(str(error.get("message") or name), None, name)

    def end(self) -> list[ProviderEvent]:
        """What can only be told at the end. `StreamBroken` when the end came too early."""
        events = self.feed(b"\n")
        if not self._read_any:
            raise StreamBroken("did not answer with a response. Check the base URL.")
        if not self.done:
            raise StreamCut("broke off in the middle of the answer.")
        events += [CallRequested(_whole(call)) for call in self._calls.values()]
        if self._usage is not None:
            events.append(TokensUsed(self._usage))
        called = self._reason == "stop" and self._calls
        return [*events, Finished("tool_calls" if called else self._reason)]


def _whole(call: _Call) -> ToolCall:
    arguments = arguments_of(call.arguments or "{}")
    return ToolCall(call_id=call.call_id, name=call.name, arguments=arguments)


def _usage(wire: dict[str, Any]) -> Usage:
    read = wire.get("input_tokens_details") or {}
    written = wire.get("output_tokens_details") or {}
    return Usage(
        input_tokens=count_of(wire.get("input_tokens")),
        output_tokens=count_of(wire.get("output_tokens")),
        cached_tokens=count_of(read.get("cached_tokens")),
        reasoning_tokens=count_of(written.get("reasoning_tokens")),
    )
