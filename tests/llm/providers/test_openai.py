"""The OpenAI-compatible adapter through the official client's own mock transport."""

import gzip
import ssl
from contextlib import aclosing

import httpx2
import orjson
import pytest

from smriti.core.outbound import AddressRefused
from smriti.llm.provider import ModelFailed, TextChunk
from tests.llm.providers.openai_server import (
    BASE_URL,
    EVENTS,
    KEY,
    REQUEST,
    STREAM,
    Pieces,
    Server,
    failure,
    failure_of,
    refusal,
    reply,
    streamed,
)


async def test_a_request_is_sent_and_its_answer_streamed() -> None:
    server = Server(streamed())

    assert await reply(server.provider()) == EVENTS

    [request] = server.requests
    assert str(request.url) == f"{BASE_URL}/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert orjson.loads(request.content) == {
        "model": "m1",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hi"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_nothing_of_the_servers_environment_reaches_a_users_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-operator")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-operator")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-operator")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-operator")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://operator.example")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Operator: operator")
    server = Server(streamed(), httpx2.Response(200, json={"data": []}))
    provider = server.provider(api_key="")

    await reply(provider)
    await provider.models()

    for request in server.requests:
        assert "authorization" not in request.headers
        assert "operator" not in f"{request.url}{request.headers}"


async def test_default_headers_are_sent_and_win() -> None:
    server = Server(streamed())

    await reply(
        server.provider(api_key="", default_headers="Authorization: Basic abc\nX-Title: Smriti")
    )

    headers = server.requests[0].headers
    assert (headers["authorization"], headers["x-title"]) == ("Basic abc", "Smriti")


async def test_the_model_of_the_settings_serves_an_agent_that_names_none() -> None:
    server = Server(streamed())
    unnamed = REQUEST.model_copy(update={"model": ""})

    await reply(server.provider(model="typed"), unnamed)

    assert orjson.loads(server.requests[0].content)["model"] == "typed"
    with pytest.raises(ModelFailed, match="No model is chosen"):
        await reply(Server().provider(), unnamed)


async def test_an_answer_that_is_not_streamed_is_read_too() -> None:
    message = {"role": "assistant", "content": "Hello"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    headers = {"content-type": "application/json"}
    whole = httpx2.Response(200, headers=headers, stream=Pieces(orjson.dumps(body)))

    assert await reply(Server(whole).provider()) == EVENTS


@pytest.mark.parametrize(
    ("status", "kind", "transient"),
    [
        (408, "x", True),
        (409, "x", True),
        (429, "rate_limit_exceeded", True),
        (429, "insufficient_quota", False),
        (500, "x", True),
        (529, "x", True),
        (301, "x", False),
        (400, "x", False),
        (401, "x", False),
        (404, "x", False),
    ],
)
async def test_it_asks_once_and_says_whether_asking_again_may_help(
    status: int, kind: str, transient: bool
) -> None:
    body = {"error": {"message": "", "type": kind, "code": kind}}
    server = Server(httpx2.Response(status, json=body))

    assert (await failure(server.provider())).transient is transient
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 -0000"}, None),
        ({"retry-after": "nan", "retry-after-ms": "inf"}, None),
        ({"retry-after": "tomorrow"}, None),
    ],
)
async def test_how_long_the_server_wants_to_be_left_alone(
    headers: dict[str, str], seconds: float | None
) -> None:
    server = Server(httpx2.Response(503, headers=headers, json={}))

    assert (await failure(server.provider())).retry_after_s == seconds


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        ({"message": "Busy", "code": 503}, True),
        ({"message": "Busy", "code": "rate_limit_exceeded"}, True),
        ({"message": "Oh", "type": "server_error", "code": None}, True),
        ({"message": "Paid?", "type": "insufficient_quota", "code": 429}, False),
        ({"message": "No", "code": 400}, False),
        ({"message": "No", "code": "context_length_exceeded"}, False),
    ],
)
async def test_an_error_in_the_stream_may_pass_too(
    error: dict[str, object], transient: bool
) -> None:
    line = b"data: %b\n\n" % orjson.dumps({"error": error})

    assert (await failure(Server(streamed(line)).provider())).transient is transient


@pytest.mark.parametrize(
    ("answer", "transient"),
    [
        (httpx2.ConnectError("refused"), True),
        (httpx2.ReadTimeout("slow"), True),
        (httpx2.UnsupportedProtocol("odd"), False),
        (AddressRefused("private"), False),
        (streamed(httpx2.ReadError("reset")), True),
        (streamed(STREAM.split(b"\n\n")[0]), True),
        (streamed(b"<html>"), False),
    ],
)
async def test_a_lost_connection_may_be_made_again(
    answer: httpx2.Response | Exception, transient: bool
) -> None:
    assert (await failure(Server(answer).provider())).transient is transient


async def test_a_connection_lost_after_the_end_mark_does_no_harm() -> None:
    lost = httpx2.RemoteProtocolError("peer closed connection")

    assert await reply(Server(streamed(STREAM, lost)).provider()) == EVENTS


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        (401, f"Bad key {KEY}", "refused the API key (401). Check it in the settings."),
        (403, "No", "refused the API key (403). Check it in the settings."),
        (
            404,
            "The model `m1` does not exist",
            "knows no model 'm1' (404). Check the model's name, and the base URL: most end in /v1.",
        ),
        (
            429,
            "Quota.",
            "takes no more requests for now (429): too many came, or the account is used up. "
            "It said: Quota.",
        ),
        (
            400,
            f"Maximum context\nlength is 8192. {KEY} sk-other-1",
            "refused the request (400). It said: Maximum context length is 8192. […] […]",
        ),
        (422, "y" * 300, f"refused the request (422). It said: {'y' * 200}"),
        (500, "", "failed (500). Try again in a while."),
        (301, "", "refused the request (301)."),
    ],
)
async def test_refusals_are_told_to_the_person(status: int, message: str, told: str) -> None:
    server = Server(refusal(status, message))

    assert await failure_of(server.provider()) == f"{BASE_URL} {told}"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            httpx2.ConnectError("refused"),
            f"Could not connect to {BASE_URL}. Is the server running, and is this its address?",
        ),
        (httpx2.ReadTimeout("slow"), f"{BASE_URL} did not answer in time."),
        (AddressRefused("'x' is an address of a private network."), "'x' is an address of a priv"),
    ],
)
async def test_a_server_that_cannot_be_reached_is_named(error: Exception, told: str) -> None:
    assert (await failure_of(Server(error).provider())).startswith(told)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (httpx2.ReadTimeout("slow"), "did not answer in time."),
        (httpx2.ReadError("reset"), "broke off."),
        (ssl.SSLError("eof"), "broke off."),
        (b'data: {"error":{"message":"Overloaded","code":503}}\n\n', "failed (503)."),
        (b'data: {"error":"odd"}\n\n', "reported an error. It said: odd"),
        (b"", "broke off in the middle of the answer."),
    ],
)
async def test_a_stream_that_breaks_keeps_what_came_and_fails(
    broken: bytes | Exception, told: str
) -> None:
    first = STREAM.split(b"\n\n")[0] + b"\n\n"
    stream = Server(streamed(first, broken)).provider().stream(REQUEST)

    assert await anext(stream) == TextChunk("Hello")
    with pytest.raises(ModelFailed) as failed:
        await anext(stream)

    assert told in failed.value.detail


async def test_secrets_in_headers_are_not_repeated_either() -> None:
    server = Server(refusal(400, "token tok-98765 is odd, Bearer abcdef too"))
    provider = server.provider(default_headers="X-Auth: Token tok-98765")

    told = await failure_of(provider)

    assert told == f"{BASE_URL} refused the request (400). It said: token […] is odd, […] too"
    assert KEY not in repr(provider.__dict__.get("_failures"))


async def test_an_endless_error_page_is_read_no_further_than_needed() -> None:
    body = Pieces(*[b"x" * 65536] * 100)

    told = await failure_of(Server(httpx2.Response(500, stream=body)).provider())

    assert told == f"{BASE_URL} failed (500). Try again in a while."
    assert body.read == 65536


async def test_an_error_page_that_stays_away_does_not_hide_the_error() -> None:
    body = Pieces(b'{"error"', TimeoutError())

    told = await failure_of(Server(httpx2.Response(500, stream=body)).provider())

    assert told == f"{BASE_URL} failed (500). Try again in a while."


@pytest.mark.parametrize(
    ("status", "told"), [(200, "did not answer with a chat reply"), (500, "failed (500).")]
)
async def test_a_compressed_answer_is_not_opened(status: int, told: str) -> None:
    packed = httpx2.Response(
        status,
        headers={"content-type": "text/event-stream", "content-encoding": "gzip"},
        stream=Pieces(gzip.compress(STREAM)),
    )

    assert told in await failure_of(Server(packed).provider())


async def test_a_reply_that_is_too_long_is_given_up() -> None:
    headers = {"content-type": "application/json"}
    endless = httpx2.Response(200, headers=headers, stream=Pieces(*[b" " * 1_000_000] * 20))

    told = await failure_of(Server(endless).provider())

    assert told == f"{BASE_URL} sent an answer that is too long."


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"object": "list", "data": [{"id": "b"}, {"id": "a", "owned_by": "x"}]}, ["a", "b"]),
        ([{"id": "a"}, {"id": "a"}], ["a"]),
        ({"object": "list", "data": None}, []),
    ],
)
async def test_models_are_listed_in_order(body: object, names: list[str]) -> None:
    server = Server(httpx2.Response(200, json=body))

    models = await server.provider().models()

    assert [model.model_id for model in models] == names
    assert str(server.requests[0].url) == f"{BASE_URL}/models"


async def test_what_is_no_list_of_models_is_a_failure() -> None:
    with pytest.raises(ModelFailed, match="not a list of models"):
        await Server(httpx2.Response(200, text="<html>")).provider().models()


async def test_closing_lets_a_running_stream_end_and_a_later_one_begin() -> None:
    server = Server(streamed(), streamed())
    provider = server.provider()

    async with aclosing(provider.stream(REQUEST)) as stream:
        first = await anext(stream)
        await provider.close()
        assert not server.clients[0].is_closed
        rest = [event async for event in stream]
    later = await reply(provider)

    assert [first, *rest] == later == EVENTS
    assert [client.is_closed for client in server.clients] == [True, True]


async def test_closing_an_idle_connection_closes_its_client() -> None:
    server = Server(streamed())
    provider = server.provider()
    await provider.close()
    await reply(provider)

    unused = Server()
    await unused.provider().close()

    assert server.clients[0].is_closed
    assert unused.clients == []


RESPONSE = (
    b'data: {"type":"response.output_text.delta","output_index":0,"delta":"Hello"}\n\n'
    b'data: {"type":"response.completed","response":{"status":"completed"}}\n\n'
)
OFFICIAL = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("base_url", "api", "path"),
    [
        (OFFICIAL, None, "responses"),
        (OFFICIAL, "auto", "responses"),
        (OFFICIAL, "chat", "chat/completions"),
        (BASE_URL, None, "chat/completions"),
        (BASE_URL, "responses", "responses"),
    ],
)
async def test_openai_is_asked_over_responses_and_others_over_chat(
    base_url: str, api: str | None, path: str
) -> None:
    server = Server(streamed(RESPONSE if path == "responses" else STREAM))
    chosen = {} if api is None else {"api": api}

    assert await reply(server.provider(base_url=base_url, **chosen)) == EVENTS
    assert str(server.requests[0].url) == f"{base_url}/{path}"


async def test_an_organization_that_may_not_see_thoughts_is_asked_without_them() -> None:
    error = {"message": "Verify.", "param": "reasoning.summary", "code": "unsupported_value"}
    refused = httpx2.Response(400, json={"error": error})
    server = Server(refused, streamed(RESPONSE), streamed(RESPONSE))
    provider = server.provider(api="responses")
    asked = REQUEST.model_copy(update={"model": "gpt-5"})

    assert await reply(provider, asked) == EVENTS
    assert await reply(provider, asked) == EVENTS

    bodies = [orjson.loads(request.content) for request in server.requests]
    assert ["reasoning" in body for body in bodies] == [True, False, False]


async def test_another_refusal_of_a_response_is_told() -> None:
    server = Server(refusal(400, "No such model."))

    told = await failure_of(server.provider(api="responses"))

    assert told == f"{BASE_URL} refused the request (400). It said: No such model."
    assert len(server.requests) == 1


async def test_what_came_before_a_failure_is_told_before_it() -> None:
    garbage = STREAM.partition(b"\n\n")[0] + b'\n\ndata: {"choices": [{"del\n\n'
    events = Server(streamed(garbage)).provider().stream(REQUEST)

    heard = await anext(events)
    with pytest.raises(ModelFailed):
        await anext(events)

    assert heard == TextChunk("Hello")
