"""A very light server of OpenAI's chat completions that does what the question tells it to.

    uv run bench/stub_model.py [--port 9901] [--tokens 32] [--ttft 0] [--itl 0]

Directives in the newest message of the person, after the time at which it was sent:
    [tool:NAME|key=value|key=value]  call the tool first; several are called one after another
    [par]                            all of them in one step
    [say:TEXT]                       answer exactly this
    [tokens=64] [ttft=50] [itl=5]    how many words; milliseconds to the first, and between them
    [reason=3]                       so many words of reasoning come first
    [pause=4]                        after so many words, wait until /resume is asked for
    [fail=503]                       answer with this status
    [abort]                          break off after half of the answer

It keeps nothing between requests: how many tools were called already is read from the messages.
It stands below every server that is measured, so it is bare ASGI, and a word costs it little.
"""

import argparse
import asyncio
import re
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import orjson
import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

_DIRECTIVE: Final = re.compile(r"\[(tool|say|tokens|ttft|itl|reason|pause|fail)[:=]([^\]]*)\]")
_LOOK_S: Final = 0.01
_WORDS: Final = ("the", "stub", "answers", "with", "plain", "words", "one", "after", "another")
TITLE: Final = "<question>"  # how a request for a title begins: it quotes directives, means none

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manner:
    """What an answer is like that no directive changes. Times in milliseconds."""

    tokens: int = 32
    ttft: float = 0.0
    itl: float = 0.0


PLAIN: Final = Manner()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a question asks for."""

    calls: Sequence[Json] = ()
    words: Sequence[str] = ()
    reasons: int = 0
    first_s: float = 0.0
    between_s: float = 0.0
    pause: int = 0
    status: int = 200
    aborts: bool = False

    @classmethod
    def of(cls, request: Json, manner: Manner) -> Self:
        messages = request["messages"]
        asked = max(n for n, message in enumerate(messages) if message["role"] == "user")
        text = text_of(messages[asked])
        if text.startswith(TITLE):
            return cls(words=["A", " title"])
        text = text.rpartition("</time>")[2]  # questions without an answer come as one message
        directives = _DIRECTIVE.findall(text)
        told = dict(directives)
        calls = [_call(value) for name, value in directives if name == "tool"]
        steps = [calls] if "[par]" in text else [[call] for call in calls]
        done = sum("tool_calls" in message for message in messages[asked + 1 :])
        now = steps[done] if done < len(steps) else ()
        return cls(
            calls=now,
            words=_words(told.get("say"), int(told.get("tokens", manner.tokens))),
            reasons=int(told.get("reason", 0)),
            first_s=float(told.get("ttft", manner.ttft)) / 1000,
            between_s=float(told.get("itl", manner.itl)) / 1000,
            pause=0 if now else int(told.get("pause", 0)),
            status=int(told.get("fail", 200)),
            aborts="[abort]" in text,
        )


def text_of(message: Json) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _words(said: str | None, count: int) -> list[str]:
    words = [_WORDS[n % len(_WORDS)] for n in range(count)] if said is None else said.split(" ")
    return [word if n == 0 else f" {word}" for n, word in enumerate(words)]


def _call(directive: str) -> Json:
    name, *pairs = directive.split("|")
    arguments: Json = {}
    for key, value in (pair.split("=", 1) for pair in pairs):
        arguments[key] = int(value) if value.isdigit() else value
    return {"name": name, "arguments": orjson.dumps(arguments).decode()}


class StubModel:
    """The ASGI application. `requests` are the newest chat completions that it was asked for."""

    def __init__(self, manner: Manner, *, keeps: int = 0) -> None:
        self.requests: deque[Json] = deque(maxlen=keeps)
        self._manner = manner
        self._running = 0
        self._resumed = 0

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        assert scope["type"] == "http"
        body = await _body(receive)
        match scope["path"]:
            case "/v1/chat/completions":
                with self._counted():
                    request = orjson.loads(body)
                    self.requests.append(request)
                    await self.answer(request, receive, send)
            case "/v1/models":
                models = [{"id": "stub", "object": "model", "created": 0, "owned_by": "stub"}]
                await _send_json(send, {"object": "list", "data": models})
            case "/resume":
                self.resume()
                await _send_json(send, self._resumed)
            case "/running":
                await _send_json(send, self._running)
            case path:
                await _send_json(send, {"error": {"message": f"The stub has no {path}."}}, 404)

    def resume(self) -> None:
        """Every answer that has begun goes on, if it pauses or is going to."""
        self._resumed += 1

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def answer(self, request: Json, _: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        plan = Plan.of(request, self._manner)
        if plan.status != 200:
            await send_failure(send, plan.status)
        elif request.get("stream"):
            await self._stream(plan, send)
        else:
            await asyncio.sleep(plan.first_s + plan.between_s * len(plan.words))
            await _send_json(send, _whole(plan))

    async def _stream(self, plan: Plan, send: ASGISendCallable) -> None:
        resumed = self._resumed
        await start(send)
        if plan.first_s:
            await asyncio.sleep(plan.first_s)
        pieces = list(_pieces(plan))
        for number, delta in enumerate(pieces[: len(pieces) // 2] if plan.aborts else pieces, 1):
            await send_chunk(send, {"index": 0, "delta": delta, "finish_reason": None})
            if plan.between_s:
                await asyncio.sleep(plan.between_s)
            while number == plan.pause and self._resumed == resumed:  # noqa: ASYNC110 - by a thread
                await asyncio.sleep(_LOOK_S)
        if plan.aborts:
            return  # without the last, empty piece the connection ends in the middle
        await send_chunk(send, {"index": 0, "delta": {}, "finish_reason": _reason(plan)})
        await send_chunk(send, usage=_usage(plan))
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})


async def _body(receive: ASGIReceiveCallable) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += message["body"]
        if not message["more_body"]:
            return body


def _pieces(plan: Plan) -> Iterator[Json]:
    for _ in range(plan.reasons):
        yield {"reasoning_content": "hm "}
    for index, call in enumerate(plan.calls):
        yield {"tool_calls": [_told(index, {**call, "arguments": ""})]}
        for piece in re.findall(r"(?s).{1,7}", call["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
    if not plan.calls:
        yield from ({"content": word} for word in plan.words)


def _whole(plan: Plan) -> Json:
    message: Json = {"role": "assistant", "content": "".join(plan.words)}
    if plan.calls:
        calls = [_told(index, call) for index, call in enumerate(plan.calls)]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": _reason(plan)}
    return {
        "id": "stub",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [choice],
        "usage": _usage(plan),
    }


def _reason(plan: Plan) -> str:
    return "tool_calls" if plan.calls else "stop"


def _usage(plan: Plan) -> Json:
    said = len(plan.words)
    return {"prompt_tokens": 9, "completion_tokens": said, "total_tokens": 9 + said}


def _told(index: int, function: Json) -> Json:
    return {"index": index, "id": f"call_{index}", "type": "function", "function": function}


async def send_chunk(send: ASGISendCallable, *choices: Json, usage: Json | None = None) -> None:
    chunk: Json = {
        "id": "stub",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "stub",
        "choices": choices,
    }
    if usage is not None:
        chunk["usage"] = usage
    frame = b"data: " + orjson.dumps(chunk) + b"\n\n"
    await send({"type": "http.response.body", "body": frame, "more_body": True})


async def send_failure(send: ASGISendCallable, status: int, **headers: str) -> None:
    failure = {"message": "scripted failure", "type": "server_error", "code": status}
    await _send_json(send, {"error": failure}, status, **headers)


async def _send_json(
    send: ASGISendCallable, answer: Json | int, status: int = 200, **headers: str
) -> None:
    await start(send, "application/json", status, **headers)
    body = orjson.dumps(answer)
    await send({"type": "http.response.body", "body": body, "more_body": False})


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


def main() -> None:
    parser = argparse.ArgumentParser(description="A stub of an OpenAI-compatible model.")
    parser.add_argument("--port", type=int, default=9901, help="0 for a free one")
    parser.add_argument("--tokens", type=int, default=PLAIN.tokens, help="words of an answer")
    parser.add_argument("--ttft", type=float, default=PLAIN.ttft, help="ms to the first word")
    parser.add_argument("--itl", type=float, default=PLAIN.itl, help="ms between words")
    given = parser.parse_args()
    serve(StubModel(Manner(given.tokens, given.ttft, given.itl)), given.port)


def serve(application: Any, port: int) -> None:
    """Say the address on standard output, and serve there until a signal."""
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        options = uvicorn.Config(application, log_level="warning", access_log=False)
        uvicorn.Server(options).run([listener])


if __name__ == "__main__":
    main()
