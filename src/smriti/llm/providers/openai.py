"""Any server that speaks OpenAI's chat completions or its Responses: Ollama, vLLM, …"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx2
import openai
import orjson
from openai import Omit

from smriti.llm.headers import parse_headers
from smriti.llm.provider import Credentials, ModelInfo, ProviderEvent, chosen_model
from smriti.llm.providers.bodies import whole
from smriti.llm.providers.failures import FAILURES, StreamBroken, secrets_of
from smriti.llm.providers.openai_client import OpenAIClient
from smriti.llm.providers.openai_errors import Failures
from smriti.llm.providers.openai_request import to_wire
from smriti.llm.providers.openai_responses_request import to_wire as to_responses_wire
from smriti.llm.providers.openai_responses_stream import ResponseReader
from smriti.llm.providers.openai_stream import ReplyReader
from smriti.llm.providers.reading import events_of
from smriti.llm.providers.shared_client import SharedClient
from smriti.llm.types import ModelRequest

MAX_MODELS: Final = 1_000

_FAILURES: Final = (openai.OpenAIError, *FAILURES)


class OpenAIProvider:
    """A connection with one user's credentials.

    `open_http` makes the HTTP client, with its timeouts and guards.
    """

    def __init__(
        self, credentials: Credentials, open_http: Callable[[], httpx2.AsyncClient]
    ) -> None:
        self._base_url = credentials["base_url"]
        self._api_key = credentials.get("api_key", "")
        self._model = credentials.get("model", "")
        self._headers = parse_headers(credentials.get("default_headers", ""))
        self._failures = Failures(self._base_url, secrets_of(credentials, self._headers))
        self._official = httpx2.URL(self._base_url).host == "api.openai.com"
        api = credentials.get("api", "auto")
        self._uses_responses = api == "responses" or (api == "auto" and self._official)
        self._summaries = True
        self._open_http = open_http
        self._client = SharedClient(self._connect)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        model = chosen_model(request, self._model)
        try:
            async with self._client.used() as client, self._answer(client, request, model) as body:
                reader = ResponseReader(model) if self._uses_responses else ReplyReader()
                async for events in _read(body, reader):
                    for event in events:
                        yield event
        except _FAILURES as error:
            # Not chained: the SDK's errors carry what the server said, which may be the key.
            raise self._failures.of(error, model) from None

    async def models(self) -> list[ModelInfo]:
        try:
            async with self._client.used() as client:
                listing = client.models.with_streaming_response.list(extra_headers=self._auth())
                async with listing as response:
                    found = _model_ids(await whole(response.iter_bytes()))
        except _FAILURES as error:
            raise self._failures.of(error, "") from None
        return [
            ModelInfo(model_id=name, model_name=name, display_name=name, provider="OpenAI")
            for name in sorted(found)[:MAX_MODELS]
        ]

    async def close(self) -> None:
        await self._client.close()

    def _auth(self) -> dict[str, str | Omit]:
        """The SDK insists on a key; a local model has none, and gets no header instead."""
        given = self._api_key or any(name.lower() == "authorization" for name in self._headers)
        return {} if given else {"Authorization": Omit()}

    @asynccontextmanager
    async def _answer(
        self, client: OpenAIClient, request: ModelRequest, model: str
    ) -> AsyncIterator[httpx2.Response]:
        response = await self._ask(client, request, model)
        try:
            yield response
        finally:
            await response.aclose()

    async def _ask(
        self, client: OpenAIClient, request: ModelRequest, model: str
    ) -> httpx2.Response:
        if not self._uses_responses:
            wire = to_wire(request, model=model, official=self._official)
            return await client.ask("/chat/completions", wire, headers=self._auth())
        try:
            wire = to_responses_wire(request, model=model, summaries=self._summaries)
            return await client.ask("/responses", wire, headers=self._auth())
        except openai.BadRequestError as error:
            if not self._summaries or error.param != "reasoning.summary":
                raise
        # OpenAI shows what its models think only to organizations that it has verified.
        self._summaries = False
        wire = to_responses_wire(request, model=model, summaries=False)
        return await client.ask("/responses", wire, headers=self._auth())

    def _connect(self) -> OpenAIClient:
        return OpenAIClient(
            base_url=self._base_url,
            api_key=self._api_key,
            headers=self._headers,
            http=self._open_http(),
        )


async def _read(
    response: httpx2.Response, reader: ReplyReader | ResponseReader
) -> AsyncIterator[Sequence[ProviderEvent]]:
    """The answer's events, as many at a time as arrive together."""
    received = response.aiter_raw()
    if "json" in response.headers.get("content-type", ""):  # a server that does not stream
        yield reader.read(await whole(received))
    async for events in events_of(received, reader):
        yield events


def _model_ids(body: bytes) -> set[str]:
    """The ids of a model list: {"data": [{"id": …}]}, or the bare list that some servers send."""
    try:
        listing = orjson.loads(body)
        entries = listing["data"] if isinstance(listing, dict) else listing
        return {str(entry["id"]) for entry in entries or ()}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StreamBroken("sent something that is not a list of models.") from error
