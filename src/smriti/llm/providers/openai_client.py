"""The official client of one endpoint, and a short way through it for the question of every step.

What the SDK does to build a request takes longer than all that follows until it is sent; and the
requests to one path differ in nothing but their bodies. So the first is built and sent by the SDK,
and is the pattern of those that follow.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import anyio
import httpx2
import openai
from openai import AsyncOpenAI, Omit

from smriti.llm.providers.bodies import bound

_LOST: Final = (httpx2.RequestError, ssl.SSLError, anyio.EndOfStream)
"""What the SDK takes for a connection that failed."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What the requests to one path have in common."""

    url: httpx2.URL
    headers: httpx2.Headers
    extensions: dict[str, Any]

    @classmethod
    def of(cls, request: httpx2.Request) -> "_Pattern":
        headers = request.headers.copy()
        del headers["content-length"]
        return cls(request.url, headers, request.extensions)

    def request(self, body: bytes) -> httpx2.Request:
        return httpx2.Request(
            "POST", self.url, headers=self.headers, content=body, extensions=self.extensions
        )


class OpenAIClient(AsyncOpenAI):
    """Knows nothing but what it is given; without a key it sends none."""

    def __init__(
        self, *, base_url: str, api_key: str, headers: Mapping[str, str], http: httpx2.AsyncClient
    ) -> None:
        given = {"Accept-Encoding": "identity", **headers}
        http.event_hooks["response"].append(bound)
        super().__init__(
            api_key=api_key,
            admin_api_key="",
            base_url=base_url,
            default_headers=given,
            max_retries=0,  # whoever asks tries again: a wait can then be shown
            http_client=http,
            _enforce_credentials=False,
        )
        # The SDK also reads OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS from this
        # server's environment; an address that some user typed must not be told them.
        self.organization = self.project = None
        self._custom_headers = given
        self._patterns: dict[str, _Pattern] = {}

    async def ask(
        self, path: str, body: bytes, *, headers: Mapping[str, str | Omit]
    ) -> httpx2.Response:
        """The raw answer to a question, whose `headers` are always the same for a path."""
        pattern = self._patterns.get(path)
        if pattern is not None:
            return await self._sent(pattern.request(body))
        response = await self.post(
            path,
            cast_to=httpx2.Response,
            content=body,
            # What `with_streaming_response.create` does, without walking through the whole prompt.
            options={"headers": {**headers, "X-Stainless-Raw-Response": "stream"}},
        )
        self._patterns[path] = _Pattern.of(response.request)
        return response

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to a request that is built; its failures are told as the SDK tells them."""
        try:
            response = await self._client.send(request, stream=True)
        except httpx2.TimeoutException as error:
            raise openai.APITimeoutError(request) from error
        except _LOST as error:
            raise openai.APIConnectionError(request=request) from error
        if response.is_success:
            return response
        await response.aread()
        raise self._make_status_error_from_response(response)
