"""The body of an import: kept in a file while it is read, because it may be large."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from fastapi import Request
from fastapi.responses import Response
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from smriti.auth.idempotency.route import Admit, BodyNotArrived, IdempotentRoute
from smriti.auth.keys.dependencies import caller_of
from smriti.core.config import Config
from smriti.core.edge import Services
from smriti.core.errors import Invalid, Unavailable
from smriti.transfer.form import file_in
from smriti.transfer.gate import TransferGate

_IN_MEMORY: Final = 1024 * 1024
_WRITTEN_AT_ONCE: Final = 1024 * 1024
_SILENCE_S: Final = 60.0
_MAX_BOUNDARY: Final = 70
"""RFC 2046 §5.1.1."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that has arrived, and its SHA-256."""

    file: IO[bytes]
    digest: bytes


class NoFile(Invalid):
    slug = "import-media-type"

    def __init__(self) -> None:
        message = "must be application/json, or multipart/form-data with a boundary"
        error = {"type": "media_type", "loc": ["header", "Content-Type"], "msg": message}
        super().__init__(f"The file's Content-Type {message}.", errors=[error])


class ImportRoute(IdempotentRoute):
    """Knows who calls before it reads the body, which it keeps in a file that has no name.

    The route finds it as `request.state.upload`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_upload(request: Request) -> Response:
            admit: Admit = request.app.state.admit
            await admit(request)
            user, _ = await caller_of(request)
            services: Services = request.app.state.services
            with services.get(TransferGate).passed(user.email):
                directory = services.get(Config).smriti_data_dir
                async with _received(_file_of(request), directory) as upload:
                    request.state.upload = upload
                    return await handle(request)

        return handle_upload

    async def content_of(self, request: Request) -> bytes:
        upload: Upload = request.state.upload
        return upload.digest


def _file_of(request: Request) -> AsyncIterator[bytes]:
    """The body, or what a form in it holds."""
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    if kind == b"application/json":
        return _blocks(request)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= _MAX_BOUNDARY:
        raise NoFile
    return file_in(_blocks(request), boundary)


@asynccontextmanager
async def _received(content: AsyncIterator[bytes], directory: Path) -> AsyncIterator[Upload]:
    """The content in a file, which is gone when the process is."""
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(directory)) as file:
        digest = hashlib.sha256()
        try:
            async for block in content:
                digest.update(block)
                await asyncio.to_thread(file.write, block)
        except (ClientDisconnect, TimeoutError) as error:
            raise BodyNotArrived from error
        except OSError as error:
            raise Unavailable("There is no room for the file at the moment.") from error
        yield Upload(file, digest.digest())


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """The body, in blocks that are worth a thread. `TimeoutError` when nothing comes any more."""
    chunks = aiter(request.stream())
    waiting = bytearray()
    while True:
        async with asyncio.timeout(_SILENCE_S):
            chunk = await anext(chunks, None)
        waiting += chunk or b""
        if waiting and (chunk is None or len(waiting) >= _WRITTEN_AT_ONCE):
            yield bytes(waiting)
            waiting.clear()
        if chunk is None:
            return
