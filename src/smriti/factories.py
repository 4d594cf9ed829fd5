"""How the store and the connections to models are made; what is heavy is imported when it is."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import httpx2

from smriti.core.config import Config
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Table
from smriti.llm.catalog import Catalog
from smriti.llm.definitions import PROVIDERS
from smriti.llm.provider import Credentials, Provider, ProviderFactories
from smriti.llm.providers.demo import DemoProvider


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
