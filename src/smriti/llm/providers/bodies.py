"""Bodies of answers, read no further and no longer than is good for the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import httpx2

from smriti.llm.providers.failures import StreamBroken

_MAX_BODY_BYTES: Final = 8 * 1024 * 1024
_MAX_ERROR_BYTES: Final = 64 * 1024
_ERROR_S: Final = 10.0
_DRAIN_S: Final = 1.0


class _FirstBytes(httpx2.AsyncByteStream):
    """A response body that ends after so many bytes, or some seconds."""

    def __init__(self, body: httpx2.AsyncByteStream, limit: int) -> None:
        self._body = body
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._limit
        with suppress(TimeoutError):
            async with asyncio.timeout(_ERROR_S):
                async for piece in self._body:
                    yield piece[:left]
                    left -= len(piece)
                    if left <= 0:
                        return

    async def aclose(self) -> None:
        await self._body.aclose()


async def bound(response: httpx2.Response) -> None:
    """What was compressed without being asked for is not opened: a bomb would stop the event loop.

    The SDKs read the body of an error whole; an endless one must not fill the memory.
    """
    response.headers.pop("content-encoding", None)
    if response.status_code >= 300 and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _FirstBytes(response.stream, _MAX_ERROR_BYTES)


async def whole(received: AsyncIterator[bytes]) -> bytes:
    """The body; `StreamBroken` when it is too long."""
    body = bytearray()
    async for piece in received:
        body += piece
        if len(body) > _MAX_BODY_BYTES:
            raise StreamBroken("sent an answer that is too long.")
    return bytes(body)


async def drain(received: AsyncIterator[bytes]) -> None:
    """Read to the end, so that the connection can be used again; not for ever."""
    try:
        async with asyncio.timeout(_DRAIN_S):
            async for _ in received:
                pass
    except (TimeoutError, httpx2.HTTPError):
        return  # the answer is complete; only the connection is lost
