"""Titan and Cohere through botocore and real bytes, in the forms that AWS documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from smriti.core.config import ConfigurationError
from smriti.retrieval.embeddings.bedrock import BedrockSource
from smriti.retrieval.embeddings.port import EmbeddingFailed, TextsTooLong
from tests.llm.providers.bedrock_server import (
    KEY_ID,
    SECRET,
    Answer,
    Request,
    Server,
    document,
    hang_up,
    refusal,
)

TITAN = "amazon.titan-embed-text-v2:0"
KEY = "bedrock-api-key-1"

TITAN_ANSWER = {
    "embedding": [0.5, -0.25],
    "embeddingsByType": {"float": [0.5, -0.25]},
    "inputTextTokenCount": 3,
}
COHERE_V3_ANSWER = {
    "id": "2d0e7c1c-2f6e-4cf6-a3a0-1f9f7c8a3a5e",
    "texts": ["one", "two"],
    "embeddings": [[0.5, -0.25], [0.5, 1.0]],
    "response_type": "embeddings_floats",
}
COHERE_V4_ANSWER = {
    "id": "2d0e7c1c-2f6e-4cf6-a3a0-1f9f7c8a3a5e",
    "texts": ["one", "two"],
    "embeddings": {"float": [[0.5, -0.25], [0.5, 1.0]]},
    "response_type": "embeddings_by_type",
}


@asynccontextmanager
async def opened(
    server: Server, model: str = TITAN, *, dimensions: int | None = None, api_key: str = KEY
) -> AsyncIterator[BedrockSource]:
    source = BedrockSource(
        model=model,
        dimensions=dimensions,
        region="us-east-1",
        api_key=api_key,
        open_connection=server.open_connection,
    )
    async with server:
        yield source
        await source.close()


async def asked(
    answer: object, model: str, texts: list[str], *, query: bool = False
) -> tuple[Request, list[list[float]]]:
    server = Server(document(200, answer, content_type="application/json"))
    async with opened(server, model) as source:
        rows = await source.vectors(texts, query=query)
    return server.requests[0], rows.tolist()


async def test_titan_is_asked_for_one_text() -> None:
    request, rows = await asked(TITAN_ANSWER, TITAN, ["one"])

    assert rows == [[0.5, -0.25]]
    assert request.line == "POST /model/amazon.titan-embed-text-v2%3A0/invoke HTTP/1.1"
    assert request.host == "bedrock-runtime.us-east-1.amazonaws.com"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.body == {"inputText": "one", "dimensions": 512, "normalize": True}


async def test_the_first_titan_has_no_choice() -> None:
    request, _ = await asked(TITAN_ANSWER, "amazon.titan-embed-text-v1", ["one"])

    assert request.body == {"inputText": "one"}


@pytest.mark.parametrize(
    ("query", "input_type"), [(False, "search_document"), (True, "search_query")]
)
async def test_cohere_is_told_what_texts_are_for(query: bool, input_type: str) -> None:
    request, rows = await asked(
        COHERE_V3_ANSWER, "cohere.embed-multilingual-v3", ["one", "two"], query=query
    )

    assert rows == [[0.5, -0.25], [0.5, 1.0]]
    assert request.body == {
        "texts": ["one", "two"],
        "input_type": input_type,
        "truncate": "END",
    }


async def test_the_fourth_cohere_is_asked_for_a_type_and_dimensions() -> None:
    request, rows = await asked(COHERE_V4_ANSWER, "us.cohere.embed-v4:0", ["one", "two"])

    assert rows == [[0.5, -0.25], [0.5, 1.0]]
    assert request.body == {
        "texts": ["one", "two"],
        "input_type": "search_document",
        "embedding_types": ["float"],
        "output_dimension": 512,
        "truncate": "RIGHT",
    }


@pytest.mark.parametrize(
    ("model", "dimensions", "stored"),
    [
        (TITAN, 256, "bedrock/amazon.titan-embed-text-v2:0/256"),
        ("amazon.titan-embed-text-v1", None, "bedrock/amazon.titan-embed-text-v1/1536"),
        ("cohere.embed-english-v3", 1024, "bedrock/cohere.embed-english-v3/1024"),
        ("global.cohere.embed-v4:0", 1536, "bedrock/global.cohere.embed-v4:0/1536"),
    ],
)
async def test_vectors_are_stored_under_model_and_dimensions(
    model: str, dimensions: int | None, stored: str
) -> None:
    async with opened(Server(), model, dimensions=dimensions) as source:
        assert (source.model, source.model.rpartition("/")[2]) == (stored, str(source.dimensions))


@pytest.mark.parametrize(
    ("model", "dimensions", "told"),
    [
        (TITAN, 300, r"EMBEDDING_DIMENSIONS=300: .* has 256, 512, 1024"),
        ("cohere.embed-english-v3", 512, r"has 1024"),
        ("anthropic.claude-v2", None, r"EMBEDDING_MODEL=anthropic.claude-v2 is not known"),
        ("amazon.titan-embed-image-v1", None, r"is not known"),
    ],
)
async def test_a_wrong_model_is_told_at_once(model: str, dimensions: int | None, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        async with opened(Server(), model, dimensions=dimensions):
            pass


async def test_without_a_key_the_machines_own_credentials_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    server = Server(document(200, TITAN_ANSWER))

    async with opened(server, api_key="") as source:
        await source.vectors(["one"], query=False)

    [request] = server.requests
    assert request.headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={KEY_ID}/")


async def test_a_machine_without_credentials_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")

    async with opened(Server(), api_key="") as source:
        with pytest.raises(EmbeddingFailed, match="AWS_BEARER_TOKEN_BEDROCK"):
            await source.vectors(["one"], query=False)


async def failure(answer: Answer) -> EmbeddingFailed:
    async with opened(Server(answer)) as source:
        with pytest.raises(EmbeddingFailed) as failed:
            await source.vectors(["one"], query=False)
    assert failed.value.__cause__ is None
    return failed.value


@pytest.mark.parametrize(
    ("answer", "transient"),
    [
        (refusal(429, "ThrottlingException", "Too many requests"), True),
        (refusal(503, "ServiceUnavailableException"), True),
        (refusal(500, "InternalServerException"), True),
        (refusal(424, "ModelErrorException"), False),
        (refusal(400, "ValidationException", "Malformed input request"), False),
        (refusal(403, "AccessDeniedException", "No access."), False),
        (refusal(404, "ResourceNotFoundException"), False),
        (hang_up, True),
    ],
)
async def test_what_may_pass_is_told_from_what_will_not(answer: Answer, transient: bool) -> None:
    failed = await failure(answer)

    assert (failed.transient, type(failed)) == (transient, EmbeddingFailed)


async def test_the_key_is_never_repeated() -> None:
    failed = await failure(refusal(400, "ValidationException", f"What is {KEY}?"))

    assert KEY not in f"{failed!s}{failed!r}"


async def test_how_long_to_wait_is_told() -> None:
    assert (await failure(refusal(429, "ThrottlingException", retry_after="9"))).retry_after_s == 9


@pytest.mark.parametrize(
    "message",
    [
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token "
        "count: 9000 ",
        "Malformed input request: #/texts/0: expected maxLength: 2048, actual: 3000",
    ],
)
async def test_texts_that_are_too_long_are_told_as_such(message: str) -> None:
    assert isinstance(await failure(refusal(400, "ValidationException", message)), TextsTooLong)


@pytest.mark.parametrize("answer", [{}, [], None, {"embedding": {}}, {"embedding": ["a"]}])
async def test_what_is_not_a_vector_is_a_failure(answer: object) -> None:
    assert "not a list of vectors" in str(await failure(document(200, answer)))
