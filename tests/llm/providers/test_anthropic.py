"""The Anthropic adapter through the official client's own mock transport."""

import gzip
import ssl
from contextlib import aclosing
from datetime import timedelta
from email.utils import format_datetime

import httpx2
import orjson
import pytest

from smriti.core.clock import utc_now
from smriti.core.config import Config
from smriti.core.outbound import AddressRefused
from smriti.factories import provider_factories
from smriti.llm.catalog import BUILT_IN
from smriti.llm.provider import Finished, ModelFailed, ProviderEvent, TextChunk, TokensUsed
from smriti.llm.providers.anthropic import AnthropicProvider
from smriti.llm.providers.failures import seconds_until_retry
from smriti.llm.types import (
    ChatMessage,
    ModelRequest,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
)
from smriti.tools.toolset import ToolFailed
from smriti.turns.events import ReplyEnded
from smriti.turns.loop import run_steps
from tests.fakes.http_server import TransportServer
from tests.llm.providers.openai_server import Pieces, streamed
from tests.llm.providers.test_anthropic_stream import (
    PLAIN,
    PLAIN_USAGE,
    end,
    event,
    start,
    text,
    thinking,
    tool,
)

KEY = "sk-ant-api03-test-1234567890"
BASE_URL = "https://api.anthropic.test"
REQUEST = ModelRequest(
    model="claude-opus-5-5",
    system="Be kind.",
    messages=(ChatMessage(role="user", parts=(TextPart(text="Hi"),)),),
)
EVENTS: list[ProviderEvent] = [TextChunk("Grüße!"), TokensUsed(PLAIN_USAGE), Finished("stop")]


class Server(TransportServer):
    """A model server."""

    def provider(self, **credentials: str) -> AnthropicProvider:
        return AnthropicProvider({"base_url": BASE_URL, "api_key": KEY} | credentials, self.open)


def refusal(status: int, message: str = "", **headers: str) -> httpx2.Response:
    error = {"type": "x", "message": message}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"type": "error", "error": error, "request_id": "req_1"}
    return httpx2.Response(status, headers=named, json=body)


async def reply(provider: AnthropicProvider, asked: ModelRequest = REQUEST) -> list[ProviderEvent]:
    return [event async for event in provider.stream(asked)]


async def failure_of(provider: AnthropicProvider) -> ModelFailed:
    with pytest.raises(ModelFailed) as failure:
        await reply(provider)
    assert failure.value.__cause__ is None
    assert KEY not in failure.value.detail
    return failure.value


async def test_a_request_is_sent_and_its_answer_streamed() -> None:
    server = Server(streamed(PLAIN))

    assert await reply(server.provider(thinking_budget="8000")) == EVENTS

    [request] = server.requests
    assert str(request.url) == f"{BASE_URL}/v1/messages"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    mark = {"cache_control": {"type": "ephemeral"}}
    assert orjson.loads(request.content) == {
        "model": "claude-opus-5-5",
        "max_tokens": 128_000,
        "stream": True,
        "system": [{"type": "text", "text": "Be kind."} | mark],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"} | mark]}],
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "medium"},
    }


async def test_nothing_of_the_servers_environment_reaches_a_users_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "API_KEY": "sk-operator",
        "AUTH_TOKEN": "operator",
        "BASE_URL": "https://operator.example",
        "CUSTOM_HEADERS": "X-Operator: operator",
        "PROFILE": "operator",
        "WORKSPACE_ID": "operator",
    }.items():
        monkeypatch.setenv(f"ANTHROPIC_{name}", value)
    monkeypatch.setenv("HTTPS_PROXY", "http://operator.example")
    server = Server(streamed(PLAIN), httpx2.Response(200, json={"data": []}))
    provider = server.provider()

    await reply(provider)
    await provider.models()

    for request in server.requests:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert "operator" not in f"{request.url}{request.headers}"


async def test_the_model_of_the_settings_serves_an_agent_that_names_none() -> None:
    server = Server(streamed(PLAIN))
    unnamed = REQUEST.model_copy(update={"model": ""})

    await reply(server.provider(model="typed"), unnamed)

    assert orjson.loads(server.requests[0].content)["model"] == "typed"
    with pytest.raises(ModelFailed, match="No model is chosen"):
        await reply(Server().provider(), unnamed)


async def test_a_connection_lost_after_the_end_mark_does_no_harm() -> None:
    lost = httpx2.RemoteProtocolError("peer closed connection")

    assert await reply(Server(streamed(PLAIN, lost)).provider()) == EVENTS


@pytest.mark.parametrize(
    ("status", "message", "told", "transient"),
    [
        (401, f"Bad key {KEY}", "refused the API key (401). Check it in the settings.", False),
        (403, "No", "refused the API key (403). Check it in the settings.", False),
        (
            404,
            "model: claude-opus-5-5",
            "knows no model 'claude-opus-5-5' (404). Check the model's name, and the base URL.",
            False,
        ),
        (
            400,
            f"prompt is too long:\n210000 tokens > 200000. {KEY} sk-ant-other Bearer abc",
            "refused the request (400). It said: prompt is too long: 210000 tokens > 200000. "
            "[…] […] […]",
            False,
        ),
        (402, "Credit.", "refused the request (402). It said: Credit.", False),
        (413, "y" * 300, f"refused the request (413). It said: {'y' * 200}", False),
        (301, "", "refused the request (301).", False),
        (
            429,
            "Rate.",
            "takes no more requests for now (429): too many came, or the account is used up. "
            "It said: Rate.",
            True,
        ),
        (500, "", "failed (500). Try again in a while.", True),
        (501, "", "failed (501). Try again in a while.", False),
        (502, "", "failed (502). Try again in a while.", True),
        (503, "", "failed (503). Try again in a while.", True),
        (504, "", "failed (504). Try again in a while.", True),
        (529, "Overloaded", "failed (529). Try again in a while. It said: Overloaded", True),
    ],
)
async def test_refusals_are_told_to_the_person_and_asked_once(
    status: int, message: str, told: str, transient: bool
) -> None:
    server = Server(refusal(status, message))

    failed = await failure_of(server.provider())

    assert (failed.detail, failed.transient) == (f"{BASE_URL} {told}", transient)
    assert failed.retry_after_s is None
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("given", "waiting_s"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("9" * 400, None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", None),
    ],
)
async def test_how_long_to_wait_is_passed_on(given: str, waiting_s: float | None) -> None:
    failed = await failure_of(Server(refusal(429, retry_after=given)).provider())

    assert failed.retry_after_s == waiting_s


def test_a_date_to_wait_for_is_turned_into_seconds() -> None:
    later = format_datetime(utc_now() + timedelta(minutes=5), usegmt=True)

    waiting_s = seconds_until_retry({"retry-after": later})

    assert waiting_s is not None
    assert 0 < waiting_s <= 300


@pytest.mark.parametrize(
    ("error", "told", "transient"),
    [
        (
            httpx2.ConnectError("refused"),
            f"Could not connect to {BASE_URL}. Is the server running, and is this its address?",
            True,
        ),
        (httpx2.ReadTimeout("slow"), f"{BASE_URL} did not answer in time.", True),
        (AddressRefused("'x' is a private address."), "'x' is a private address.", False),
    ],
)
async def test_a_server_that_cannot_be_reached_is_named(
    error: Exception, told: str, transient: bool
) -> None:
    failed = await failure_of(Server(error).provider())

    assert (failed.detail, failed.transient) == (told, transient)


async def test_the_server_reaches_no_private_address_with_it() -> None:
    factories = provider_factories(Config(_env_file=None, allow_private_networks="off"), BUILT_IN)
    provider = factories["Anthropic"]({"base_url": "http://127.0.0.1:9", "api_key": KEY})

    with pytest.raises(ModelFailed) as failure:
        await anext(provider.stream(REQUEST))
    await provider.close()

    assert failure.value.detail.startswith("'127.0.0.1' is an address of a private network")
    assert failure.value.transient is False


OVERLOADED = event("error", error={"type": "overloaded_error", "message": f"Busy {KEY}"})


@pytest.mark.parametrize(
    ("broken", "told", "transient"),
    [
        (httpx2.ReadTimeout("slow"), "did not answer in time.", True),
        (httpx2.ReadError("reset"), "broke off.", True),
        (ssl.SSLError("eof"), "broke off.", True),
        (OVERLOADED, "failed (529). Try again in a while. It said: Busy […]", True),
        (event("error", error={"type": "new", "message": "Odd"}), "error. It said: Odd", False),
        (b"data: {oops\n\n", "sent something that is not a reply", False),
        (b"", "broke off in the middle of the answer.", False),
    ],
)
async def test_a_stream_that_breaks_keeps_what_came_and_fails(
    broken: bytes | Exception, told: str, transient: bool
) -> None:
    first = start() + text(0, "Hello")
    stream = Server(streamed(first, broken)).provider().stream(REQUEST)

    assert await anext(stream) == TextChunk("Hello")
    with pytest.raises(ModelFailed) as failure:
        await anext(stream)

    assert told in failure.value.detail
    assert KEY not in failure.value.detail
    assert failure.value.transient is transient


async def test_thoughts_that_do_not_count_any_more_are_left_out_once() -> None:
    told = "messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to …"
    parts = (
        ReasoningPart(text="Hm.", signature="anthropic:EqQB"),
        ToolCall(call_id="a", name="note", arguments={}),
        ToolResult(call_id="a", name="note", text="ok"),
    )
    tools = (ToolSpec(name="note", description="", parameters={"type": "object"}),)
    asked = REQUEST.model_copy(update={"tools": tools}).continued(*parts)
    server = Server(refusal(400, told), streamed(PLAIN))

    assert await reply(server.provider(), asked) == EVENTS

    sent = [orjson.loads(request.content)["messages"][1] for request in server.requests]
    assert [[part["type"] for part in said["content"]] for said in sent] == [
        ["thinking", "tool_use"],
        ["tool_use"],
    ]
    again = Server(refusal(400, told), refusal(400, told))
    assert "refused the request (400)" in (await failure_of(again.provider())).detail
    assert len(again.requests) == 2


class Notes:
    """A tool that keeps one thing, and has no room for a second."""

    def specs(self) -> list[ToolSpec]:
        return [ToolSpec(name="note", description="Keeps it.", parameters={"type": "object"})]

    async def call(self, call: ToolCall) -> str:
        if call.arguments == {"text": "tea"}:
            return "Kept."
        raise ToolFailed("No room.")


async def test_a_reply_with_two_tools_goes_back_with_both_results() -> None:
    first = (
        start()
        + thinking(0, "Two.", "EqQB")
        + text(1, "Noting.")
        + tool(2, "toolu_A", "note", '{"te', 'xt":"tea"}')
        + tool(3, "toolu_B", "note", '{"text":"milk"}')
        + end("tool_use")
    )
    server = Server(streamed(first), streamed(PLAIN))
    asked = REQUEST.model_copy(update={"tools": tuple(Notes().specs())})

    steps = [event async for event in run_steps(asked, server.provider(), Notes(), max_steps=5)]

    bodies = [orjson.loads(request.content) for request in server.requests]
    mark = {"cache_control": {"type": "ephemeral"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_A", "content": "Kept."}
    failed = {"type": "tool_result", "tool_use_id": "toolu_B", "content": "No room."}
    tea, milk = {"text": "tea"}, {"text": "milk"}
    assert bodies[1] == bodies[0] | {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi"} | mark]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Two.", "signature": "EqQB"},
                    {"type": "text", "text": "Noting."},
                    {"type": "tool_use", "id": "toolu_A", "name": "note", "input": tea},
                    {"type": "tool_use", "id": "toolu_B", "name": "note", "input": milk},
                ],
            },
            {"role": "user", "content": [result, failed | {"is_error": True} | mark]},
        ]
    }
    assert isinstance(steps[-2], ReplyEnded)
    assert steps[-2].parts == [TextPart(text="Grüße!")]


async def test_an_endless_error_page_is_read_no_further_than_needed() -> None:
    body = Pieces(*[b"x" * 65536] * 100)

    failed = await failure_of(Server(httpx2.Response(500, stream=body)).provider())

    assert failed.detail == f"{BASE_URL} failed (500). Try again in a while."
    assert body.read == 65536


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"error": 7}', b'{"error": {"message": {"a": 1}}}', b"<html>"]
)
async def test_an_error_without_a_message_is_told_all_the_same(body: bytes) -> None:
    headers = {"content-type": "application/json"}

    failed = await failure_of(
        Server(httpx2.Response(500, headers=headers, content=body)).provider()
    )

    assert failed.detail == f"{BASE_URL} failed (500). Try again in a while."


async def test_a_compressed_answer_is_not_opened() -> None:
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    packed = httpx2.Response(200, headers=headers, stream=Pieces(gzip.compress(PLAIN)))

    failed = await failure_of(Server(packed).provider())

    assert failed.detail.endswith("did not answer as the Messages API does. Check the base URL.")


async def test_a_refusal_is_an_answer() -> None:
    stream = start() + end("refusal")

    assert await reply(Server(streamed(stream)).provider()) == [
        TokensUsed(Usage(input_tokens=25, output_tokens=15)),
        Finished("refused"),
    ]


async def test_models_are_listed_as_they_come_each_once() -> None:
    opus = {"type": "model", "id": "claude-opus-5-5", "display_name": "Claude Opus 5.5"}
    own = {"id": "own"}
    server = Server(httpx2.Response(200, json={"data": [opus, own, opus], "has_more": False}))

    models = await server.provider().models()

    assert [(model.model_id, model.display_name) for model in models] == [
        ("claude-opus-5-5", "Claude Opus 5.5"),
        ("own", "own"),
    ]
    assert str(server.requests[0].url) == f"{BASE_URL}/v1/models?limit=1000"


@pytest.mark.parametrize("body", ["<html>", "[]", '{"data": [7]}', '{"data": null}', "{}"])
async def test_what_is_no_list_of_models_is_a_failure(body: str) -> None:
    with pytest.raises(ModelFailed, match="not a list of models"):
        await Server(httpx2.Response(200, text=body)).provider().models()


async def test_models_of_a_server_that_refuses_are_a_failure() -> None:
    with pytest.raises(ModelFailed, match="refused the API key"):
        await Server(refusal(401)).provider().models()


async def test_closing_lets_a_running_stream_end_and_a_later_one_begin() -> None:
    server = Server(streamed(start() + text(0, "Hi"), end("end_turn")), streamed(PLAIN))
    provider = server.provider()

    async with aclosing(provider.stream(REQUEST)) as stream:
        assert await anext(stream) == TextChunk("Hi")
        await provider.close()
        assert not server.clients[0].is_closed
        rest = [event async for event in stream]

    assert rest[-1] == Finished("stop")
    assert await reply(provider) == EVENTS
    assert [client.is_closed for client in server.clients] == [True, True]
