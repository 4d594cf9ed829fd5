"""Connections to model providers: kept for the next turn, bounded in number."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import orjson
import structlog

from smriti.llm.provider import (
    Credentials,
    ModelFailed,
    ModelInfo,
    Provider,
    ProviderFactories,
)

log = structlog.get_logger()

MAX_CONNECTIONS: Final = 128
MAX_LISTINGS: Final = 256
LISTING_TIMEOUT_S: Final = 10.0
LISTING_AGE_S: Final = 60.0
FAILED_LISTING_AGE_S: Final = 10.0


@dataclass(slots=True)
class _Listing:
    """A model list and when it grows old. Its lock lets one caller ask and the others wait."""

    models: list[ModelInfo] = field(default_factory=list)
    good_until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ModelService:
    """The process's providers. One connection serves all turns that share its credentials."""

    def __init__(
        self,
        factories: ProviderFactories,
        *,
        max_connections: int = MAX_CONNECTIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._factories = factories
        self._max_connections = max_connections
        self._clock = clock
        self._connections: OrderedDict[bytes, Provider] = OrderedDict()
        self._listings: OrderedDict[bytes, _Listing] = OrderedDict()
        self._making = asyncio.Lock()

    async def connect(self, name: str, credentials: Credentials) -> Provider:
        """The provider `name`, which must be one of the factories, for these credentials.

        It stays usable for whoever holds it, also when newer ones push it out of here.
        """
        key = _key(name, credentials)
        if key in self._connections:
            self._connections.move_to_end(key)
            return self._connections[key]
        async with self._making:
            return self._connections.get(key) or await self._make(key, name, credentials)

    async def _make(self, key: bytes, name: str, credentials: Credentials) -> Provider:
        # In a thread: the first connection of a kind imports its SDK, which takes half a second.
        made = await asyncio.to_thread(self._factories[name], credentials)
        self._connections[key] = made
        if len(self._connections) > self._max_connections:
            _, oldest = self._connections.popitem(last=False)
            await oldest.close()
        return made

    async def offered(self, name: str, credentials: Credentials) -> list[ModelInfo]:
        """What the provider offers to these credentials now; `ModelFailed` when it does not answer.

        By a connection of its own, so that credentials which are only tried push out no others.
        """
        try:
            async with asyncio.timeout(LISTING_TIMEOUT_S):
                provider = await asyncio.to_thread(self._factories[name], credentials)
                try:
                    return await provider.models()
                finally:
                    await provider.close()
        except TimeoutError as error:
            raise ModelFailed(f"{name} did not answer within ten seconds.") from error

    async def models(self, name: str, credentials: Credentials) -> list[ModelInfo]:
        """What the provider offers, at most a minute old.

        The model that the user typed in the settings comes first; when the provider cannot be asked
        within ten seconds it is all there is.
        """
        listing = self._listing(_key(name, credentials))
        async with listing.lock:
            if self._clock() >= listing.good_until:
                found = await self._ask(name, credentials)
                age_s = FAILED_LISTING_AGE_S if found is None else LISTING_AGE_S
                listing.models = _typed_first(name, credentials, found or [])
                listing.good_until = self._clock() + age_s
            return listing.models

    def _listing(self, key: bytes) -> _Listing:
        listing = self._listings.setdefault(key, _Listing())
        self._listings.move_to_end(key)
        if len(self._listings) > MAX_LISTINGS:
            self._listings.popitem(last=False)
        return listing

    async def _ask(self, name: str, credentials: Credentials) -> list[ModelInfo] | None:
        try:
            async with asyncio.timeout(LISTING_TIMEOUT_S):
                return await (await self.connect(name, credentials)).models()
        except (ModelFailed, TimeoutError) as error:
            log.info("models.not_listed", provider=name, error=type(error).__name__)
            return None

    async def close(self) -> None:
        """Let go of every connection. Streams that still run end first."""
        while self._connections:
            _, provider = self._connections.popitem()
            await provider.close()


def _key(name: str, credentials: Credentials) -> bytes:
    """A digest, so that secrets are not kept as keys."""
    return hashlib.sha256(orjson.dumps([name, credentials], option=orjson.OPT_SORT_KEYS)).digest()


def _typed_first(name: str, credentials: Credentials, models: list[ModelInfo]) -> list[ModelInfo]:
    typed = credentials.get("model")
    if not typed:
        return models
    first = ModelInfo(model_id=typed, model_name=typed, display_name=typed, provider=name)
    return [first, *(model for model in models if model.model_id != typed)]
