"""Model servers on this machine, looked for at the ports where they usually listen.

Ollama is looked for where its own `OLLAMA_HOST` says; all others on this machine only.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import httpx2
from pydantic import BaseModel, StringConstraints, ValidationError

from smriti.core.errors import AppError
from smriti.llm.provider import ModelInfo

PATIENCE_S: Final = 2.0
AGE_S: Final = 10.0
_MAX_BYTES: Final = 256 * 1024

type ServerName = Literal["Ollama", "LM Studio", "llama.cpp"]


class LocalServer(BaseModel):
    """A server that answers; `base_url` is what the settings of `OpenAI` take."""

    name: ServerName
    base_url: str
    models: list[ModelInfo]


@dataclass(frozen=True, slots=True)
class Place:
    name: ServerName
    base_url: str


def usual_places(ollama_url: str) -> list[Place]:
    """Where a server in local mode looks; one in production must look nowhere."""
    return [
        Place("Ollama", f"{ollama_url}/v1"),
        Place("LM Studio", "http://127.0.0.1:1234/v1"),
        Place("llama.cpp", "http://127.0.0.1:8080/v1"),
    ]


class _Model(BaseModel):
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Models(BaseModel):
    data: list[_Model]


class LocalServers:
    """Who serves models at these places."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        places: Sequence[Place],
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._places = places
        self._patience_s = patience_s
        self._clock = clock
        self._found: list[LocalServer] = []
        self._good_until = 0.0
        self._asking = asyncio.Lock()

    async def found(self) -> list[LocalServer]:
        """At most ten seconds old; whoever does not answer within two seconds is not there."""
        async with self._asking:
            if self._clock() >= self._good_until:
                asked = await asyncio.gather(*(self._ask(place) for place in self._places))
                self._found = [server for server in asked if server is not None]
                self._good_until = self._clock() + AGE_S
            return self._found

    async def _ask(self, place: Place) -> LocalServer | None:
        try:
            async with asyncio.timeout(self._patience_s):
                body = await self._read(f"{place.base_url}/models")
            listed = _Models.model_validate_json(body)
        except (httpx2.HTTPError, AppError, TimeoutError, ValidationError):
            return None
        models = [
            ModelInfo(model_id=name, model_name=name, display_name=name, provider="OpenAI")
            for name in sorted({model.id for model in listed.data})
        ]
        return LocalServer(name=place.name, base_url=place.base_url, models=models)

    async def _read(self, url: str) -> bytes:
        """The body of an answer of 200; of one that is too long, nothing."""
        body = bytearray()
        as_it_is = {"Accept-Encoding": "identity"}
        async with self._http.stream("GET", url, headers=as_it_is) as response:
            if response.status_code != 200:
                return b""
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > _MAX_BYTES:
                    return b""
        return bytes(body)
