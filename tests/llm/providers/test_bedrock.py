"""The Bedrock adapter through botocore and real bytes."""

import asyncio
from contextlib import aclosing

import pytest

from smriti.llm.provider import (
    CallRequested,
    Finished,
    ModelFailed,
    ProviderEvent,
    ReasoningChunk,
    TextChunk,
    TokensUsed,
)
from smriti.llm.types import (
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
)
from tests.llm.providers.bedrock_server import (
    BEGIN,
    CREDENTIALS,
    HELLO,
    KEY_ID,
    REQUEST,
    SESSION,
    Answer,
    Server,
    delta,
    ended,
    frame,
    reply,
    silence,
    start,
    stop,
    streamed,
)
from tests.patience import PATIENCE_S

EVENTS: list[ProviderEvent] = [
    TextChunk("Hello"),
    TokensUsed(Usage(input_tokens=5, output_tokens=2)),
    Finished("stop"),
]


async def test_a_request_is_signed_and_sent_and_its_answer_streamed() -> None:
    async with Server(streamed(HELLO)) as server:
        assert await reply(server.provider(CREDENTIALS | {"aws_session_token": SESSION})) == EVENTS

    [request] = server.requests
    assert request.host == "bedrock-runtime.us-east-1.amazonaws.com"
    assert request.line == (
        "POST /model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream HTTP/1.1"
    )
    assert request.headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={KEY_ID}/")
    assert "/us-east-1/bedrock/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == SESSION
    assert request.body == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "system": [{"text": "Be kind."}, {"cachePoint": {"type": "default"}}],
    }


async def test_an_api_key_is_sent_as_a_bearer() -> None:
    async with Server(streamed(HELLO)) as server:
        await reply(server.provider({"api_key": "bedrock-api-key-1", "region": "eu-west-2"}))

    assert server.requests[0].headers["authorization"] == "Bearer bedrock-api-key-1"
    assert server.requests[0].host == "bedrock-runtime.eu-west-2.amazonaws.com"


async def test_nothing_of_the_servers_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_PROFILE",
    ):
        monkeypatch.setenv(name, "operator")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://operator.example")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/operator")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("HTTPS_PROXY", "http://operator.example")

    async with Server(streamed(HELLO), streamed(HELLO)) as server:
        await reply(server.provider())
        await reply(server.provider({"api_key": "bedrock-api-key-1", "region": "eu-west-2"}))

    assert [request.host.partition(".")[0] for request in server.requests] == [
        "bedrock-runtime"
    ] * 2
    assert "operator" not in str(server.requests)


async def test_the_model_of_the_settings_serves_an_agent_that_names_none() -> None:
    unnamed = REQUEST.model_copy(update={"model": ""})

    async with Server(streamed(HELLO)) as server:
        await reply(server.provider(CREDENTIALS | {"model": "amazon.nova-pro-v1:0"}), unnamed)
        with pytest.raises(ModelFailed, match="No model is chosen"):
            await reply(server.provider(), unnamed)

    assert "/model/amazon.nova-pro-v1%3A0/" in server.requests[0].line


THINKING = (
    delta(0, reasoningContent={"text": "Both "}),
    delta(0, reasoningContent={"text": "at once."}),
    delta(0, reasoningContent={"signature": "c2ln"}),
    stop(0),
    delta(1, reasoningContent={"redactedContent": "aGlkZGVu"}),
    stop(1),
)
CALLING = (
    delta(2, text="One moment."),
    stop(2),
    start(3, "tooluse_a", "note"),
    delta(3, toolUse={"input": '{"te'}),
    delta(3, toolUse={"input": 'xt": "tea"}'}),
    stop(3),
    start(4, "tooluse_b", "now"),
    stop(4),
    ended("tool_use", cacheReadInputTokens=100, cacheWriteInputTokens=20),
)
SIGNED, REDACTED = "bedrock:c2ln", "bedrock-redacted:aGlkZGVu"
NOTE = ToolCall(call_id="tooluse_a", name="note", arguments={"text": "tea"})
NOW = ToolCall(call_id="tooluse_b", name="now", arguments={})


async def test_thoughts_text_and_two_calls_arrive_in_pieces() -> None:
    async with Server(streamed(BEGIN, *THINKING, *CALLING)) as server:
        events = await reply(server.provider())

    assert events == [
        ReasoningChunk("Both "),
        ReasoningChunk("at once."),
        ReasoningChunk("", SIGNED),
        ReasoningChunk("", REDACTED),
        TextChunk("One moment."),
        CallRequested(NOTE),
        CallRequested(NOW),
        TokensUsed(Usage(input_tokens=125, output_tokens=2, cached_tokens=100)),
        Finished("tool_calls"),
    ]


async def test_the_next_step_sends_back_the_thoughts_the_calls_and_both_results() -> None:
    tool = ToolSpec(name="note", description="Keeps it.", parameters={"type": "object"})
    again = REQUEST.model_copy(update={"tools": (tool,)}).continued(
        ReasoningPart(text="Both at once.", signature=SIGNED),
        ReasoningPart(text="", signature=REDACTED),
        TextPart(text="One moment."),
        NOTE,
        NOW,
        ToolResult(call_id="tooluse_b", name="now", text="No clock.", success=False),
        ToolResult(call_id="tooluse_a", name="note", text="Kept."),
    )

    async with Server(streamed(HELLO)) as server:
        assert await reply(server.provider(), again) == EVENTS

    signed = {"text": "Both at once.", "signature": "c2ln"}
    used = {"toolUseId": "tooluse_a", "name": "note", "input": {"text": "tea"}}
    kept = {"toolUseId": "tooluse_a", "content": [{"text": "Kept."}], "status": "success"}
    lost = {"toolUseId": "tooluse_b", "content": [{"text": "No clock."}], "status": "error"}
    assert server.requests[0].body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": signed}},
                {"reasoningContent": {"redactedContent": "aGlkZGVu"}},
                {"text": "One moment."},
                {"toolUse": used},
                {"toolUse": {"toolUseId": "tooluse_b", "name": "now", "input": {}}},
            ],
        },
        {"role": "user", "content": [{"toolResult": kept}, {"toolResult": lost}]},
    ]


async def test_frames_are_read_however_they_are_cut_and_unknown_ones_passed_over() -> None:
    strange = frame("surprise", {"a": 1}) + delta(0, surprise={"a": 1}) + delta(0, text="")
    whole = BEGIN + strange + HELLO

    async with Server(streamed(*(whole[at : at + 7] for at in range(0, len(whole), 7)))) as server:
        assert await reply(server.provider()) == EVENTS


@pytest.mark.parametrize("answer", [silence, streamed(BEGIN, then=silence)])
async def test_cancelling_ends_the_thread_that_waits_and_its_connection(answer: Answer) -> None:
    async with Server(answer) as server:
        turn = asyncio.create_task(reply(server.provider(silence_s=3600)))
        assert await asyncio.to_thread(server.waiting.wait, PATIENCE_S)

        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

        await asyncio.wait_for(server.left.wait(), PATIENCE_S)


@pytest.mark.parametrize("last", [False, True])
async def test_cancelling_in_the_middle_does_so_too(last: bool) -> None:
    begun = streamed(BEGIN + delta(0, text="Hello"), then=silence, last=last)
    async with Server(begun) as server:
        stream = server.provider(silence_s=3600).stream(REQUEST)
        assert await anext(stream) == TextChunk("Hello")
        server.waiting.clear()
        more = asyncio.create_task(anext(stream))
        assert await asyncio.to_thread(server.waiting.wait, PATIENCE_S)

        more.cancel()
        with pytest.raises(asyncio.CancelledError):
            await more

        await asyncio.wait_for(server.left.wait(), PATIENCE_S)


async def test_leaving_a_stream_ends_its_connection() -> None:
    begun = streamed(BEGIN + delta(0, text="Hello"), then=silence)
    async with Server(begun) as server:
        async with aclosing(server.provider(silence_s=3600).stream(REQUEST)) as stream:
            assert await anext(stream) == TextChunk("Hello")

        await asyncio.wait_for(server.left.wait(), PATIENCE_S)


async def test_who_reads_slowly_leaves_the_answer_in_the_network() -> None:
    pieces = [delta(0, text="x" * 1000)] * 10_000
    async with Server(streamed(BEGIN, *pieces, ended())) as server:
        async with aclosing(server.provider().stream(REQUEST)) as stream:
            await anext(stream)
            for _ in range(100):
                await asyncio.sleep(0)

            # The request, the begin of the message, the first word.
            assert server.threads.calls == 3

        await asyncio.wait_for(server.left.wait(), PATIENCE_S)


async def test_a_connection_serves_again_unless_the_other_side_has_left() -> None:
    async with Server(streamed(HELLO), streamed(HELLO), streamed(HELLO)) as server:
        provider = server.provider()
        await reply(provider)
        await reply(provider)
        assert server.connections == 1

        server.drop()
        await server.left.wait()
        assert await reply(provider) == EVENTS
        assert server.connections == 2
        await provider.close()


async def test_closing_lets_a_running_stream_end_and_a_later_one_begin() -> None:
    async with Server(streamed(HELLO), streamed(HELLO)) as server:
        provider = server.provider()
        async with aclosing(provider.stream(REQUEST)) as stream:
            first = await anext(stream)
            await provider.close()
            rest = [event async for event in stream]

        assert [first, *rest] == await reply(provider) == EVENTS
        assert server.connections == 2
