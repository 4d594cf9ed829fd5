"""A wire to a server, which tests cut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import urlsplit

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """The address of a server, which does not wait at the end for connections that stay open."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


class Wire:
    """Carries bytes to the server at `to`. `url` is where it begins."""

    def __init__(self, to: str) -> None:
        self.to = to
        self.url = ""
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()

    @classmethod
    @asynccontextmanager
    async def laid(cls, to: str) -> AsyncIterator[Self]:
        wire = cls(to)
        async with listening(wire._carry) as wire.url:
            try:
                yield wire
            finally:
                wire.cut()

    def cut(self) -> None:
        """Whoever is connected is so no more; whoever comes is sent away, until it is mended."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = urlsplit(self.to)
        try:
            far_reader, far_writer = await asyncio.open_connection(address.hostname, address.port)
        except ConnectionError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._open |= ends
        if self._is_cut:
            self.cut()
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._open -= ends


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
