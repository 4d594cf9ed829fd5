"""Server-Sent Events: how a log's frames travel in an HTTP response, and nothing else does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import orjson
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from smriti.realtime.broker import Behind, EventLog

KEEP_ALIVE: Final = b": keep-alive\n\n"
_BEHIND: Final = b": too far behind, attach again\n\n"

type Form = Callable[[int, Sequence[bytes]], bytes]
"""How frames are put on the wire, the first of them having this number."""


def data_frame(event: object) -> bytes:
    """One event as clients split it: `data: ` + JSON + two line feeds, no other lines."""
    return b"data: " + orjson.dumps(event) + b"\n\n"


def bare(_first: int, frames: Sequence[bytes]) -> bytes:
    return b"".join(frames)


def numbered(first: int, frames: Sequence[bytes]) -> bytes:
    """As EventSource wants them: the number is what it sends back as `Last-Event-ID`."""
    return b"".join(b"id: %d\n%b" % pair for pair in enumerate(frames, start=first))


class _EventStream(StreamingResponse):
    """Ends when the client goes away. The framework does the same at three times the cost."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        async with asyncio.TaskGroup() as group:
            streaming = group.create_task(self.stream_response(send))
            leaving = group.create_task(self.listen_for_disconnect(receive))
            streaming.add_done_callback(lambda _: leaving.cancel())
            leaving.add_done_callback(lambda _: streaming.cancel())


def sse_response(chunks: AsyncIterator[bytes]) -> StreamingResponse:
    return _EventStream(
        chunks,
        media_type="text/event-stream; charset=utf-8",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def follow(
    log: EventLog, after: int = 0, *, keep_alive_s: float, form: Form = bare
) -> AsyncIterator[bytes]:
    """A log after a number, to its end. Leaving does not disturb whoever writes it.

    A reader that falls behind the bounded log is told to attach again.
    """
    while True:
        try:
            batch = await log.read(after, wait_s=keep_alive_s)
        except Behind:
            yield _BEHIND
            return
        after = batch.last
        if batch.frames:
            yield form(after + 1 - len(batch.frames), batch.frames)
        elif not batch.ended:
            yield KEEP_ALIVE
        if batch.ended:
            return
