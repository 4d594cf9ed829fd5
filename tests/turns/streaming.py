"""Readers that hear events as they come, and that may leave at any moment."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI

from tests.turns.attaching import Event


class Reader:
    """One request to the application, heard piece by piece. `status`: None until it answers.

    `cut`: it did not hear the end because it left, or because the process died.
    """

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self.status: int | None = None
        self.cut = False
        self._body = b""
        self._gone = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def start(
        self, app: FastAPI, method: str, path: str, headers: Mapping[str, str], body: Any = None
    ) -> None:
        address, _, query = path.partition("?")
        content = b"" if body is None else orjson.dumps(body)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": address,
            "raw_path": address.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (b"host", b"127.0.0.1:8000"),
                (b"content-type", b"application/json"),
                *((name.lower().encode(), value.encode()) for name, value in headers.items()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }
        self.task = asyncio.ensure_future(self._run(app, scope, content))

    async def _run(self, app: FastAPI, scope: dict[str, Any], content: bytes) -> None:
        bodies = [content]

        async def receive() -> dict[str, Any]:
            if bodies:
                return {"type": "http.request", "body": bodies.pop(), "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            elif message["type"] == "http.response.body":
                self._body += message.get("body", b"")

        await app(scope, receive, send)

    def leave(self) -> None:
        if self.task is not None and not self.task.done():
            self.cut = True
            self._gone.set()
            self.task.cancel()

    @property
    def said(self) -> bytes:
        """All of it, comments too."""
        return self._body

    @property
    def ended(self) -> bool:
        return self.task is not None and self.task.done()

    @property
    def events(self) -> list[Event]:
        """What it has heard so far."""
        if self.status != 200:
            return []
        frames = self._body.split(b"\n\n")[:-1]
        lines = [frame.rpartition(b"\n")[2] for frame in frames if frame[:1] != b":"]
        return [orjson.loads(line.removeprefix(b"data: ")) for line in lines]
