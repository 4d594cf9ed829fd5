"""How the store, what counts requests and the connections to models are made; what is heavy is
imported when it is."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Final, assert_never

import httpx2
from pydantic import SecretStr

from smriti.core.config import Config, ConfigurationError
from smriti.core.outbound import outbound_client
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Table
from smriti.llm.catalog import Catalog
from smriti.llm.definitions import PROVIDERS
from smriti.llm.provider import Credentials, Provider, ProviderFactories
from smriti.llm.providers.demo import DemoProvider
from smriti.realtime.memory_windows import MemoryWindows
from smriti.realtime.windows import RateWindows
from smriti.retrieval.embeddings.port import Embedder
from smriti.retrieval.embeddings.source import Source
from smriti.usage.table_windows import TableWindows

_OPENAI_EMBEDDINGS: Final = "text-embedding-3-small"
_BEDROCK_EMBEDDINGS: Final = "amazon.titan-embed-text-v2:0"
_DIMENSIONS: Final = 512
"""Where they can be chosen: `specs/retrieval.md`."""


async def open_table(config: Config, stack: AsyncExitStack) -> Table:
    """The configured engine; `stack` closes it."""
    table: Table
    if config.dynamodb_table is None:
        table = await asyncio.to_thread(
            SqliteTable.open, config.database, durability=config.sqlite_durability
        )
    else:
        from smriti.db.dynamodb import DynamoTable

        table = await DynamoTable.open(
            config.dynamodb_table,
            endpoint=config.dynamodb_endpoint,
            region=config.aws_region_name,
        )
    stack.push_async_callback(table.close)
    return table


def rate_windows(config: Config, table: Table) -> RateWindows | None:
    """Where requests are counted; None when they are not."""
    if not config.rates_enforced:
        return None
    kind = config.rate_windows or ("memory" if config.dynamodb_table is None else "table")
    return MemoryWindows() if kind == "memory" else TableWindows(table)


def provider_factories(config: Config, catalog: Catalog) -> ProviderFactories:
    """How to connect to each provider. SDKs are imported with the first connection."""

    def open_http() -> httpx2.AsyncClient:
        from smriti.core.outbound_aiohttp import stream_client

        return stream_client(
            allow_private=config.private_networks_allowed, timeout_s=config.model_timeout_s
        )

    def openai(credentials: Credentials) -> Provider:
        from smriti.llm.providers.openai import OpenAIProvider

        return OpenAIProvider(credentials, open_http)

    def anthropic(credentials: Credentials) -> Provider:
        from smriti.llm.providers.anthropic import AnthropicProvider

        return AnthropicProvider(credentials, open_http, catalog=catalog)

    # As many as turns, because a thread waits with each; they begin when they are needed.
    threads = ThreadPoolExecutor(config.max_concurrent_turns, thread_name_prefix="smriti-bedrock")

    def bedrock(credentials: Credentials) -> Provider:
        from smriti.llm.providers.bedrock import BedrockProvider

        return BedrockProvider(credentials, threads, silence_s=config.model_timeout_s)

    return {
        "Demo": lambda _: DemoProvider(),
        "OpenAI": openai,
        "Anthropic": anthropic,
        "Bedrock": bedrock,
    }


def make_embedder(config: Config) -> Embedder | None:
    """Who makes vectors, None for `EMBEDDINGS=none`; it connects when it is first asked.

    `ConfigurationError` when it cannot be had as it is configured.
    """
    match config.embeddings:
        case "none":
            return None
        case "openai":
            source = _openai_source(config)
        case "bedrock":
            source = _bedrock_source(config)
        case "local":
            source = _local_source()
        case _:
            assert_never(config.embeddings)
    from smriti.retrieval.embeddings.checked import CheckedEmbedder

    return CheckedEmbedder(source)


def _openai_source(config: Config) -> Source:
    from smriti.retrieval.embeddings.openai import OpenAISource

    def open_http() -> httpx2.AsyncClient:
        # The address is the operator's own word, so that it may be a private one.
        return outbound_client(allow_private=True)

    model = config.embedding_model or _OPENAI_EMBEDDINGS
    offers_fewer = config.embedding_base_url is None and model.startswith("text-embedding-3")
    return OpenAISource(
        open_http,
        base_url=config.embedding_base_url or "https://api.openai.com/v1",
        api_key=_value(config.embedding_api_key),
        model=model,
        dimensions=config.embedding_dimensions or (_DIMENSIONS if offers_fewer else None),
    )


def _bedrock_source(config: Config) -> Source:
    from smriti.retrieval.embeddings.bedrock import BedrockSource

    return BedrockSource(
        model=config.embedding_model or _BEDROCK_EMBEDDINGS,
        dimensions=config.embedding_dimensions,
        region=config.bedrock_region,
        api_key=_value(config.embedding_api_key or config.aws_bearer_token_bedrock),
    )


def _local_source() -> Source:
    try:
        from smriti.retrieval.embeddings.local import MiniLMSource
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"EMBEDDINGS=local needs the package {error.name}, which is not installed. "
            "`uv sync --extra local-embeddings` installs all that it needs."
        ) from error
    return MiniLMSource()


def _value(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


def own_credentials(config: Config) -> dict[str, Credentials]:
    """The process's own keys, for the local owner alone."""
    if not config.local:
        return {}
    found = {
        "OpenAI": (config.openai_api_key, {"base_url": config.openai_base_url}),
        "Anthropic": (config.anthropic_api_key, {"base_url": config.anthropic_base_url}),
        "Bedrock": (config.aws_bearer_token_bedrock, {"region": config.bedrock_region}),
    }
    return {
        name: PROVIDERS[name].validate({**where, "api_key": key.get_secret_value()})
        for name, (key, where) in found.items()
        if key is not None
    }
