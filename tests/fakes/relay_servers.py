"""Eliza and Tools on loopback, as the relay meets them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

from aiohttp import web

type Json = Any
type Manner = Callable[[Json], Awaitable[web.Response]]


class Server:
    """One server. `made` are the requests that made agents, `asked` those that asked them; `manner`
    takes the place of its answers to questions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = ""
        self.made: list[Json] = []
        self.asked: list[Json] = []
        self.paths: list[str] = []
        self.looked_at = 0
        self.knows: set[str] = set()
        self.status = 200
        self.manner: Manner | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_post("/make", self._make)
        app.router.add_post("/ask", self._ask)
        app.router.add_post("/{agent_id}/message", self._ask)
        app.router.add_get("/", self._look)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _make(self, request: web.Request) -> web.Response:
        self.made.append(await request.json())
        made = f"{self.name}-{len(self.made)}"
        self.knows.add(made)
        return web.json_response({"id": made, "unique_id": made, "echo": self.made[-1]})

    async def _ask(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.asked.append(asked)
        self.paths.append(request.path)
        if self.status != 200:
            return web.json_response({"error": "no"}, status=self.status)
        agent = asked.get("unique_id") or asked["agent_id"]
        if agent not in self.knows:
            return web.json_response({"error": "Agent not found"}, status=404)
        if self.manner is not None:
            return await self.manner(asked)
        if "unique_id" in asked:
            return web.json_response({"result": f"{self.name} found {asked['query']}"})
        heard = asked["text"].splitlines()[-1]
        return web.json_response([{"user": "Ada", "text": f"{self.name} heard {heard}"}])

    async def _look(self, _: web.Request) -> web.Response:
        self.looked_at += 1
        return web.Response(text="Welcome")


async def silence(_: Json) -> web.Response:
    """What a server that hangs does."""
    await asyncio.sleep(3600)
    return web.Response()


@asynccontextmanager
async def running(*names: str) -> AsyncIterator[list[Server]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Server(name).running()) for name in names]
