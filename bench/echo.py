"""The floor of devices: a bare WebSocket that sends back what it hears.

    uv run bench/echo.py [--port 9903]

`GET /rounds?count=N` sends the same text N times to the client that came last, waits for it to come
back each time, and answers the milliseconds.
"""

import argparse
import asyncio
import socket
import time
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from machine import open_many_files
from smriti.cli.websocket import MAX_FRAME_BYTES, PING_EVERY_S, PONG_WITHIN_S

COMMAND: Final = "x" * 400
"""As long as a COMMAND usually is."""


class Echo:
    def __init__(self) -> None:
        self._client: WebSocket | None = None
        self._back: asyncio.Future[str] | None = None

    async def talk(self, socket: WebSocket) -> None:
        await socket.accept()
        self._client = socket
        try:
            while True:
                text = await socket.receive_text()
                if self._back is None:
                    await socket.send_text(text)
                else:
                    self._back.set_result(text)
        except WebSocketDisconnect:
            return

    async def rounds(self, request: Request) -> JSONResponse:
        assert self._client is not None
        took = []
        for _ in range(int(request.query_params["count"])):
            self._back = asyncio.get_running_loop().create_future()
            began = time.perf_counter()
            await self._client.send_text(COMMAND)
            await self._back
            took.append(1000 * (time.perf_counter() - began))
        self._back = None
        return JSONResponse(took)


def main() -> None:
    parser = argparse.ArgumentParser(description="A WebSocket that echoes.")
    parser.add_argument("--port", type=int, default=9903, help="0 for a free one")
    open_many_files()
    echo = Echo()
    routes = [WebSocketRoute("/ws", echo.talk), Route("/rounds", echo.rounds)]
    with socket.create_server(("127.0.0.1", parser.parse_args().port), backlog=2048) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        options = uvicorn.Config(
            Starlette(routes=routes),
            log_level="warning",
            access_log=False,
            ws_max_size=MAX_FRAME_BYTES,
            ws_ping_interval=PING_EVERY_S,
            ws_ping_timeout=PONG_WITHIN_S,
            ws_per_message_deflate=False,
        )
        uvicorn.Server(options).run([listener])


if __name__ == "__main__":
    main()
