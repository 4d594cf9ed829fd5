"""Converse's events as ours."""

from typing import Any

import pytest

from smriti.llm.provider import (
    CallRequested,
    Finished,
    FinishReason,
    ProviderEvent,
    ReasoningChunk,
    TextChunk,
    TokensUsed,
)
from smriti.llm.providers.bedrock_stream import Event, ReplyReader
from smriti.llm.providers.failures import StreamBroken
from smriti.llm.providers.pieces import MAX_REPLY_CHARACTERS
from smriti.llm.types import ToolCall, Usage


def start(index: int, call_id: str, name: str) -> Event:
    tool = {"toolUse": {"toolUseId": call_id, "name": name}}
    return {"contentBlockStart": {"contentBlockIndex": index, "start": tool}}


def delta(index: int, **piece: Any) -> Event:
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": piece}}


def stop(index: int) -> Event:
    return {"contentBlockStop": {"contentBlockIndex": index}}


def ended(reason: str = "end_turn") -> Event:
    return {"messageStop": {"stopReason": reason}}


def read(*events: Event) -> list[ProviderEvent]:
    reader = ReplyReader(make_id=lambda: "made")
    return [*(ours for event in events for ours in reader.read(event)), *reader.end()]


def requested(call_id: str, arguments: dict[str, Any] | None) -> CallRequested:
    return CallRequested(ToolCall(call_id=call_id, name="note", arguments=arguments))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("something_new", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "refused"),
        ("content_filtered", "refused"),
    ],
)
def test_stop_reasons_are_told_in_our_words(told: str, reason: FinishReason) -> None:
    assert read(delta(0, text="Hi"), ended(told)) == [TextChunk("Hi"), Finished(reason)]


def test_tokens_of_the_cache_are_a_part_of_the_input() -> None:
    wire = {
        "inputTokens": 3,
        "outputTokens": 7,
        "totalTokens": 10,
        "cacheReadInputTokens": 100,
        "cacheWriteInputTokens": 20,
    }

    usage = Usage(input_tokens=123, output_tokens=7, cached_tokens=100)
    assert read(ended(), {"metadata": {"usage": wire}}) == [TokensUsed(usage), Finished("stop")]


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        ([], {}),
        (["", '{"a"', ": 1}"], {"a": 1}),
        (['{"a": '], None),
        (["[1]"], None),
        (["null"], {}),
    ],
)
def test_a_call_is_whole_when_its_block_ends(
    pieces: list[str], arguments: dict[str, Any] | None
) -> None:
    inputs = [delta(1, toolUse={"input": piece}) for piece in pieces]

    assert read(start(1, "a", "note"), *inputs, stop(1), ended("tool_use")) == [
        requested("a", arguments),
        Finished("tool_calls"),
    ]


def test_pieces_of_two_calls_may_be_mixed_and_their_ends_missing() -> None:
    events = read(
        {"contentBlockStart": {"contentBlockIndex": 0, "start": {}}},
        start(1, "a", "note"),
        start(2, "a", "note"),
        delta(2, toolUse={"input": '{"n":2}'}),
        delta(1, toolUse={"input": '{"n":1}'}),
        delta(3, toolUse={"input": "of nothing"}),
        ended("tool_use"),
    )

    assert events == [requested("a", {"n": 1}), requested("made", {"n": 2}), Finished("tool_calls")]


def test_a_call_that_was_cut_off_is_asked_for_without_arguments() -> None:
    events = read(
        start(0, "a", "note"), delta(0, toolUse={"input": '{"n":'}), stop(0), ended("max_tokens")
    )

    assert events == [requested("a", None), Finished("length")]


def test_a_thought_ends_with_its_signature_and_needs_none() -> None:
    assert read(
        delta(0, reasoningContent={"text": "Hm"}),
        delta(0, reasoningContent={"signature": "ab"}),
        delta(0, reasoningContent={"signature": "cd"}),
        stop(0),
        delta(1, reasoningContent={"redactedContent": b"\x01"}),
        delta(1, reasoningContent={"redactedContent": b"\x02"}),
        stop(1),
        delta(2, reasoningContent={"text": "unsigned"}),
        stop(2),
        ended(),
    ) == [
        ReasoningChunk("Hm"),
        ReasoningChunk("", "bedrock:abcd"),
        ReasoningChunk("", "bedrock-redacted:AQI="),
        ReasoningChunk("unsigned"),
        Finished("stop"),
    ]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([delta(0, text="Hi")], "broke off in the middle"),
        ([ended("malformed_tool_use")], "could not read what the model wrote"),
        ([delta(0, text="x" * MAX_REPLY_CHARACTERS), delta(0, text="x")], "more than a reply"),
    ],
)
def test_what_is_no_whole_reply_is_broken(events: list[Event], told: str) -> None:
    with pytest.raises(StreamBroken, match=told):
        read(*events)
