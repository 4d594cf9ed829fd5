"""A Smriti server as the terminal client sees it, over HTTP."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError

from smriti.agents.models import Agent
from smriti.auth.models import SignedIn
from smriti.auth.sessions import REFRESHED
from smriti.cli.failures import CommandFailed
from smriti.conversations.models import Conversation
from smriti.core.paging import Page
from smriti.memory.archive.models import ArchivalMemory
from smriti.memory.blocks.models import BlockContentView, BlockView

_SILENCE_S: Final = 60.0  # a stream says something every 15 s, if only that it is alive
_PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_EVENT_BYTES: Final = 64 * 1024 * 1024  # a snapshot holds all that was said so far
_ENDS: Final = frozenset({"STREAM_COMPLETE", "ERROR"})
_LOST: Final = "CONNECTION_LOST"
_STATUS: Final = frozenset({"LIFECYCLE_NOTIFICATION", _LOST})
_AGENTS: Final = TypeAdapter(list[Agent])
_BLOCKS: Final = TypeAdapter(list[BlockView])


class ChatEvent(BaseModel):
    """A turn's event, as far as the terminal needs it; CONNECTION_LOST is our own."""

    event_type: str
    turn_id: str | None = None
    seq: int = 0
    content: str | None = None
    tool_name: str | None = None
    tool_args: dict[str, Any] | None = None
    success: bool | None = None


class Refused(CommandFailed):
    """The server answered, and said no. `status` is HTTP's."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(_reason(response))
        self.status = response.status_code
        self.passing = self.status in {502, 503, 504} or "Retry-After" in response.headers


class Lost(CommandFailed):
    """The server did not answer, or not to the end."""


def connect(url: str, *, local: bool) -> httpx2.Client:
    """A client for one server; of this machine it asks no proxy."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandFailed(f"{url!r} is not an address such as https://example.org.")
    timeout = httpx2.Timeout(_SILENCE_S, connect=10.0)
    return httpx2.Client(base_url=url, timeout=timeout, trust_env=not local)


class Remote:
    """The operations of a chat. They raise `Refused` and `CommandFailed`, with a sentence."""

    def __init__(
        self, http: httpx2.Client, *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._http = http
        self._pause = pause

    def sign_in_by_link(self, token: str) -> None:
        self._keep(self._call("POST", "/auth/link", json={"token": token}))

    def sign_in(self, username: str, password: str) -> None:
        account = {"username": username, "password": password}
        self._keep(self._call("POST", "/auth/local/login", json=account))

    def agents(self) -> list[Agent]:
        return self._parsed(_AGENTS, self._call("GET", "/agents"))

    def create_agent(self, values: dict[str, str]) -> Agent:
        return self._parsed(TypeAdapter(Agent), self._call("POST", "/agents", json=values))

    def begin(self, agent: Agent) -> Conversation:
        response = self._call("POST", "/conversations/", json={"agent_id": agent.agent_id})
        return self._parsed(TypeAdapter(Conversation), response)

    def ask(self, conversation: Conversation, text: str) -> Generator[ChatEvent]:
        """The events of the answer to its end, over as many connections as it takes.

        Until it is known that the question is stored, it is sent again when the connection breaks:
        its key keeps it one question. Closing the iterator does not stop the turn.
        """
        key, turn_id = str(uuid4()), ""

        def connect(after: int) -> Generator[ChatEvent]:
            if turn_id:
                return self._attach(conversation, turn_id, after)
            return self._send(conversation, text, key)

        with closing(self._to_the_end(connect)) as events:
            for event in events:
                if event.event_type not in _STATUS:
                    turn_id = event.turn_id or turn_id
                yield event

    def cancel(self, conversation: Conversation, turn_id: str) -> None:
        self._call("POST", f"{_turn_path(conversation, turn_id)}/cancel")

    def blocks(self, agent: Agent) -> list[BlockView]:
        return self._parsed(_BLOCKS, self._call("GET", f"/agents/{agent.agent_id}/memory-blocks"))

    def block(self, agent: Agent, name: str) -> BlockContentView:
        return self._content("GET", agent, name)

    def write_block(
        self, agent: Agent, block: BlockContentView, lines: Sequence[str]
    ) -> BlockContentView:
        """The block with these lines; `Refused` with 409 when somebody else changed it since."""
        body = {"lines": lines, "version": block.version}
        return self._content("PUT", agent, block.block_name, json=body)

    def search_archive(self, agent: Agent, query: str) -> list[ArchivalMemory]:
        path = f"/agents/{agent.agent_id}/archival-memory"
        response = self._call("GET", path, params={"query": query})
        return self._parsed(TypeAdapter(Page[ArchivalMemory]), response).items

    def _to_the_end(self, connect: Callable[[int], Generator[ChatEvent]]) -> Generator[ChatEvent]:
        pauses, after = iter(_PAUSES_S), 0
        while True:
            failure: CommandFailed = Lost("The answer broke off. The server may go on with it.")
            try:
                with closing(connect(after)) as events:
                    for event in events:
                        yield event
                        if event.event_type in _ENDS:
                            return
                        pauses, after = iter(_PAUSES_S), event.seq
            except (Lost, Refused) as error:
                if isinstance(error, Refused) and not error.passing:
                    raise
                failure = error
            if (pause_s := next(pauses, None)) is None:
                raise failure
            yield ChatEvent(event_type=_LOST)
            self._pause(pause_s)

    def _send(self, conversation: Conversation, text: str, key: str) -> Generator[ChatEvent]:
        path = f"/agents/{conversation.agent_id}/{conversation.conversation_id}/send-message"
        headers = {"Idempotency-Key": key}
        return self._stream("POST", path, json={"content": text}, headers=headers)

    def _attach(self, conversation: Conversation, turn_id: str, after: int) -> Generator[ChatEvent]:
        path = f"{_turn_path(conversation, turn_id)}/events"
        return self._stream("GET", path, params={"after": after})

    def _stream(self, method: str, path: str, **options: Any) -> Generator[ChatEvent]:
        with _explained(), self._http.stream(method, path, **options) as response:
            if not response.is_success:
                response.read()
            self._check(response)
            for event in httpx2.EventSource(response, _EVENT_BYTES):
                yield ChatEvent.model_validate_json(event.data)

    def _content(self, method: str, agent: Agent, name: str, **body: Any) -> BlockContentView:
        path = f"/agents/{agent.agent_id}/memory-blocks/{quote(name, safe='')}/content"
        return self._parsed(TypeAdapter(BlockContentView), self._call(method, path, **body))

    def _keep(self, response: httpx2.Response) -> None:
        """Who signed in stays so in this process's memory, and nowhere else."""
        token = self._parsed(TypeAdapter(SignedIn), response).token
        self._http.headers["Authorization"] = f"Bearer {token}"

    def _call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        with _explained():
            response = self._http.request(method, path, **options)
        self._check(response)
        return response

    def _check(self, response: httpx2.Response) -> None:
        if not response.is_success:
            raise Refused(response)
        if REFRESHED in response.headers:
            self._http.headers["Authorization"] = f"Bearer {response.headers[REFRESHED]}"

    def _parsed[T](self, adapter: TypeAdapter[T], response: httpx2.Response) -> T:
        with _explained():
            return adapter.validate_json(response.content)


@contextmanager
def _explained() -> Iterator[None]:
    """What goes wrong between here and the server, as a sentence."""
    try:
        yield
    except httpx2.ConnectError as error:
        raise Lost(f"No server answers there: {error}.") from error
    except httpx2.TransportError as error:
        raise Lost(
            "The connection to the server broke off. A question that reached it is still answered."
        ) from error
    except ValidationError as error:
        raise CommandFailed("What answers there is no Smriti server of this version.") from error


def _turn_path(conversation: Conversation, turn_id: str) -> str:
    return f"/conversations/{conversation.conversation_id}/turns/{quote(turn_id, safe='')}"


def _reason(response: httpx2.Response) -> str:
    """The problem document's sentence, with what was wrong with single fields."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "detail" not in problem:
        return f"The server answered {response.status_code}."
    detail = problem["detail"]
    if isinstance(detail, dict):  # a plan's limit
        detail = detail.get("message")
    faults = [str(fault.get("msg")) for fault in problem.get("errors", [])]
    return ": ".join([str(detail), *faults])
