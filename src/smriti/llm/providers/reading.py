"""Reading a reply from the network, piece by piece, whatever its wire API is."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from smriti.llm.provider import ProviderEvent
from smriti.llm.providers.bodies import drain
from smriti.llm.providers.failures import ErrorInStream, StreamBroken


class Reader(Protocol):
    """The pure reader of one reply. `done`: its end was read."""

    done: bool

    def feed(self, received: bytes) -> list[ProviderEvent]: ...

    def taken(self) -> list[ProviderEvent]:
        """What was read and not given out, because the next thing was a failure."""
        ...

    def end(self) -> list[ProviderEvent]: ...


async def events_of(
    received: AsyncIterator[bytes], reader: Reader
) -> AsyncIterator[Sequence[ProviderEvent]]:
    """The reply's events, as many at a time as arrive together; all of them before a failure."""
    try:
        async for piece in received:
            yield reader.feed(piece)
            if reader.done:
                await drain(received)
                break
        yield reader.end()
    except (StreamBroken, ErrorInStream):
        yield reader.taken()
        raise
