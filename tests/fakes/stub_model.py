"""A small server that speaks OpenAI's chat completions, and does what the question tells it to.

Directives in the newest message of the person, after the time at which it was sent:
    [tool:NAME|key=value|key=value]  call the tool first; several are called one after another
    [par]                            all of them in one step
    [say:TEXT]                       answer exactly this
    [tokens=64] [ttft=50] [itl=5]    how many words; milliseconds to the first, and between them
    [reason=3]                       so many words of reasoning come first
    [fail=503]                       answer with this status
    [abort]                          break off after half of the answer
"""

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

_DIRECTIVE = re.compile(r"\[(tool|say|tokens|ttft|itl|reason|fail)[:=]([^\]]*)\]")
_WORDS = ("the", "stub", "answers", "with", "plain", "words", "one", "after", "another")
_TITLE = "<question>"  # how a request for a title begins: it quotes directives, and means none

type Json = dict[str, Any]


@dataclass
class Plan:
    """What a question asks for."""

    calls: list[Json] = field(default_factory=list)
    words: Sequence[str] = ()
    reasons: int = 0
    first_s: float = 0.0
    between_s: float = 0.0
    status: int = 200
    aborts: bool = False

    @classmethod
    def of(cls, request: Json) -> Self:
        messages = request["messages"]
        asked = max(n for n, message in enumerate(messages) if message["role"] == "user")
        text = _text(messages[asked]["content"])
        if text.startswith(_TITLE):
            return cls(words=["A", " title"])
        text = text.rpartition("</time>")[2]  # questions without an answer come as one message
        told = dict(_DIRECTIVE.findall(text))
        calls = [_call(value) for name, value in _DIRECTIVE.findall(text) if name == "tool"]
        steps = [calls] if "[par]" in text else [[call] for call in calls]
        done = sum("tool_calls" in message for message in messages[asked + 1 :])
        count = int(told.get("tokens", 8))
        spoken = told["say"].split(" ") if "say" in told else (_WORDS * count)[:count]
        return cls(
            calls=steps[done] if done < len(steps) else [],
            words=[word if n == 0 else f" {word}" for n, word in enumerate(spoken)],
            reasons=int(told.get("reason", 0)),
            first_s=float(told.get("ttft", 0)) / 1000,
            between_s=float(told.get("itl", 0)) / 1000,
            status=int(told.get("fail", 200)),
            aborts="[abort]" in text,
        )


def _text(content: str | list[Json]) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _call(directive: str) -> Json:
    name, *pairs = directive.split("|")
    arguments: Json = {}
    for key, value in (pair.split("=", 1) for pair in pairs):
        arguments[key] = int(value) if value.isdigit() else value
    return {"name": name, "arguments": orjson.dumps(arguments).decode()}


class StubModel:
    """The ASGI application. `requests` are the chat completions that it was asked for."""

    def __init__(self) -> None:
        self.requests: list[Json] = []
        self.url = ""

    @property
    def questions(self) -> list[Json]:
        """The requests that a person's message led to; titles are left out."""
        return [request for request in self.requests if not is_for_title(request)]

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        assert scope["type"] == "http"
        body = await _body(receive)
        if scope["path"] == "/v1/models":
            models = [{"id": "stub", "object": "model", "created": 0, "owned_by": "stub"}]
            await _send_json(send, {"object": "list", "data": models})
            return
        request = orjson.loads(body)
        self.requests.append(request)
        await self.answer(request, receive, send)

    async def answer(
        self, request: Json, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        plan = Plan.of(request)
        if plan.status != 200:
            await send_failure(send, plan.status)
            return
        await _stream(plan, send)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve on a free loopback port, in a thread of its own; `url` is the base URL."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            options = uvicorn.Config(
                self, lifespan="off", log_config=None, timeout_graceful_shutdown=1
            )
            server = uvicorn.Server(options)
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                yield self
            finally:
                server.should_exit = True
                thread.join()


def is_for_title(request: Json) -> bool:
    return _text(request["messages"][-1].get("content") or "").startswith(_TITLE)


async def _body(receive: ASGIReceiveCallable) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += message["body"]
        if not message["more_body"]:
            return body


async def _stream(plan: Plan, send: ASGISendCallable) -> None:
    await start(send)
    async for chunk in _chunks(plan):
        await send_piece(send, b"data: " + orjson.dumps(chunk) + b"\n\n")
    if plan.aborts:
        return  # without the last, empty piece the connection ends in the middle
    await send_piece(send, b"data: [DONE]\n\n", last=True)


async def _chunks(plan: Plan) -> AsyncIterator[Json]:
    await asyncio.sleep(plan.first_s)
    for _ in range(plan.reasons):
        yield chunk_of({"reasoning_content": "hm "})
    for index, call in enumerate(plan.calls):
        yield chunk_of({"tool_calls": [_told(index, {**call, "arguments": ""})]})
        for piece in re.findall(r"(?s).{1,7}", call["arguments"]):
            yield chunk_of({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    words = [] if plan.calls else plan.words
    for word in words[: len(words) // 2] if plan.aborts else words:
        yield chunk_of({"content": word})
        await asyncio.sleep(plan.between_s)
    if not plan.aborts:
        yield chunk_of({}, "tool_calls" if plan.calls else "stop")
        usage = {"prompt_tokens": 9, "completion_tokens": len(words), "total_tokens": 9}
        yield {"object": "chat.completion.chunk", "choices": [], "usage": usage}


def chunk_of(delta: Json, reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "stub", "object": "chat.completion.chunk", "choices": [choice]}


def _told(index: int, function: MutableMapping[str, str]) -> Json:
    return {"index": index, "id": f"call_{index}", "type": "function", "function": function}


async def send_failure(send: ASGISendCallable, status: int, **headers: str) -> None:
    failure = {"message": "scripted failure", "type": "server_error", "code": status}
    await _send_json(send, {"error": failure}, status, **headers)


async def _send_json(
    send: ASGISendCallable, answer: Json, status: int = 200, **headers: str
) -> None:
    await start(send, "application/json", status, **headers)
    await send_piece(send, orjson.dumps(answer), last=True)


async def send_piece(send: ASGISendCallable, piece: bytes, *, last: bool = False) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": not last})


async def start(
    send: ASGISendCallable, media_type: str = "text/event-stream", status: int = 200, **headers: str
) -> None:
    """The head of an answer. In names of headers, `_` stands for `-`."""
    fields = {"content-type": media_type, **headers}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in fields.items()],
            "trailers": False,
        }
    )
