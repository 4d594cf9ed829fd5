"""The OpenAI-compatible source through the official client and bytes as servers send them."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import numpy as np
import orjson
import pytest

from smriti.core.outbound import AddressRefused
from smriti.retrieval.embeddings.openai import OpenAISource
from smriti.retrieval.embeddings.port import EmbeddingFailed, TextsTooLong
from tests.fakes.http_server import TransportServer

KEY = "sk-test-1234567890"
BASE_URL = "https://models.example/v1"
# [0.25, -0.5] and [0.5, 1.0], as OpenAI answers what is asked for in base64.
BASE64 = (
    b'{\n  "object": "list",\n  "data": [\n    {\n      "object": "embedding",\n      "index": 0,\n'
    b'      "embedding": "AACAPgAAAL8="\n    },\n    {\n      "object": "embedding",\n'
    b'      "index": 1,\n      "embedding": "AAAAPwAAgD8="\n    }\n  ],\n'
    b'  "model": "text-embedding-3-small",\n'
    b'  "usage": {\n    "prompt_tokens": 4,\n    "total_tokens": 4\n  }\n}\n'
)
# The same from Ollama, which sends numbers whatever is asked for.
FLOATS = (
    b'{"object":"list","data":[{"object":"embedding","embedding":[0.25,-0.5],"index":0},'
    b'{"object":"embedding","embedding":[0.5,1],"index":1}],"model":"all-minilm",'
    b'"usage":{"prompt_tokens":4,"total_tokens":4}}\n'
)
VECTORS = [[0.25, -0.5], [0.5, 1.0]]

type Answer = httpx2.Response | Exception


class Server(TransportServer):
    """A server of embeddings."""

    def source(
        self, *, api_key: str = KEY, model: str = "m1", dimensions: int | None = None
    ) -> OpenAISource:
        return OpenAISource(
            self.open, base_url=BASE_URL, api_key=api_key, model=model, dimensions=dimensions
        )


def ok(body: bytes) -> httpx2.Response:
    return httpx2.Response(200, headers={"content-type": "application/json"}, content=body)


def refusal(status: int, message: str, **headers: str) -> httpx2.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return httpx2.Response(status, json={"error": error}, headers=headers)


async def vectors(source: OpenAISource, texts: Sequence[str] = ("one", "two")) -> list[list[float]]:
    rows: list[list[float]] = (await source.vectors(texts, query=False)).tolist()
    return rows


async def failure(*answers: Answer, dimensions: int | None = None) -> EmbeddingFailed:
    with pytest.raises(EmbeddingFailed) as failed:
        await vectors(Server(*answers).source(dimensions=dimensions))
    assert failed.value.__cause__ is None
    return failed.value


async def test_texts_are_sent_and_their_vectors_read() -> None:
    server = Server(ok(BASE64))

    assert await vectors(server.source()) == VECTORS

    [request] = server.requests
    assert str(request.url) == f"{BASE_URL}/embeddings"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert orjson.loads(request.content) == {
        "model": "m1",
        "input": ["one", "two"],
        "encoding_format": "base64",
    }


async def test_numbers_are_understood_too() -> None:
    assert await vectors(Server(ok(FLOATS)).source()) == VECTORS


async def test_dimensions_are_sent_only_when_they_are_chosen() -> None:
    server = Server(ok(BASE64))
    source = server.source(dimensions=2)

    await vectors(source)

    assert orjson.loads(server.requests[0].content)["dimensions"] == 2
    assert (source.model, server.source().model) == ("openai/m1/2", "openai/m1")


async def test_vectors_are_put_in_the_order_of_their_numbers() -> None:
    turned = orjson.loads(FLOATS)
    turned["data"].reverse()

    assert await vectors(Server(ok(orjson.dumps(turned))).source()) == VECTORS


async def test_vectors_without_numbers_are_in_order_already() -> None:
    bare = {"data": [{"embedding": row} for row in VECTORS]}

    assert await vectors(Server(ok(orjson.dumps(bare))).source()) == VECTORS


async def test_a_server_without_keys_gets_none() -> None:
    server = Server(ok(BASE64))

    await vectors(server.source(api_key=""))

    assert "authorization" not in server.requests[0].headers


async def test_nothing_else_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "operator")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Operator: operator")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://operator.example")
    server = Server(ok(BASE64))

    await vectors(server.source(api_key=""))

    assert "operator" not in f"{server.requests[0].url}{server.requests[0].headers}"


@pytest.mark.parametrize(
    ("status", "transient"),
    [(408, True), (429, True), (500, True), (503, True), (400, False), (401, False), (404, False)],
)
async def test_what_may_pass_is_told_from_what_will_not(status: int, transient: bool) -> None:
    failed = await failure(refusal(status, "No."))

    assert (failed.transient, type(failed)) == (transient, EmbeddingFailed)
    assert BASE_URL in str(failed)


async def test_how_long_to_wait_is_told_in_seconds_or_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)

    in_seconds = await failure(refusal(429, "Slow down.", **{"Retry-After": "7"}))
    as_date = await failure(refusal(429, "Slow down.", **{"Retry-After": later}))

    assert in_seconds.retry_after_s == 7
    assert as_date.retry_after_s is not None
    assert 90 < as_date.retry_after_s <= 100


async def test_a_used_up_account_does_not_pass() -> None:
    body = {"error": {"message": "Quota.", "type": "insufficient_quota", "code": None}}

    assert not (await failure(httpx2.Response(429, json=body))).transient


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (httpx2.ConnectError("no"), True),
        (httpx2.ReadTimeout("no"), True),
        (httpx2.ReadError("no"), True),
        (AddressRefused("No such place."), False),
    ],
)
async def test_a_server_that_is_not_there(error: Exception, transient: bool) -> None:
    assert (await failure(error)).transient == transient


@pytest.mark.parametrize(
    "message",
    [
        f"Incorrect API key provided: {KEY}.",
        f"Something about {KEY} and Bearer {KEY}",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 500])
async def test_the_key_is_never_repeated(status: int, message: str) -> None:
    failed = await failure(refusal(status, message))

    assert KEY not in f"{failed!s}{failed!r}"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model's maximum context length is 8192 tokens, however you requested 9000."),
        (413, "`inputs` must have less than 512 tokens. Given: 730"),
        (400, "the input length exceeds the context length"),
        (500, "input is too large to process. increase the physical batch size"),
    ],
)
async def test_texts_that_are_too_long_are_told_as_such(status: int, message: str) -> None:
    assert isinstance(await failure(refusal(status, message)), TextsTooLong)


async def test_a_server_that_does_not_take_dimensions() -> None:
    message = 'Model "m1" does not support matryoshka representation, changing output dimensions'

    failed = await failure(refusal(400, message), dimensions=256)

    assert "does not take 256 dimensions for 'm1'" in str(failed)
    assert "EMBEDDING_DIMENSIONS" in str(failed)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome</html>",
        b"{}",
        b"[]",
        b"null",
        b'{"data": []}',
        b'{"data": null}',
        b'{"data": [null]}',
        b'{"data": [{"index": 0}]}',
        b'{"data": [{"embedding": "not base64!"}]}',
        b'{"data": [{"embedding": "AAAA"}]}',
        b'{"data": [{"embedding": ["a", "b"]}]}',
        b'{"data": [{"embedding": [NaN]}]}',
        b'{"data": [{"embedding": [0.1]}, {"embedding": [0.1, 0.2]}]}',
        b'{"data": [{"embedding": [0.1], "index": "x"}]}',
    ],
)
async def test_what_is_not_a_list_of_vectors_is_a_failure(body: bytes) -> None:
    assert "not a list of vectors" in str(await failure(ok(body)))


async def test_numbers_that_are_too_large_are_left_for_others_to_find() -> None:
    body = b'{"data": [{"embedding": [1e300, null]}]}'

    [[large, missing]] = await vectors(Server(ok(body)).source())

    assert np.isinf(large)
    assert np.isnan(missing)


async def test_an_endless_answer_is_cut() -> None:
    body = b'{"data": [' + b" " * (9 * 1024 * 1024)

    assert "too long" in str(await failure(ok(body)))


async def test_a_vector_of_one_text_is_read_from_base64_bit_by_bit() -> None:
    exact = np.random.default_rng(1).standard_normal(1536).astype("<f4")
    text = base64.b64encode(exact.tobytes()).decode()
    body = orjson.dumps({"data": [{"embedding": text, "index": 0}]})

    rows = await Server(ok(body)).source().vectors(["one"], query=True)

    np.testing.assert_array_equal(rows, [exact])


async def test_closing_lets_go_of_the_network() -> None:
    server = Server(ok(BASE64))
    source = server.source()
    await vectors(source)

    await source.close()

    assert [client.is_closed for client in server.clients] == [True]
