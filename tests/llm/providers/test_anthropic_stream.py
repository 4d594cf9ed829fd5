"""What the Messages API streams, as our events."""

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.llm.provider import (
    CallRequested,
    Finished,
    ProviderEvent,
    ReasoningChunk,
    TextChunk,
    TokensUsed,
)
from smriti.llm.providers.anthropic_stream import ReplyReader
from smriti.llm.providers.failures import ErrorInStream, StreamBroken
from smriti.llm.providers.pieces import MAX_REPLY_CHARACTERS
from smriti.llm.providers.sse import MAX_LINE_BYTES
from smriti.llm.types import ToolCall, Usage


def event(kind: str, **members: object) -> bytes:
    data = orjson.dumps({"type": kind, **members})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def start(**usage: object) -> bytes:
    message: dict[str, object] = {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "claude-opus-5-5",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 25, "output_tokens": 1} | usage,
    }
    return event("message_start", message=message)


def block(index: int, content: dict[str, object], *deltas: dict[str, object]) -> bytes:
    pieces = [event("content_block_delta", index=index, delta=delta) for delta in deltas]
    begun = event("content_block_start", index=index, content_block=content)
    return b"".join([begun, *pieces, event("content_block_stop", index=index)])


def text(index: int, *pieces: str) -> bytes:
    deltas: list[dict[str, object]] = [{"type": "text_delta", "text": piece} for piece in pieces]
    return block(index, {"type": "text", "text": ""}, *deltas)


def thinking(index: int, thought: str, signature: str) -> bytes:
    return block(
        index,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": thought},
        {"type": "signature_delta", "signature": signature},
    )


def tool(index: int, call_id: str, name: str, *pieces: str) -> bytes:
    deltas: list[dict[str, object]] = [
        {"type": "input_json_delta", "partial_json": piece} for piece in pieces
    ]
    return block(index, {"type": "tool_use", "id": call_id, "name": name, "input": {}}, *deltas)


def end(reason: str | None, output_tokens: int = 15, **delta: object) -> bytes:
    members = {"stop_reason": reason, "stop_sequence": None, **delta}
    usage = {"output_tokens": output_tokens}
    return event("message_delta", delta=members, usage=usage) + event("message_stop")


# As the documentation shows it, byte for byte in form.
PLAIN = (
    b"event: message_start\n"
    b'data: {"type":"message_start","message":{"id":"msg_1nZdL29xx5MUA1yADyHTEsnR8uuvGzszyY",'
    b'"type":"message","role":"assistant","content":[],"model":"claude-opus-5-5",'
    b'"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,'
    b'"cache_creation_input_tokens":40,"cache_read_input_tokens":300,"output_tokens":1}}}\n\n'
    b"event: content_block_start\n"
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
    b'event: ping\ndata: {"type": "ping"}\n\n'
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Gr\xc3\xbc'
    b'\xc3\x9fe"}}\n\n'
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!"}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b"event: message_delta\n"
    b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
    b'"usage":{"input_tokens":25,"cache_creation_input_tokens":40,"cache_read_input_tokens":300,'
    b'"output_tokens":15,"output_tokens_details":{"thinking_tokens":4}}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)
PLAIN_USAGE = Usage(input_tokens=365, output_tokens=15, cached_tokens=300, reasoning_tokens=4)

THINKING = (
    start()
    + thinking(0, "Let me see.", "EqQBCgIYAhIM1gbcDa9GJwZA2b3h")
    + block(1, {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3p"})
    + text(2, "Two notes.")
    + tool(3, "toolu_A", "note", "", '{"te', 'xt": "tea"}')
    + tool(4, "toolu_B", "list")
    + end("tool_use", 89)
)
USED = TokensUsed(Usage(input_tokens=25, output_tokens=15))

RECORDED: dict[str, tuple[bytes, list[ProviderEvent]]] = {
    "plain": (PLAIN, [TextChunk("Grüße!"), TokensUsed(PLAIN_USAGE), Finished("stop")]),
    "thinking and two tools": (
        THINKING,
        [
            ReasoningChunk("Let me see.", "anthropic:EqQBCgIYAhIM1gbcDa9GJwZA2b3h"),
            ReasoningChunk("", "anthropic-redacted:EmwKAhgBEgy3va3p"),
            TextChunk("Two notes."),
            CallRequested(ToolCall(call_id="toolu_A", name="note", arguments={"text": "tea"})),
            CallRequested(ToolCall(call_id="toolu_B", name="list", arguments={})),
            TokensUsed(Usage(input_tokens=25, output_tokens=89)),
            Finished("tool_calls"),
        ],
    ),
}


def read(*pieces: bytes) -> list[ProviderEvent]:
    reader = ReplyReader(make_id=lambda: "made")
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.end()


def whole(events: list[ProviderEvent]) -> list[ProviderEvent]:
    """The events with neighbouring pieces put together."""
    put: list[ProviderEvent] = []
    for event in events:
        match put[-1] if put else None, event:
            case TextChunk(before), TextChunk(more):
                put[-1] = TextChunk(before + more)
            case ReasoningChunk(before, None), ReasoningChunk(more, signature):
                put[-1] = ReasoningChunk(before + more, signature)
            case _:
                put.append(event)
    return put


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_streams_become_events(name: str) -> None:
    stream, events = RECORDED[name]

    assert read(stream) == events


@given(st.sampled_from(sorted(RECORDED)), st.lists(st.integers(0, 3000), max_size=40))
def test_it_does_not_matter_where_the_bytes_are_cut(name: str, cuts: list[int]) -> None:
    stream, events = RECORDED[name]
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]

    assert whole(read(*(stream[a:b] for a, b in pairwise(edges)))) == events


@pytest.mark.parametrize("name", RECORDED)
def test_the_bytes_may_come_one_by_one(name: str) -> None:
    stream, events = RECORDED[name]

    assert whole(read(*(stream[i : i + 1] for i in range(len(stream))))) == events


def test_every_cut_that_loses_the_end_is_a_failure() -> None:
    for length in range(len(PLAIN) - len(b'e_stop"}\n\n')):
        with pytest.raises(StreamBroken):
            read(PLAIN[:length])


def test_a_thought_that_is_not_shown_is_still_to_be_sent_back() -> None:
    hidden = block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "signature_delta", "signature": "Eq"},
        {"type": "signature_delta", "signature": "QB"},
    )

    assert read(start(), hidden, text(1, "Hi"), end("end_turn"))[0] == ReasoningChunk(
        "", "anthropic:EqQB"
    )


def test_a_thought_after_words_is_shown_but_not_to_be_sent_back() -> None:
    late = thinking(1, "Hm.", "EqQB") + block(2, {"type": "redacted_thinking", "data": "Em"})

    assert read(start() + text(0, "Hi") + late + end("end_turn"))[:-2] == [
        TextChunk("Hi"),
        ReasoningChunk("Hm.", "anthropic:"),
    ]


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        (['{"a": 1}'], {"a": 1}),
        (["{", '"a"', ": [1, ", "2]}"], {"a": [1, 2]}),
        (['{"a": '], None),
        (["[1]"], None),
        (["null"], {}),
        ([""], {}),
    ],
)
def test_arguments_are_put_together(pieces: list[str], arguments: dict[str, object] | None) -> None:
    events = read(start(), tool(0, "t", "note", *pieces), end("tool_use"))

    assert events[0] == CallRequested(ToolCall(call_id="t", name="note", arguments=arguments))


def test_whole_arguments_and_a_call_without_an_id_are_taken_too() -> None:
    given = block(0, {"type": "tool_use", "name": "note", "input": {"a": 1}})

    assert read(start(), given, end("end_turn")) == [
        CallRequested(ToolCall(call_id="made", name="note", arguments={"a": 1})),
        USED,
        Finished("tool_calls"),
    ]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("something_new", "stop"),
        (None, "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refused"),
    ],
)
def test_stop_reasons(reason: str | None, finish: str) -> None:
    assert read(start(), text(0, "x"), end(reason))[-1] == Finished(finish)  # type: ignore[arg-type]


def test_a_refusal_says_why_when_nothing_was_said_and_calls_nothing() -> None:
    why = {"type": "refusal", "category": "bio", "explanation": "Not this."}
    refusal = tool(0, "t", "note", "{") + end("refusal", stop_details=why)
    alone = end("refusal", stop_details=why)

    assert read(start(), refusal) == [USED, Finished("refused")]
    assert read(start(), alone) == [TextChunk("Not this."), USED, Finished("refused")]


def test_what_is_unknown_is_passed_over() -> None:
    news = (
        event("ping")
        + event("message_news", secret="x")
        + block(0, {"type": "server_tool_use", "id": "s", "name": "web", "input": {}})
        + block(
            1, {"type": "hologram"}, {"type": "text_delta", "text": "no"}, {"type": "light_delta"}
        )
        + block(2, {"type": "text", "text": "A"}, {"type": "citations_delta", "citation": {}})
        + b": a comment\n\nid: 7\nretry: 10\n\n"
    )

    assert read(start(), news, text(3, "B"), end("end_turn")) == [
        TextChunk("A"),
        TextChunk("B"),
        USED,
        Finished("stop"),
    ]


def test_what_follows_the_end_is_not_read() -> None:
    assert read(PLAIN + text(5, "more")) == RECORDED["plain"][1]


def test_usage_is_the_highest_of_each_count_and_never_the_sum() -> None:
    last = {"input_tokens": 30, "cache_read_input_tokens": None, "output_tokens": 7}
    stream = (
        start(cache_read_input_tokens=100, output_tokens=3)
        + event("message_delta", delta={}, usage={"output_tokens": -4, "input_tokens": 0})
        + event("message_delta", delta={"stop_reason": "end_turn"}, usage=last)
        + event("message_stop")
    )

    used = Usage(input_tokens=130, output_tokens=7, cached_tokens=100)
    assert read(stream) == [TokensUsed(used), Finished("stop")]


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (start() + text(0, "half"), "broke off in the middle of the answer."),
        (b"", "did not answer as the Messages API does. Check the base URL."),
        (b"<html>hi</html>\n", "did not answer as the Messages API does. Check the base URL."),
        (b"data: {oops\n\n", "sent something that is not a reply of the Messages API."),
        (b"data: [1]\n\n", "sent something that is not a reply of the Messages API."),
        (
            start() + event("content_block_delta", index=7, delta={"type": "text_delta"}),
            "sent something that is not a reply of the Messages API.",
        ),
        (b"x" * (MAX_LINE_BYTES + 1), "sent a line that is too long."),
        (
            start() + text(0, *["x" * 1_000_000] * (MAX_REPLY_CHARACTERS // 1_000_000 + 1)),
            "sent more than a reply can hold.",
        ),
    ],
)
def test_a_broken_stream_says_what_is_wrong(stream: bytes, told: str) -> None:
    with pytest.raises(StreamBroken) as failure:
        read(stream)

    assert str(failure.value) == told


@pytest.mark.parametrize(
    ("kind", "code"),
    [("overloaded_error", 529), ("rate_limit_error", 429), ("api_error", 500), ("new_error", None)],
)
def test_errors_inside_the_stream_are_raised(kind: str, code: int | None) -> None:
    with pytest.raises(ErrorInStream) as failure:
        read(start(), event("error", error={"type": kind, "message": "Overloaded"}))

    assert (failure.value.message, failure.value.code) == ("Overloaded", code)


TYPES = st.sampled_from(
    [
        *("text", "thinking", "redacted_thinking", "tool_use", "text_delta", "thinking_delta"),
        *("signature_delta", "input_json_delta", "refusal"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | TYPES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "type",
                        "index",
                        "delta",
                        "content_block",
                        "message",
                        "usage",
                        "text",
                        "thinking",
                    ),
                    *("signature", "data", "id", "name", "input", "partial_json", "stop_reason"),
                    *("stop_details", "explanation", "output_tokens_details", "input_tokens"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
KINDS = st.sampled_from(
    [
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "error", "ping"),
    ]
)


@given(st.lists(st.tuples(KINDS, JSON), max_size=6))
def test_any_json_gives_events_or_a_named_failure(documents: list[tuple[str, object]]) -> None:
    lines = [
        b"data: %b\n\n" % orjson.dumps({**(body if isinstance(body, dict) else {}), "type": kind})
        for kind, body in documents
    ]

    try:
        events = read(start(), *lines, end("end_turn"))
    except (StreamBroken, ErrorInStream):
        return

    assert isinstance(events[-1], Finished)
