"""The guarded client for long streams, on aiohttp: a third of the CPU that httpcore2 takes.

Apart from `outbound`, because importing aiohttp takes longer than all the rest of the start.
"""

import asyncio
import io
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import aiohttp
import httpcore2
import httpx2
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from smriti.core.outbound import (
    CONNECT_S,
    CONNECTIONS,
    KEEP_ALIVE_S,
    check_public,
    guarded_client,
    public_address,
    tls_context,
)

_COPIED_BYTES: Final = 1024 * 1024
"""What aiohttp takes at once; a longer body is given to it as a file."""

type AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


class _PublicResolver(AbstractResolver):
    """Resolves to the one address that was checked, so that DNS cannot change its mind."""

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - the port's signature
    ) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(CONNECT_S):
                address = await public_address(host, port)
        except httpcore2.ConnectError as error:
            raise OSError(str(error)) from error
        version = ipaddress.ip_address(address.partition("%")[0]).version
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET if version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _public_socket(info: AddressInfo) -> socket.socket:
    """The last gate: every connection comes through here, also one to an address without a name."""
    family, kind, protocol, _, address = info
    check_public(str(address[0]), host=str(address[0]))
    return socket.socket(family, kind, protocol)


class _Body(httpx2.AsyncByteStream):
    """What the server sends, as it arrives, never decompressed."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self._response.content
        with _told_by_httpx2():
            while piece := await _next_piece(content):
                yield piece

    async def aclose(self) -> None:
        # A connection is used again only when it was read to the end.
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


async def _next_piece(content: aiohttp.StreamReader) -> bytes:
    """What has arrived; nothing at the end. aiohttp itself forgets it when the connection breaks
    before it was fetched."""
    if content.exception() is not None and content._buffer:
        return content._read_nowait(-1)
    return await content.readany()


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends over aiohttp; unless private networks are allowed, it checks every connection.

    No redirects, no proxies, no netrc, no cookies, no decompression.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        limits = request.extensions["timeout"]
        with _told_by_httpx2():
            # aiohttp does not bound how long a server may take to read the request.
            async with asyncio.timeout(limits["pool"] + limits["write"] + limits["read"]):
                response = await self._connected().request(
                    request.method,
                    URL(str(request.url), encoded=True),
                    headers=request.headers.multi_items(),
                    data=io.BytesIO(body) if len(body) > _COPIED_BYTES else body or None,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(
                        connect=limits["pool"],
                        sock_connect=limits["connect"],
                        sock_read=limits["read"],
                    ),
                )
        return httpx2.Response(
            response.status,
            headers=response.raw_headers,
            stream=_Body(response),
            extensions={
                "http_version": b"HTTP/1.1",
                "reason_phrase": (response.reason or "").encode("ascii", "replace"),
            },
        )

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:  # it wants the running event loop
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _connector(self) -> aiohttp.TCPConnector:
        guarded = not self._allow_private
        return aiohttp.TCPConnector(
            ssl=tls_context(),
            limit=CONNECTIONS,
            keepalive_timeout=KEEP_ALIVE_S,
            use_dns_cache=False,
            resolver=_PublicResolver() if guarded else None,
            socket_factory=_public_socket if guarded else None,
        )

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


@contextmanager
def _told_by_httpx2() -> Iterator[None]:
    """What goes wrong, in the exceptions of httpx2, which the rest of the program knows."""
    try:
        yield
    except (aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError) as error:
        connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
        raise (httpx2.ConnectTimeout if connecting else httpx2.ReadTimeout)(str(error)) from error
    except TimeoutError as error:
        raise httpx2.WriteTimeout("The server did not take the request.") from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx2.UnsupportedProtocol(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(str(error)) from error
    except (aiohttp.ClientError, HttpProcessingError) as error:
        raise httpx2.ReadError(str(error)) from error


def stream_client(*, allow_private: bool, timeout_s: float) -> httpx2.AsyncClient:
    """As `outbound_client`, for answers that come in many small pieces."""
    return guarded_client(AiohttpTransport(allow_private=allow_private), timeout_s=timeout_s)
