"""Anthropic's Messages API, and servers that speak it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import anthropic
import httpx2
import orjson
from anthropic import AsyncAnthropic, AsyncAPIResponse

from smriti.llm.catalog import BUILT_IN, Catalog
from smriti.llm.provider import Credentials, ModelInfo, ProviderEvent, chosen_model
from smriti.llm.providers.anthropic_errors import Failures, said_by
from smriti.llm.providers.anthropic_request import to_wire
from smriti.llm.providers.anthropic_stream import ReplyReader
from smriti.llm.providers.bodies import bound, whole
from smriti.llm.providers.failures import FAILURES, StreamBroken, secrets_of
from smriti.llm.providers.reading import events_of
from smriti.llm.providers.shared_client import SharedClient
from smriti.llm.types import ModelRequest

MAX_MODELS: Final = 1_000

_FAILURES: Final = (anthropic.AnthropicError, *FAILURES)


class AnthropicProvider:
    """A connection with one user's credentials.

    `open_http` makes the HTTP client, with its timeouts and guards.
    """

    def __init__(
        self,
        credentials: Credentials,
        open_http: Callable[[], httpx2.AsyncClient],
        *,
        catalog: Catalog = BUILT_IN,
    ) -> None:
        self._base_url = credentials["base_url"]
        self._api_key = credentials["api_key"]
        self._model = credentials.get("model", "")
        self._thinking_budget = int(credentials.get("thinking_budget", "0"))
        self._failures = Failures(self._base_url, secrets_of(credentials, {}))
        self._open_http = open_http
        self._catalog = catalog
        self._client = SharedClient(self._connect)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        model = chosen_model(request, self._model)
        try:
            async with (
                self._client.used() as client,
                self._answer(client, request, model) as response,
            ):
                async for events in events_of(response.iter_bytes(), ReplyReader()):
                    for event in events:
                        yield event
        except _FAILURES as error:
            # Not chained: the SDK's errors carry what the server said, which may be the key.
            raise self._failures.of(error, model) from None

    async def models(self) -> list[ModelInfo]:
        try:
            async with self._client.used() as client:
                listing = client.models.with_streaming_response.list(limit=MAX_MODELS)
                async with listing as response:
                    found = _model_names(await whole(response.iter_bytes()))
        except _FAILURES as error:
            raise self._failures.of(error, "") from None
        return [
            ModelInfo(model_id=name, model_name=name, display_name=shown, provider="Anthropic")
            for name, shown in list(found.items())[:MAX_MODELS]
        ]

    async def close(self) -> None:
        await self._client.close()

    @asynccontextmanager
    async def _answer(
        self, client: AsyncAnthropic, request: ModelRequest, model: str
    ) -> AsyncIterator[AsyncAPIResponse[object]]:
        budget = self._thinking_budget
        wire_of = partial(
            to_wire, request, model=model, thinking_budget=budget, catalog=self._catalog
        )
        try:
            response = await _post(client, wire_of())
        except anthropic.BadRequestError as error:
            # A turn that waited for somebody, or for a new process, may have a new system prompt:
            # what the model thought under the old one does not count any more.
            if "`thinking`" not in said_by(error):
                raise
            response = await _post(client, wire_of(thoughts=False))
        try:
            yield response
        finally:
            await response.close()

    def _connect(self) -> AsyncAnthropic:
        http = self._open_http()
        http.event_hooks["response"].append(bound)
        client = AsyncAnthropic(
            api_key=self._api_key,
            base_url=self._base_url,
            max_retries=0,  # who asks for the stream tries again, and tells the person so
            open_telemetry=False,
            http_client=http,
        )
        # The SDK also reads ANTHROPIC_CUSTOM_HEADERS from this server's environment; an address
        # that some user typed must not be told them.
        client._custom_headers = {"Accept-Encoding": "identity"}
        return client


async def _post(client: AsyncAnthropic, wire: dict[str, object]) -> AsyncAPIResponse[object]:
    """The SDK's request, and its raw response.

    What `messages.with_streaming_response.create` does, without walking through the whole prompt
    first: that walk costs more CPU than all the rest of a turn's model call.
    """
    return await client.post(
        "/v1/messages",
        cast_to=AsyncAPIResponse[object],
        content=orjson.dumps(wire),
        options={"headers": {"X-Stainless-Raw-Response": "stream"}},
    )


def _model_names(body: bytes) -> dict[str, str]:
    """Ids and names of {"data": [{"id": …, "display_name": …}]}, newest first as they come."""
    try:
        entries = orjson.loads(body)["data"]
        return {
            str(entry["id"]): str(entry.get("display_name") or entry["id"]) for entry in entries
        }
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise StreamBroken("sent something that is not a list of models.") from error
