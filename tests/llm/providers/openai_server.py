"""A model server inside the official client's own mock transport, and what it is asked."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from smriti.llm.provider import Finished, ModelFailed, ProviderEvent, TextChunk
from smriti.llm.providers.openai import OpenAIProvider
from smriti.llm.types import ChatMessage, ModelRequest, TextPart
from tests.fakes.http_server import TransportServer

KEY = "sk-test-1234567890"
BASE_URL = "https://models.example/v1"
CREDENTIALS = {"base_url": BASE_URL, "api_key": KEY}
REQUEST = ModelRequest(
    model="m1",
    system="Be kind.",
    messages=(ChatMessage(role="user", parts=(TextPart(text="Hi"),)),),
)
STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
EVENTS: list[ProviderEvent] = [TextChunk("Hello"), Finished("stop")]


class Server(TransportServer):
    """A model server."""

    def provider(self, **credentials: str) -> OpenAIProvider:
        return OpenAIProvider(CREDENTIALS | credentials, self.open)


class Pieces(httpx2.AsyncByteStream):
    """A body in pieces; an exception among them is raised in its place."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            self.read += len(piece)
            yield piece


def streamed(*pieces: bytes | Exception) -> httpx2.Response:
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    return httpx2.Response(200, headers=headers, stream=Pieces(*(pieces or (STREAM,))))


def refusal(status: int, message: str = "") -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"message": message, "type": "x"}})


async def reply(provider: OpenAIProvider, request: ModelRequest = REQUEST) -> list[ProviderEvent]:
    return [event async for event in provider.stream(request)]


async def failure(provider: OpenAIProvider) -> ModelFailed:
    with pytest.raises(ModelFailed) as failed:
        await reply(provider)
    assert failed.value.__cause__ is None
    return failed.value


async def failure_of(provider: OpenAIProvider) -> str:
    return (await failure(provider)).detail
