"""The stub model with faults: each request for an answer meets the next one of a script."""

import re
from collections import deque
from collections.abc import Awaitable, Callable

import orjson
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable

from stub_model import Json, send_chunk, send_failure, start
from tests.fakes.stub_model import StubModel, is_for_title

type Fault = Callable[[ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]


class FaultyModel(StubModel):
    """What follows the scripted faults, and every title, is answered as the stub does."""

    def __init__(self) -> None:
        super().__init__()
        self._faults: deque[Fault] = deque()

    def script(self, *faults: Fault) -> None:
        """What the next requests meet, instead of what was left of an earlier script."""
        self._faults = deque(faults)

    async def answer(
        self, request: Json, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if self._faults and not is_for_title(request):
            await self._faults.popleft()(receive, send)
        else:
            await super().answer(request, receive, send)


def status(code: int, **headers: str) -> Fault:
    """An answer that is an error."""

    async def fault(_: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await send_failure(send, code, **headers)

    return fault


async def cut(_: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """The connection ends in the middle of the answer."""
    await _begin(send)


async def stall(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Nothing comes after the answer's first word."""
    await _begin(send)
    await _client_gone(receive)


async def silence(receive: ASGIReceiveCallable, _: ASGISendCallable) -> None:
    """Nothing comes at all."""
    await _client_gone(receive)


async def garbage(_: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """A stream of what is no JSON, after a good beginning."""
    await _begin(send)
    await _end(send, b'data: {"choices": [{"del\n\n')


async def web_page(_: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """A page, as a proxy shows one."""
    await start(send, "text/html")
    await _end(send, b"<html><h1>Welcome to the proxy</h1></html>")


def tool_calls(*calls: Json) -> Fault:
    """All of these calls, {"name": …, "arguments": {…}}, in one reply."""

    async def fault(_: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        told = [
            {
                "index": index,
                "id": f"call_{index}",
                "function": {**call, "arguments": orjson.dumps(call["arguments"]).decode()},
            }
            for index, call in enumerate(calls)
        ]
        await start(send)
        for delta, reason in (({"tool_calls": told}, None), ({}, "tool_calls")):
            await send_chunk(send, {"index": 0, "delta": delta, "finish_reason": reason})
        await _end(send, b"data: [DONE]\n\n")

    return fault


def says(content: str, *, reasoning: str = "") -> Fault:
    """An answer of any text, in pieces, thought about first."""

    async def fault(_: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await start(send)
        for member, text in (("reasoning_content", reasoning), ("content", content)):
            for piece in re.findall(r"(?s).{1,50}", text):
                await send_chunk(send, {"index": 0, "delta": {member: piece}})
        await send_chunk(send, {"index": 0, "delta": {}, "finish_reason": "stop"})
        await _end(send, b"data: [DONE]\n\n")

    return fault


def refused(message: str) -> Fault:
    """An error that says so."""

    async def fault(_: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await start(send, "application/json", 400)
        await _end(send, orjson.dumps({"error": {"message": message, "code": 400}}))

    return fault


async def _begin(send: ASGISendCallable) -> None:
    await start(send)
    await send_chunk(send, {"index": 0, "delta": {"content": "Once"}, "finish_reason": None})


async def _end(send: ASGISendCallable, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": False})


async def _client_gone(receive: ASGIReceiveCallable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
