"""A server inside the client's transport: answers what it was told to, keeps the requests."""

from collections.abc import Iterator
from typing import Any

import httpx2
import orjson

from smriti.cli.remote import Remote

AGENT = {
    "agent_id": "a1",
    "agent_name": "Librarian",
    "agent_architecture": "krishna-memgpt",
    "agent_provider": "Demo",
    "agent_persona": "Knows every shelf.",
    "created_by": "owner@local",
}
TALK = {
    "conversation_id": "c1",
    "title": "New conversation",
    "agent_id": "a1",
    "created_by": "owner@local",
}
SEND = "POST /agents/a1/c1/send-message"
EVENTS = "GET /conversations/c1/turns/t1/events"
CANCEL = "POST /conversations/c1/turns/t1/cancel"

type Answer = httpx2.Response | Exception


class Pieces(httpx2.SyncByteStream):
    """A body in pieces; an exception among them is raised in its place."""

    def __init__(self, *pieces: bytes | BaseException) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece


class FakeServer:
    def __init__(self, answers: dict[str, list[Answer]] | None = None) -> None:
        self.requests: list[httpx2.Request] = []
        self.pauses: list[float] = []
        self._answers: dict[str, list[Answer]] = {
            "GET /agents": [answer([AGENT])],
            "POST /conversations/": [answer(TALK)],
            **(answers or {}),
        }

    def remote(self) -> Remote:
        transport = httpx2.MockTransport(self._answer)
        http = httpx2.Client(transport=transport, base_url="http://127.0.0.1:8000")
        return Remote(http, pause=self.pauses.append)

    def asked(self, what: str) -> list[httpx2.Request]:
        return [request for request in self.requests if self._name(request) == what]

    def sent(self, what: str) -> list[Any]:
        """The bodies that came with these requests."""
        return [orjson.loads(request.content) for request in self.asked(what)]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        prepared = self._answers[self._name(request)]
        given = prepared.pop(0) if len(prepared) > 1 else prepared[0]
        if isinstance(given, Exception):
            raise given
        return given

    def _name(self, request: httpx2.Request) -> str:
        return f"{request.method} {request.url.path}"


def answer(body: Any, status: int = 200, *, refreshed: str | None = None) -> httpx2.Response:
    headers = {"X-Refreshed-Token": refreshed} if refreshed else {}
    return httpx2.Response(status, json=body, headers=headers)


def stream(*pieces: bytes | BaseException) -> httpx2.Response:
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    return httpx2.Response(200, headers=headers, stream=Pieces(*pieces))


def frame(event_type: str, content: str | None = None, **members: Any) -> bytes:
    event = {"event_type": event_type, "content": content, "turn_id": "t1", "seq": 1, **members}
    return b"data: " + orjson.dumps(event) + b"\n\n"


def said(text: str, seq: int = 1) -> bytes:
    return frame("AGENT_RESPONSE_TO_USER", text, seq=seq)


def block(*lines: str, version: int = 1, name: str = "human") -> httpx2.Response:
    return answer(
        {
            "block_name": name,
            "lines": lines,
            "word_count": 0,
            "word_limit": 5000,
            "capacity_percent": 0.0,
            "is_default": True,
            "version": version,
            "updated_at": None,
            "updated_by": None,
        }
    )
