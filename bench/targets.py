"""Who is asked, and one turn with them: a question, read to the end of its stream."""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import aiohttp
import orjson

from servers import Server

_TIMEOUT: Final = aiohttp.ClientTimeout(total=300)
_TAIL: Final = 400
HEADERS: Final = {"content-type": "application/json", "accept": "text/event-stream"}
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

type Json = dict[str, Any]


class TurnFailed(Exception):
    """A turn did not end as it should: what would be measured is not a turn."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a stream shows a piece of the answer, a failure, and that it is complete."""

    token: re.Pattern[bytes]
    failure: re.Pattern[bytes]
    end: bytes


OPENAI: Final = Dialect(
    re.compile(rb'"content":\s*"[^"]'), re.compile(rb'"error":\s*[{"]'), b"data: [DONE]"
)
SMRITI: Final = Dialect(
    re.compile(rb'"event_type":"AGENT_RESPONSE_TO_USER"'),
    re.compile(rb'"event_type":"ERROR"'),
    b'"event_type":"STREAM_COMPLETE"',
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the turns of one conversation are sent. `body` lacks the question."""

    url: str
    dialect: Dialect
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)

    def question(self, text: str) -> bytes:
        if self.dialect is SMRITI:
            return orjson.dumps({"content": text})
        return orjson.dumps(self.body | {"messages": [{"role": "user", "content": text}]})


@dataclass(slots=True)
class Turn:
    """Seconds since the question was sent, and how many pieces the answer had."""

    first_byte: float = 0.0
    first_token: float = 0.0
    total: float = 0.0
    tokens: int = 0


class Target(Protocol):
    """A server under measurement. `pid` is None when its use of the machine cannot be seen."""

    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int | None: ...

    async def places(self, count: int) -> list[Place]:
        """So many new conversations."""
        ...


@dataclass(frozen=True, slots=True)
class OpenAITarget:
    """A server of OpenAI's chat completions, such as the relay. It keeps no conversations."""

    name: str
    base_url: str
    pid: int | None
    model: str = "stub"
    key: str | None = None

    @property
    def on_loopback(self) -> bool:
        return urlsplit(self.base_url).hostname in _LOOPBACK

    async def places(self, count: int) -> list[Place]:
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        url = f"{self.base_url}/chat/completions"
        return [Place(url, OPENAI, {"model": self.model, "stream": True}, headers)] * count


class SmritiTarget:
    """Smriti with an agent that thinks with the stub. `open` signs somebody up for it."""

    name = "smriti"

    def __init__(self, session: aiohttp.ClientSession, server: Server, token: str) -> None:
        self.pid = server.pid
        self.token = token
        self.owner = ""
        self.agent_id = ""
        self._session = session
        self._url = server.url

    @classmethod
    async def open(
        cls, session: aiohttp.ClientSession, server: Server, stub: Server
    ) -> "SmritiTarget":
        """A new account has a provider of its own, and with it connections of its own."""
        target = cls(session, server, "")
        name = f"bench-{secrets.token_hex(4)}"
        account = {"username": name, "password": secrets.token_hex(8)}
        target.owner = f"{name}@local"
        target.token = (await target._post("/auth/local/signup", account))["token"]
        provider = {"base_url": f"{stub.url}/v1", "api_key": name, "model": "stub"}
        await target._post("/settings/providers/OpenAI", provider)
        agent = {
            "agent_name": "Bench",
            "agent_persona": "You are helpful.",
            "agent_architecture": "krishna-memgpt",
            "agent_provider": "OpenAI",
            "session_timeout_minutes": 0,
        }
        target.agent_id = (await target._post("/agents", agent))["agent_id"]
        return target

    def at(self, server: Server) -> "SmritiTarget":
        """The same account and agent, on another server of the same store."""
        moved = SmritiTarget(self._session, server, self.token)
        moved.owner, moved.agent_id = self.owner, self.agent_id
        return moved

    async def places(self, count: int) -> list[Place]:
        # With a title, so that no turn is followed by another that finds one.
        new = {"agent_id": self.agent_id, "title": "Bench"}
        made = [await self._post("/conversations/", new) for _ in range(count)]
        return [self.place(conversation["conversation_id"]) for conversation in made]

    def place(self, conversation_id: str) -> Place:
        url = f"{self._url}/agents/{self.agent_id}/{conversation_id}/send-message"
        return Place(url, SMRITI, {}, self._authorization)

    @property
    def _authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def _post(self, path: str, body: Json) -> Json:
        url = self._url + path
        async with self._session.post(url, json=body, headers=self._authorization) as response:
            if response.status >= 300:
                raise TurnFailed(f"{path}: {response.status} {await response.text()}")
            answer: Json = await response.json()
            return answer


def new_session() -> aiohttp.ClientSession:
    """The client of all turns; every turn that waits has a connection of its own."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=_TIMEOUT)


async def take_turn(session: aiohttp.ClientSession, place: Place, text: str) -> Turn:
    """Ask, and read to the end. `TurnFailed`"""
    turn = Turn()
    reading = Reading(place.dialect, turn)
    body, headers = place.question(text), {**HEADERS, **place.headers}
    began = time.perf_counter()
    async with session.post(place.url, data=body, headers=headers) as response:
        async for piece in response.content.iter_any():
            reading.take(piece, time.perf_counter() - began)
        turn.total = time.perf_counter() - began
    if response.status != 200 or not reading.complete:
        raise TurnFailed(f"{place.url}: {response.status} {reading.tail.decode(errors='replace')}")
    return turn


class Reading:
    """A stream as it is read, whole lines at a time: what we look for must not be cut in two."""

    def __init__(self, dialect: Dialect, turn: Turn) -> None:
        self.tail = b""
        self._dialect = dialect
        self.turn = turn
        self._rest = b""
        self._failed = False

    @property
    def complete(self) -> bool:
        return not self._failed and self.turn.tokens > 0 and self._dialect.end in self.tail

    def take(self, piece: bytes, now: float) -> None:
        turn = self.turn
        turn.first_byte = turn.first_byte or now
        lines, newline, self._rest = (self._rest + piece).rpartition(b"\n")
        whole = lines + newline
        if tokens := len(self._dialect.token.findall(whole)):
            turn.tokens += tokens
            turn.first_token = turn.first_token or now
        self._failed = self._failed or self._dialect.failure.search(whole) is not None
        self.tail = (self.tail + whole + self._rest)[-_TAIL:]
