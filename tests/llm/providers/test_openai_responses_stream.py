"""What OpenAI's Responses API streams, as our events."""

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
from smriti.llm.providers.failures import ErrorInStream, StreamBroken, StreamCut
from smriti.llm.providers.openai_responses_stream import ResponseReader
from smriti.llm.providers.pieces import MAX_REPLY_CHARACTERS
from smriti.llm.types import ToolCall, Usage
from tests.llm.providers.test_openai_stream import joined

# The shapes are those that OpenAI documents; ids, texts and echoes are shortened.
TEXT = (
    "event: response.created\n"
    'data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1",'
    '"object":"response","status":"in_progress","instructions":"Be kind.","output":[],'
    '"usage":null}}\n\n'
    "event: response.in_progress\n"
    'data: {"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1"}}\n\n'
    "event: response.output_item.added\n"
    'data: {"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":'
    '{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"}}\n\n'
    "event: response.content_part.added\n"
    'data: {"type":"response.content_part.added","sequence_number":3,"item_id":"msg_1",'
    '"output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],'
    '"logprobs":[],"text":""}}\n\n'
    "event: response.output_text.delta\n"
    'data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1",'
    '"output_index":0,"content_index":0,"delta":"Grüße","logprobs":[],"obfuscation":"x1"}\n\n'
    "event: response.output_text.delta\n"
    'data: {"type":"response.output_text.delta","sequence_number":5,"item_id":"msg_1",'
    '"output_index":0,"content_index":0,"delta":", 你好 👋","logprobs":[],"obfuscation":"x"}\n\n'
    "event: response.output_text.done\n"
    'data: {"type":"response.output_text.done","sequence_number":6,"item_id":"msg_1",'
    '"output_index":0,"content_index":0,"text":"Grüße, 你好 👋","logprobs":[]}\n\n'
    "event: response.output_item.done\n"
    'data: {"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":'
    '{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text",'
    '"annotations":[],"logprobs":[],"text":"Grüße, 你好 👋"}],"role":"assistant"}}\n\n'
    "event: response.completed\n"
    'data: {"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","object":'
    '"response","status":"completed","error":null,"incomplete_details":null,"output":[],'
    '"usage":{"input_tokens":37,"input_tokens_details":{"cached_tokens":16},"output_tokens":11,'
    '"output_tokens_details":{"reasoning_tokens":4},"total_tokens":48}}}\n\n'
).encode()

THOUGHT_AND_TOOLS = b"""\
event: response.output_item.added
data: {"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning",\
"summary":[],"encrypted_content":"half"}}

event: response.reasoning_summary_part.added
data: {"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,\
"summary_index":0,"part":{"type":"summary_text","text":""}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,\
"summary_index":0,"delta":"**Plan**","obfuscation":"q"}

event: response.reasoning_summary_part.added
data: {"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,\
"summary_index":1,"part":{"type":"summary_text","text":""}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,\
"summary_index":1,"delta":"Keep both."}

event: response.output_item.done
data: {"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning",\
"encrypted_content":"gAAA","summary":[{"type":"summary_text","text":"**Plan**"}]}}

event: response.output_item.added
data: {"type":"response.output_item.added","output_index":1,"item":{"id":"fc_1",\
"type":"function_call","status":"in_progress","arguments":"","call_id":"call_A","name":"note"}}

event: response.function_call_arguments.delta
data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":1,\
"delta":"{\\"te"}

event: response.function_call_arguments.delta
data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":1,\
"delta":"xt\\":1}"}

event: response.function_call_arguments.done
data: {"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":1,\
"arguments":"{\\"text\\":1}"}

event: response.output_item.added
data: {"type":"response.output_item.added","output_index":2,"item":{"id":"fc_2",\
"type":"function_call","status":"in_progress","arguments":"","call_id":"call_B","name":"list"}}

event: response.output_item.done
data: {"type":"response.output_item.done","output_index":1,"item":{"id":"fc_1",\
"type":"function_call","status":"completed","arguments":"{\\"text\\":1}","call_id":"call_A",\
"name":"note"}}

event: response.output_item.done
data: {"type":"response.output_item.done","output_index":2,"item":{"id":"fc_2",\
"type":"function_call","status":"completed","arguments":"{}","call_id":"call_B","name":"list"}}

event: response.completed
data: {"type":"response.completed","response":{"id":"resp_2","status":"completed","usage":null}}
"""

RECORDED: dict[str, tuple[bytes, list[ProviderEvent]]] = {
    "text": (
        TEXT,
        [
            TextChunk("Grüße, 你好 👋"),
            TokensUsed(
                Usage(input_tokens=37, output_tokens=11, cached_tokens=16, reasoning_tokens=4)
            ),
            Finished("stop"),
        ],
    ),
    "tools": (
        THOUGHT_AND_TOOLS,
        [
            ReasoningChunk("**Plan**\n\nKeep both."),
            ReasoningChunk("", 'openai:{"model":"gpt-5","id":"rs_1","encrypted_content":"gAAA"}'),
            CallRequested(ToolCall(call_id="call_A", name="note", arguments={"text": 1})),
            CallRequested(ToolCall(call_id="call_B", name="list", arguments={})),
            Finished("tool_calls"),
        ],
    ),
}


def read(*pieces: bytes) -> list[ProviderEvent]:
    reader = ResponseReader("gpt-5")
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.end()


def event(kind: str, **members: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **members}))


def says(text: str) -> bytes:
    return event("response.output_text.delta", output_index=0, delta=text)


COMPLETED = event("response.completed", response={"status": "completed"})


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_streams_become_events(name: str) -> None:
    stream, events = RECORDED[name]

    assert read(stream) == events


@given(st.sampled_from(sorted(RECORDED)), st.lists(st.integers(0, 3000), max_size=40))
def test_it_does_not_matter_where_the_bytes_are_cut(name: str, cuts: list[int]) -> None:
    stream, events = RECORDED[name]
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]

    assert joined(read(*(stream[start:end] for start, end in pairwise(edges)))) == events


@pytest.mark.parametrize(
    ("arguments", "read_as"),
    [
        ('{"a":', None),
        ("[1]", None),
        ("null", {}),
        ("", {}),
        ('{"a":{"b":[1]}}', {"a": {"b": [1]}}),
    ],
)
def test_arguments_are_an_object_or_none(arguments: str, read_as: object) -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments}

    [asked, _] = read(event("response.output_item.done", output_index=0, item=item), COMPLETED)

    assert isinstance(asked, CallRequested)
    assert asked.call.arguments == read_as


def test_arguments_that_only_came_in_pieces_are_put_together() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    pieces = [
        event("response.function_call_arguments.delta", output_index=3, delta=piece)
        for piece in ('{"a"', ":1}")
    ]

    [asked, _] = read(
        event("response.output_item.added", output_index=3, item=item), *pieces, COMPLETED
    )

    assert asked == CallRequested(ToolCall(call_id="c", name="f", arguments={"a": 1}))


def test_a_refusal_in_words_is_text_and_a_refusal() -> None:
    refusal = event("response.refusal.delta", output_index=0, delta="I can't.")

    assert read(refusal, COMPLETED) == [TextChunk("I can't."), Finished("refused")]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("max_output_tokens", "length"), ("content_filter", "refused"), (None, "length")],
)
def test_an_incomplete_response_says_why(reason: str | None, finish: str) -> None:
    details = {"reason": reason} if reason else None
    usage = {"input_tokens": 3, "output_tokens": -2}
    response = {"status": "incomplete", "incomplete_details": details, "usage": usage}

    assert read(says("half"), event("response.incomplete", response=response)) == [
        TextChunk("half"),
        TokensUsed(Usage(input_tokens=3)),
        Finished(finish),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    ("failing", "message", "name"),
    [
        (
            event(
                "response.failed",
                response={"error": {"code": "rate_limit_exceeded", "message": "Too many."}},
            ),
            "Too many.",
            "rate_limit_exceeded",
        ),
        (event("error", code="server_error", message="Oh.", param=None), "Oh.", "server_error"),
        (
            event("error", error={"type": "insufficient_quota", "message": "Paid?"}),
            "Paid?",
            "insufficient_quota",
        ),
        (b'data: {"error":{"code":"bad","message":""}}\n\n', "bad", "bad"),
        (event("response.failed", response={"error": None}), "", ""),
    ],
)
def test_failures_are_raised(failing: bytes, message: str, name: str) -> None:
    with pytest.raises(ErrorInStream) as failure:
        read(says("half"), failing)

    failed = failure.value
    assert (failed.message, failed.code, failed.name) == (message, None, name)


def test_thoughts_of_open_models_and_unknown_events() -> None:
    assert read(
        event("response.queued", response={}),
        event("response.reasoning_text.delta", delta="Hm"),
        event("response.web_search_call.searching", item_id="ws_1"),
        event("response.output_item.done", output_index=0, item={"type": "reasoning", "id": "r"}),
        event("keepalive", sequence_number=3),
        says("Yes"),
        COMPLETED,
        b"data: [DONE]\n\n",
    ) == [ReasoningChunk("Hm"), TextChunk("Yes"), Finished("stop")]


@pytest.mark.parametrize(
    ("pieces", "error", "told"),
    [
        ([says("half")], StreamCut, "broke off in the middle of the answer."),
        ([says("half"), b"data: [DONE]\n\n"], StreamCut, "broke off in the middle"),
        ([b""], StreamBroken, "did not answer with a response. Check the base URL."),
        ([b"<html>hello</html>\n"], StreamBroken, "did not answer with a response."),
        ([b'data: {"choices":[]}\n\n'], StreamBroken, "did not answer with a response."),
        ([b"data: {oops\n\n"], StreamBroken, "sent something that is not a response."),
        ([b"data: [1]\n\n"], StreamBroken, "sent something that is not a response."),
        (
            [says("x" * 1_000_000)] * (MAX_REPLY_CHARACTERS // 1_000_000 + 1),
            StreamBroken,
            "sent more than a reply can hold.",
        ),
        ([b"x" * 17_000_000], StreamBroken, "sent a line that is too long."),
    ],
)
def test_a_broken_stream_says_what_is_wrong(
    pieces: list[bytes], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        read(*pieces)


KINDS = sorted(ResponseReader("m")._readers)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("item", "type", "call_id", "name", "arguments", "encrypted_content", "id"),
                    *("usage", "input_tokens_details", "incomplete_details", "reason", "code"),
                    *("response", "error", "message"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
MEMBERS = st.dictionaries(
    st.sampled_from(["item", "delta", "output_index", "summary_index", "response", "error"]),
    JSON | st.just("x") | st.just({"type": "function_call", "call_id": 1, "name": "f"}),
)


@given(st.lists(st.tuples(st.sampled_from(KINDS), MEMBERS), max_size=4))
def test_any_json_gives_events_or_a_named_failure(
    documents: list[tuple[str, dict[str, object]]],
) -> None:
    stream = [event(kind, **members) for kind, members in documents]
    try:
        events = read(*stream, COMPLETED)
    except (StreamBroken, ErrorInStream):
        return

    assert isinstance(events[-1], Finished)
