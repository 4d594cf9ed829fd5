"""A file that is sent while it is made."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from smriti.transfer.export import in_chunks

_SILENCE_S: Final = 60.0
_MAX_NAME: Final = 80
_UNSAFE: Final = re.compile(r"[^\w.-]+")


class Download(StreamingResponse):
    """A JSON file to be saved under a name. A client that takes nothing of it is left."""

    def __init__(self, pieces: AsyncIterator[bytes], name: str) -> None:
        super().__init__(
            in_chunks(pieces),
            media_type="application/json",
            headers={"Content-Disposition": _attachment(name), "Cache-Control": "no-store"},
        )

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(_SILENCE_S):
                await send(message)

        await super().stream_response(send_in_time)


def _attachment(name: str) -> str:
    """RFC 6266: a plain name for everybody, and the whole one for who understands it."""
    safe = _UNSAFE.sub("-", name)[:_MAX_NAME].strip("-.") or "export"
    plain = safe.encode("ascii", "ignore").decode().strip("-.") or "export"
    return f"attachment; filename=\"{plain}.json\"; filename*=UTF-8''{quote(safe)}.json"
