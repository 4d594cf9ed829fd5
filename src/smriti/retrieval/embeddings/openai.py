"""Any server that speaks OpenAI's /embeddings: Ollama, vLLM, text-embeddings-inference, …"""

import asyncio
import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import anyio
import httpx2
import numpy as np
import openai
import orjson
from numpy.typing import NDArray
from openai import AsyncOpenAI, Omit

from smriti.core.errors import AppError
from smriti.llm.providers.bodies import bound, whole
from smriti.llm.providers.failures import StreamBroken, secrets_of
from smriti.llm.providers.openai_errors import Failures
from smriti.llm.providers.shared_client import SharedClient
from smriti.retrieval.embeddings.port import EmbeddingFailed, TextsTooLong, Vectors
from smriti.retrieval.embeddings.source import Limits

# What the SDK and its transport raise while they send and read; anyio's from a cut TLS connection.
_FAILURES: Final = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    OSError,
    anyio.EndOfStream,
    AppError,
    StreamBroken,
)

_REFUSALS: Final = {400, 413, 422, 500}
_TOO_LONG: Final = re.compile(r"(?i)\btokens\b|context length|input length|too (long|large)")


class OpenAISource:
    """`open_http` makes the HTTP client, with its timeouts."""

    limits = Limits()

    def __init__(
        self,
        open_http: Callable[[], httpx2.AsyncClient],
        *,
        base_url: str,
        api_key: str,
        model: str,
        dimensions: int | None,
    ) -> None:
        self.model = f"openai/{model}/{dimensions}" if dimensions else f"openai/{model}"
        self.dimensions = dimensions
        self._open_http = open_http
        self._base_url = base_url
        self._api_key = api_key
        self._named = model
        self._failures = Failures(base_url, secrets_of({"api_key": api_key}, {}))
        self._client = SharedClient(self._connect)

    async def vectors(self, texts: Sequence[str], *, query: bool) -> Vectors:  # noqa: ARG002 - the same for all
        try:
            async with self._client.used() as client:
                response = await self._post(client, texts)
                try:
                    body = await whole(response.aiter_bytes())
                finally:
                    await response.aclose()
            return await asyncio.to_thread(_read, body)
        except _FAILURES as error:
            # Not chained: the SDK's errors carry what the server said, which may be the key.
            raise self._failure(error) from None

    async def close(self) -> None:
        await self._client.close()

    async def _post(self, client: AsyncOpenAI, texts: Sequence[str]) -> httpx2.Response:
        wire: dict[str, object] = {
            "model": self._named,
            "input": texts,
            "encoding_format": "base64",
        }
        if self.dimensions:
            wire["dimensions"] = self.dimensions
        # A server without keys gets no header; the SDK would insist on one.
        auth: dict[str, str | Omit] = {} if self._api_key else {"Authorization": Omit()}
        return await client.post(
            "/embeddings",
            cast_to=httpx2.Response,
            content=orjson.dumps(wire),
            options={"headers": {**auth, "X-Stainless-Raw-Response": "stream"}},
        )

    def _failure(self, error: Exception) -> EmbeddingFailed:
        told = self._failures.of(error, self._named)
        if isinstance(error, openai.APIStatusError) and error.status_code in _REFUSALS:
            if self.dimensions and "dimension" in error.message.lower():
                return EmbeddingFailed(
                    f"{self._base_url} does not take {self.dimensions} dimensions for "
                    f"{self._named!r}. Change or remove EMBEDDING_DIMENSIONS. {told.detail}"
                )
            if _TOO_LONG.search(error.message):
                return TextsTooLong(told.detail)
        return EmbeddingFailed(
            told.detail, transient=told.transient, retry_after_s=told.retry_after_s
        )

    def _connect(self) -> AsyncOpenAI:
        http = self._open_http()
        http.event_hooks["response"].append(bound)
        client = AsyncOpenAI(
            api_key=self._api_key,
            admin_api_key="",
            base_url=self._base_url,
            default_headers={"Accept-Encoding": "identity"},
            max_retries=0,  # whoever asks tries again
            http_client=http,
            _enforce_credentials=False,
        )
        # The SDK also reads OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS: they
        # belong to another address.
        client.organization = client.project = None
        client._custom_headers = {"Accept-Encoding": "identity"}
        return client


def _read(body: bytes) -> Vectors:
    """The vectors in the order of the texts; `StreamBroken` when there are none."""
    try:
        entries = list(enumerate(orjson.loads(body)["data"]))
        entries.sort(key=lambda entry: _place(*entry))
        return np.stack([_vector(entry["embedding"]) for _, entry in entries])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StreamBroken("sent something that is not a list of vectors.") from error


def _place(position: int, entry: Mapping[str, Any]) -> int:
    return int(entry.get("index", position))


def _vector(embedding: str | list[float]) -> NDArray[np.float32]:
    """Base64 was asked for; a server that does not know it sends numbers."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), "<f4")
    with np.errstate(over="ignore"):  # what is infinite is found later
        return np.array(embedding, np.float32)
