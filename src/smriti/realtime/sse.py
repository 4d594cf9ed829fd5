"""Server-Sent Events: how a log's frames travel in an HTTP response, and nothing else does."""

from collections.abc import AsyncIterator
from typing import Final

import orjson
from fastapi.responses import StreamingResponse

from smriti.realtime.broker import Behind, EventLog

_KEEP_ALIVE: Final = b": keep-alive\n\n"
_BEHIND: Final = b": too far behind, attach again\n\n"


def data_frame(event: object) -> bytes:
    """One event as clients split it: `data: ` + JSON + two line feeds, no other lines."""
    return b"data: " + orjson.dumps(event) + b"\n\n"


def sse_response(log: EventLog, *, keep_alive_s: float) -> StreamingResponse:
    """A reader of the log from its beginning. Leaving does not disturb whoever writes it."""
    return StreamingResponse(
        _follow(log, keep_alive_s),
        media_type="text/event-stream; charset=utf-8",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _follow(log: EventLog, keep_alive_s: float) -> AsyncIterator[bytes]:
    position = 0
    while True:
        try:
            batch = await log.read(position, wait_s=keep_alive_s)
        except Behind:
            yield _BEHIND
            return
        position = batch.position
        if batch.frames:
            yield b"".join(batch.frames)
        elif not batch.ended:
            yield _KEEP_ALIVE
        if batch.ended:
            return
