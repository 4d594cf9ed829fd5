"""The floor: a bare relay that passes chat completions on, and their bytes back as they come.

    uv run bench/passthrough.py --upstream http://127.0.0.1:9901 [--client aiohttp] [--port 9902]

No store, no memory, no parsing, no sign-in. A server that adds these can at best come near to it.
"""

import argparse
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import aiohttp
import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from stub_model import serve

PATH: Final = "/v1/chat/completions"
_TIMEOUT_S: Final = 900.0
_HEADERS: Final = {"content-type": "application/json"}

type Forward = Callable[[bytes], Awaitable[StreamingResponse]]


@asynccontextmanager
async def _aiohttp(url: str) -> AsyncIterator[Forward]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def forward(body: bytes) -> StreamingResponse:
            answer = await session.post(url, data=body, headers=_HEADERS)
            return _streamed(_aiohttp_pieces(answer), answer.status)

        yield forward


async def _aiohttp_pieces(answer: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
    async with answer:
        async for piece in answer.content.iter_any():
            yield piece


@asynccontextmanager
async def _httpx(url: str) -> AsyncIterator[Forward]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits, trust_env=False) as client:

        async def forward(body: bytes) -> StreamingResponse:
            request = client.build_request("POST", url, content=body, headers=_HEADERS)
            answer = await client.send(request, stream=True)
            return _streamed(_httpx_pieces(answer), answer.status_code)

        yield forward


async def _httpx_pieces(answer: httpx.Response) -> AsyncGenerator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


_CLIENTS: Final = {"aiohttp": _aiohttp, "httpx": _httpx}


def relay(upstream: str, client: str) -> Starlette:
    """The application, which passes on by `client`, one of `aiohttp` and `httpx`."""
    forwards: list[Forward] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with _CLIENTS[client](upstream + PATH) as forward:
            forwards.append(forward)
            yield

    async def chat(request: Request) -> StreamingResponse:
        return await forwards[0](await request.body())

    return Starlette(routes=[Route(PATH, chat, methods=["POST"])], lifespan=lifespan)


_streamed = partial(StreamingResponse, media_type="text/event-stream")


def main() -> None:
    parser = argparse.ArgumentParser(description="A bare relay in front of a model server.")
    parser.add_argument("--upstream", required=True, help="where requests go, without /v1")
    parser.add_argument("--client", choices=sorted(_CLIENTS), default="aiohttp")
    parser.add_argument("--port", type=int, default=9902, help="0 for a free one")
    given = parser.parse_args()
    serve(relay(given.upstream, given.client), given.port)


if __name__ == "__main__":
    main()
