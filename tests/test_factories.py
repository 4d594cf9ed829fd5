"""What the settings make: here, who makes vectors."""

import sys
from typing import Any

import pytest

from smriti.core.config import Config, ConfigurationError
from smriti.factories import make_embedder


async def made(**values: Any) -> tuple[str, int | None] | None:
    embedder = make_embedder(Config(_env_file=None, **values))
    if embedder is None:
        return None
    await embedder.close()
    return embedder.model, embedder.dimensions


async def test_by_default_nobody_makes_vectors() -> None:
    assert await made() is None


@pytest.mark.parametrize(
    ("values", "model", "dimensions"),
    [
        (
            {"embeddings": "openai", "embedding_api_key": "sk-1"},
            "openai/text-embedding-3-small/512",
            512,
        ),
        (
            {
                "embeddings": "openai",
                "embedding_base_url": "http://127.0.0.1:11434/v1",
                "embedding_model": "nomic-embed-text",
            },
            "openai/nomic-embed-text",
            None,
        ),
        (
            {
                "embeddings": "openai",
                "embedding_api_key": "sk-1",
                "embedding_model": "text-embedding-ada-002",
            },
            "openai/text-embedding-ada-002",
            None,
        ),
        (
            {"embeddings": "bedrock", "embedding_dimensions": 256},
            "bedrock/amazon.titan-embed-text-v2:0/256",
            256,
        ),
        ({"embeddings": "local"}, "local/all-MiniLM-L6-v2", 384),
    ],
)
async def test_each_kind_has_its_model(
    values: dict[str, Any], model: str, dimensions: int | None
) -> None:
    assert await made(**values) == (model, dimensions)


async def test_a_dimension_that_the_model_does_not_have_is_told_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="EMBEDDING_DIMENSIONS=300"):
        await made(embeddings="bedrock", embedding_dimensions=300)


async def test_a_missing_extra_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "smriti.retrieval.embeddings.local", raising=False)
    monkeypatch.setitem(sys.modules, "tokenizers", None)

    with pytest.raises(ConfigurationError, match=r"tokenizers.*uv sync --extra local-embeddings"):
        await made(embeddings="local")
