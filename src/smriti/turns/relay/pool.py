"""Several servers that do the same: the least busy is asked, and another one when it fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final
from urllib.parse import urlsplit

import httpx2
import orjson
import structlog

MAX_ANSWER_BYTES: Final = 1024 * 1024
RETRIES: Final = 2
_LOOK_EVERY_S: Final = 10.0
_LOOK_S: Final = 5.0

type Json = dict[str, Json] | list[Json] | str | int | float | bool | None

log = structlog.get_logger()


class ServerFailed(Exception):
    """One server did not do it; another one may."""


class NotThere(ServerFailed):
    """It is well, and does not know what it was asked about."""


class RequestRefused(Exception):
    """The server is well and does not take the request; another one would not, either."""


@dataclass(eq=False, slots=True)
class Instance:
    """A server: agents are made at `make`, questions are asked at `ask`; either may be empty.

    `under_way` counts what waits for a place there, too.
    """

    make: str
    ask: str
    places: asyncio.Semaphore
    under_way: int = 0
    well: bool = True
    turn: int = 0

    @property
    def name(self) -> str:
        """Its address without what may be secret in it."""
        address = urlsplit(self.ask or self.make)
        host = address.netloc.rpartition("@")[2]
        return f"{address.scheme}://{host}{address.path}"

    @property
    def root(self) -> str:
        return urlsplit(self.ask or self.make)._replace(path="/", query="").geturl()


class Pool:
    """`limit_s`: for an answer, and as long again for a place; `batch`: so many requests are under
    way at one server, more wait. Every server is looked at now and then, by `watch`."""

    def __init__(
        self,
        name: str,
        addresses: Sequence[tuple[str, str]],
        http: httpx2.AsyncClient,
        *,
        limit_s: float,
        batch: int,
    ) -> None:
        self.name = name
        self.instances = [Instance(*pair, asyncio.Semaphore(batch)) for pair in addresses]
        self._http = http
        self._limit_s = limit_s
        self._turns = count(1)

    async def run[T](self, work: Callable[[Instance], Awaitable[T]]) -> T:
        """What `work` makes of the least busy server; after it fails, of two others.

        `ServerFailed` when all three did.
        """
        tried: list[Instance] = []
        while True:
            instance = self._least_busy(tried)
            tried.append(instance)
            try:
                async with self._place(instance):
                    return await work(instance)
            except ServerFailed as failure:
                log.warning("relay.failed", server=instance.name, error=str(failure))
                if len(tried) > RETRIES:
                    raise

    def _least_busy(self, tried: Sequence[Instance]) -> Instance:
        """One that was not tried, that is well, that has least to do, that had its turn longest
        ago: in this order."""
        chosen = min(
            self.instances, key=lambda i: (tried.count(i), not i.well, i.under_way, i.turn)
        )
        chosen.turn = next(self._turns)
        return chosen

    @asynccontextmanager
    async def _place(self, instance: Instance) -> AsyncIterator[None]:
        instance.under_way += 1
        try:
            try:
                async with asyncio.timeout(self._limit_s):
                    await instance.places.acquire()
            except TimeoutError as error:
                raise ServerFailed(f"{self.name} has too much to do.") from error
            try:
                yield
            finally:
                instance.places.release()
        finally:
            instance.under_way -= 1

    async def post(self, instance: Instance, address: str, body: Json) -> Json:
        """The server's answer. `ServerFailed`, `NotThere`, `RequestRefused`."""
        try:
            async with asyncio.timeout(self._limit_s):
                status, answer = await self._exchange(address, body)
        except TimeoutError as error:
            instance.well = False
            raise ServerFailed(
                f"{self.name} did not answer within {self._limit_s:.0f} seconds."
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            instance.well = False
            raise ServerFailed(f"{self.name} cannot be reached.") from error
        instance.well = status < 500
        return self._read(status, answer)

    def _read(self, status: int, answer: bytes) -> Json:
        if status in {404, 410}:
            raise NotThere(f"{self.name} does not know this agent.")
        if status >= 500 or status in {408, 429}:
            raise ServerFailed(f"{self.name} answered with status {status}.")
        if status >= 300:
            raise RequestRefused(f"{self.name} refused the request with status {status}.")
        try:
            read: Json = orjson.loads(answer)
            orjson.dumps(read)  # of more levels than it writes, it reads
        except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
            raise ServerFailed(f"{self.name} answered with something that is no JSON.") from error
        return read

    async def _exchange(self, address: str, body: Json) -> tuple[int, bytes]:
        async with self._http.stream("POST", address, json=body) as response:
            answer = bytearray()
            async with aclosing(response.aiter_bytes()) as pieces:
                async for piece in pieces:
                    answer += piece
                    if len(answer) > MAX_ANSWER_BYTES:
                        raise ServerFailed(f"{self.name} answered with more than a megabyte.")
        return response.status_code, bytes(answer)

    async def watch(self) -> None:
        """See which servers are well, for as long as the process lives."""
        while self.instances:
            await asyncio.gather(*map(self.look_at, self.instances))
            await asyncio.sleep(_LOOK_EVERY_S)

    async def look_at(self, instance: Instance) -> None:
        """Whatever it answers at its root, it is well unless it says that it is not."""
        try:
            async with (
                asyncio.timeout(_LOOK_S),
                self._http.stream("GET", instance.root) as response,
            ):
                well = response.status_code < 500
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError):
            well = False
        if well is not instance.well:
            log.info("relay.looked", server=instance.name, well=well)
        instance.well = well
