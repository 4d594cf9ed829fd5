"""What OpenAI-compatible servers stream, as our events."""

from collections.abc import Sequence
from itertools import count, pairwise

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
from smriti.llm.providers.failures import ErrorInStream, StreamBroken
from smriti.llm.providers.openai_stream import ReplyReader
from smriti.llm.providers.pieces import MAX_REPLY_CHARACTERS
from smriti.llm.providers.sse import MAX_LINE_BYTES
from smriti.llm.types import ToolCall, Usage

# The shapes are those the servers document or send; ids and texts are shortened.
OPENAI = (
    'data: {"id":"chatcmpl-B9","object":"chat.completion.chunk","created":1741570283,'
    '"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_1",'
    '"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},'
    '"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x9"}\n\n'
    'data: {"choices":[{"index":0,"delta":{"content":"Grüße"},"finish_reason":null}],"usage":null}'
    "\n\n"
    'data: {"choices":[{"index":0,"delta":{"content":", 你好 👋"},"finish_reason":null}]}\n\n'
    'data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}\n\n'
    'data: {"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,'
    '"prompt_tokens_details":{"cached_tokens":16,"audio_tokens":0},'
    '"completion_tokens_details":{"reasoning_tokens":4,"accepted_prediction_tokens":0}}}\n\n'
    "data: [DONE]\n\n"
).encode()

OPENAI_TWO_TOOLS = b"""\
data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,\
"id":"call_A","type":"function","function":{"name":"note","arguments":""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":\
{"arguments":"{\\"te"}}]}}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":\
{"arguments":"xt\\":1}"}}]}}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_B","type":"function",\
"function":{"name":"list","arguments":""}}]},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

"""

OPENROUTER = (
    b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n"
    b'data: {"id":"gen-1","provider":"X","choices":[{"index":0,"delta":{"role":"assistant",'
    b'"content":"","reasoning":"Let me see"},"finish_reason":null,"native_finish_reason":null}]}'
    b"\r\n\r\n"
    b'data: {"choices":[{"index":0,"delta":{"content":"Yes"},"finish_reason":"length",'
    b'"native_finish_reason":"MAX_TOKENS"}]}\r\n\r\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\r\n\r\n'
    b"data: [DONE]\r\n\r\n"
)

OLLAMA = (
    b'data: {"id":"chatcmpl-7","object":"chat.completion.chunk","model":"qwen3","choices":'
    b'[{"index":0,"delta":{"role":"assistant","content":"","tool_calls":['
    b'{"id":"call_1","index":0,"type":"function","function":{"name":"note","arguments":"{}"}},'
    b'{"id":"call_2","index":0,"type":"function","function":{"name":"note","arguments":'
    b'"{\\"n\\":2}"}}]},"finish_reason":null}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},'
    b'"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)

VLLM = (
    b'data:{"choices":[{"index":0,"delta":{"reasoning_content":"Hm"},"finish_reason":null}],'
    b'"usage":{"prompt_tokens":5,"completion_tokens":1}}\n'
    b'data:{"choices":[{"index":0,"delta":{"content":"Ja"},"finish_reason":"stop",'
    b'"stop_reason":null}],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n'
    b"data:[DONE]"
)

RECORDED: dict[str, tuple[bytes, list[ProviderEvent]]] = {
    "openai": (
        OPENAI,
        [
            TextChunk("Grüße, 你好 👋"),
            TokensUsed(
                Usage(input_tokens=19, output_tokens=10, cached_tokens=16, reasoning_tokens=4)
            ),
            Finished("stop"),
        ],
    ),
    "openai-tools": (
        OPENAI_TWO_TOOLS,
        [
            CallRequested(ToolCall(call_id="call_A", name="note", arguments={"text": 1})),
            CallRequested(ToolCall(call_id="call_B", name="list", arguments={})),
            Finished("tool_calls"),
        ],
    ),
    "openrouter": (
        OPENROUTER,
        [
            ReasoningChunk("Let me see"),
            TextChunk("Yes"),
            TokensUsed(Usage(input_tokens=3, output_tokens=2)),
            Finished("length"),
        ],
    ),
    "ollama": (
        OLLAMA,
        [
            CallRequested(ToolCall(call_id="call_1", name="note", arguments={})),
            CallRequested(ToolCall(call_id="call_2", name="note", arguments={"n": 2})),
            Finished("tool_calls"),
        ],
    ),
    "vllm": (
        VLLM,
        [
            ReasoningChunk("Hm"),
            TextChunk("Ja"),
            TokensUsed(Usage(input_tokens=5, output_tokens=2)),
            Finished("stop"),
        ],
    ),
}


def read(*pieces: bytes) -> list[ProviderEvent]:
    made = count(1)
    reader = ReplyReader(make_id=lambda: f"made_{next(made)}")
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.end()


def chunk(delta: object, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %b\n\n" % orjson.dumps({"choices": [choice]})


def calls_in(*deltas: Sequence[dict[str, object]]) -> list[ToolCall]:
    stream = [chunk({"tool_calls": pieces}) for pieces in deltas]
    events = read(*stream, chunk({}, "tool_calls"))
    return [event.call for event in events if isinstance(event, CallRequested)]


def piece(arguments: object = None, **members: object) -> dict[str, object]:
    function = {"arguments": arguments}
    if "name" in members:
        function["name"] = members.pop("name")
    return {"function": function, **members}


@pytest.mark.parametrize("server", RECORDED)
def test_recorded_streams_become_events(server: str) -> None:
    stream, events = RECORDED[server]

    assert read(stream) == events


@given(st.sampled_from(sorted(RECORDED)), st.lists(st.integers(0, 1200), max_size=40))
def test_it_does_not_matter_where_the_bytes_are_cut(server: str, cuts: list[int]) -> None:
    stream, events = RECORDED[server]
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]

    assert joined(read(*(stream[start:end] for start, end in pairwise(edges)))) == events


def joined(events: list[ProviderEvent]) -> list[ProviderEvent]:
    """The events, with neighbouring pieces of text put together."""
    whole: list[ProviderEvent] = []
    for event in events:
        match whole[-1:], event:
            case [TextChunk(begun)], TextChunk(text):
                whole[-1] = TextChunk(begun + text)
            case [ReasoningChunk(begun, None)], ReasoningChunk(text, None):
                whole[-1] = ReasoningChunk(begun + text)
            case _:
                whole.append(event)
    return whole


def test_text_that_arrives_together_is_one_event_and_keeps_its_order() -> None:
    pieces = [{"content": "a"}, {"content": "b"}, {"reasoning": "c"}, {"reasoning": "d"}]
    together = b"".join(chunk(delta) for delta in [*pieces, {"content": "e"}])

    assert read(together, chunk({"content": "f"}, "stop")) == [
        TextChunk("ab"),
        ReasoningChunk("cd"),
        TextChunk("e"),
        TextChunk("f"),
        Finished("stop"),
    ]


def test_a_usage_below_zero_counts_as_nothing() -> None:
    usage = b'{"prompt_tokens":-5,"completion_tokens":2}'
    events = read(b'data: {"choices":[],"usage":%b}\n\ndata: [DONE]\n\n' % usage)

    assert events == [TokensUsed(Usage(input_tokens=0, output_tokens=2)), Finished("stop")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("choices", "delta", "message", "content", "type", "text", "thinking"),
                    *("tool_calls", "function", "name", "arguments", "index", "id", "refusal"),
                    *("usage", "prompt_tokens_details", "prompt_tokens", "error", "code"),
                    *("finish_reason", "reasoning", "object"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_any_json_gives_events_or_a_named_failure(document: object) -> None:
    try:
        events = read(b"data: %b\n\ndata: [DONE]\n\n" % orjson.dumps(document))
    except (StreamBroken, ErrorInStream):
        return

    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        pytest.param(
            [[piece('{"a"', index=0, id="x", name="f")], [piece(":1}", index=0, id="x", name="f")]],
            [("x", "f", {"a": 1})],
            id="id and name repeated in every piece",
        ),
        pytest.param(
            [[piece('{"a"', index=0, id="x", name="f")], [piece(":1}", index=0, id="y")]],
            [("x", "f", {"a": 1})],
            id="another id in every piece",
        ),
        pytest.param(
            [[piece("{}", name="f"), piece('{"b":2}', name="g")]],
            [("made_1", "f", {}), ("made_2", "g", {"b": 2})],
            id="whole calls without ids and indexes",
        ),
        pytest.param(
            [[piece('{"a":', id="x", name="f")], [piece("1}")]],
            [("x", "f", {"a": 1})],
            id="pieces without index",
        ),
        pytest.param(
            [[piece("{}", index=0, id="x", name="f")], [piece("{}", index=1, id="x", name="g")]],
            [("x", "f", {}), ("made_1", "g", {})],
            id="one id for two calls",
        ),
        pytest.param(
            [[piece("[", index=1, id="b", name="g"), piece("{", index=0, id="a", name="f")]],
            [("b", "g", None), ("a", "f", None)],
            id="arguments cut off",
        ),
        pytest.param(
            [[piece("[1]", index=0, id="a", name="f"), piece("null", index=1, id="b", name="g")]],
            [("a", "f", None), ("b", "g", {})],
            id="arguments that are no object, and null for none",
        ),
        pytest.param(
            [[piece('{"a":' * 300 + "1" + "}" * 300, index=0, id="a", name="f")]],
            [("a", "f", None)],
            id="arguments nested too deep to be passed on",
        ),
        pytest.param(
            [[piece({"n": 1}, index=0, id="a", name="f")]],
            [("a", "f", {"n": 1})],
            id="arguments as an object",
        ),
    ],
)
def test_tool_calls_are_put_together(
    deltas: list[list[dict[str, object]]], expected: list[tuple[str, str, object]]
) -> None:
    assert [(c.call_id, c.name, c.arguments) for c in calls_in(*deltas)] == expected


def test_two_hundred_calls_in_one_reply_are_all_there() -> None:
    pieces = [piece("{}", index=n, id=f"c{n}", name="f") for n in range(200)]

    assert [call.call_id for call in calls_in(pieces)] == [f"c{n}" for n in range(200)]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "refused"),
        ("function_call", "stop"),
        ("eos", "stop"),
    ],
)
def test_finish_reasons(finish: str, reason: str) -> None:
    assert read(chunk({"content": "x"}, finish))[-1] == Finished(reason)  # type: ignore[arg-type]


def test_a_refusal_in_words_is_text_and_a_refusal() -> None:
    assert read(chunk({"refusal": "I can't."}), chunk({}, "stop")) == [
        TextChunk("I can't."),
        Finished("refused"),
    ]


def test_content_in_parts_is_read() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    parts = [thinking, {"type": "text", "text": "Oui"}, {"type": "reference", "ids": [1]}]

    assert read(chunk({"content": parts}, "stop")) == [
        ReasoningChunk("Hm"),
        TextChunk("Oui"),
        Finished("stop"),
    ]


def test_what_follows_the_end_mark_is_not_read() -> None:
    assert read(chunk({"content": "x"}), b"data: [DONE]\n\n", chunk({"content": "y"})) == [
        TextChunk("x"),
        Finished("stop"),
    ]


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([chunk({"content": "half"})], "broke off in the middle of the answer."),
        ([b""], "did not answer with a chat reply. Check the base URL."),
        ([b"<html>hello</html>\n"], "did not answer with a chat reply. Check the base URL."),
        ([b"data: {oops\n\n"], "sent something that is not a chat reply."),
        ([b"data: [1]\n\n"], "sent something that is not a chat reply."),
        ([chunk({"content": 5})] * 2, None),
        ([chunk({}, "error")], "reported an error in the middle of the answer."),
        ([b"x" * (MAX_LINE_BYTES + 1)], "sent a line that is too long."),
        (
            [chunk({"content": "x" * 1_000_000})] * (MAX_REPLY_CHARACTERS // 1_000_000 + 1),
            "sent more than a reply can hold.",
        ),
    ],
)
def test_a_broken_stream_says_what_is_wrong(pieces: list[bytes], told: str | None) -> None:
    with pytest.raises(StreamBroken) as failure:
        read(*pieces)

    assert str(failure.value) == (told or "sent something that is not a chat reply.")


@pytest.mark.parametrize(
    ("line", "message", "code", "name"),
    [
        ('{"error":{"message":"Overloaded","type":"busy","code":503}}', "Overloaded", 503, "busy"),
        ('{"error":{"message":"No","code":"bad_key"},"choices":[]}', "No", None, "bad_key"),
        ('{"error":"plain words"}', "plain words", None, ""),
        ('{"object":"error","message":"too long","code":400}', "too long", 400, ""),
        ('{"error":{"type":"server_error"}}', "server_error", None, "server_error"),
    ],
)
def test_errors_inside_the_stream_are_raised(
    line: str, message: str, code: int | None, name: str
) -> None:
    with pytest.raises(ErrorInStream) as failure:
        read(chunk({"content": "half"}), f"event: error\ndata: {line}\n\n".encode())

    failed = failure.value
    assert (failed.message, failed.code, failed.name) == (message, code, name)
