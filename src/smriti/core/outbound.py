"""The HTTP client for addresses that users or models give: kept out of private networks."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from functools import cache
from typing import Final

import httpcore2
import httpx2

from smriti.core.errors import Invalid

CONNECTIONS: Final = 256
CONNECT_S: Final = 10.0
KEEP_ALIVE_S: Final = 5.0
_LIMITS: Final = httpx2.Limits(
    max_connections=CONNECTIONS, max_keepalive_connections=64, keepalive_expiry=KEEP_ALIVE_S
)


class AddressRefused(Invalid):
    slug = "address-refused"


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects only to an address that was checked itself, so that DNS cannot change its mind."""

    def __init__(self) -> None:
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the port's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        address = await public_address(host, port)
        return await self._backend.connect_tcp(
            address, port, timeout, local_address, socket_options
        )


async def public_address(host: str, port: int) -> str:
    """The first address of `host`, when all of them are public; else `AddressRefused`."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore2.ConnectError(f"The name {host!r} cannot be resolved.") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        check_public(address, host=host)
    return addresses[0]


def check_public(address: str, *, host: str) -> None:
    """`AddressRefused`, in which `host` is named, when `address` is not a public one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    if not (mapped or parsed).is_global:
        raise AddressRefused(
            f"{host!r} is an address of a private network, which this server does not reach. "
            "Its operator can allow that with ALLOW_PRIVATE_NETWORKS=on."
        )


@cache
def tls_context() -> ssl.SSLContext:
    """One for the process: reading all root certificates takes 17 ms and 0.7 MB every time."""
    return httpx2.create_ssl_context(trust_env=False)


class OutboundTransport(httpx2.AsyncHTTPTransport):
    """The usual transport; unless private networks are allowed, it checks every connection."""

    def __init__(self, *, allow_private: bool) -> None:
        super().__init__(verify=tls_context(), trust_env=False, limits=_LIMITS)
        if not allow_private:
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=tls_context(),
                max_connections=_LIMITS.max_connections,
                max_keepalive_connections=_LIMITS.max_keepalive_connections,
                keepalive_expiry=_LIMITS.keepalive_expiry,
                network_backend=_GuardedBackend(),
            )


def outbound_client(*, allow_private: bool, timeout_s: float = 60.0) -> httpx2.AsyncClient:
    """A client for addresses that others give."""
    return guarded_client(OutboundTransport(allow_private=allow_private), timeout_s=timeout_s)


def guarded_client(transport: httpx2.AsyncBaseTransport, *, timeout_s: float) -> httpx2.AsyncClient:
    """A client that never follows a redirect by itself: each hop is a new address to check."""
    return httpx2.AsyncClient(
        transport=transport,
        timeout=httpx2.Timeout(timeout_s, connect=CONNECT_S),
        follow_redirects=False,
        trust_env=False,
    )
