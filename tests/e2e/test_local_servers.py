"""Model servers on this machine, looked for at fixed ports: here at those of small fakes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from smriti.core.outbound import outbound_client
from smriti.db.table import Table
from smriti.llm.local_servers import AGE_S, LocalServers, Place, ServerName, usual_places
from tests.e2e.wire import listening
from tests.fakes.clock import Clock
from tests.home import Home, open_home
from tests.patience import PATIENCE_S

_SILENT = b"(nothing is ever said)"
_HUGE = b'{"data": [' + b'{"id": "a"},' * 900_000 + b'{"id": "a"}]}'


def _listing(*names: str) -> bytes:
    return orjson.dumps({"object": "list", "data": [{"id": name} for name in names]})


class Machine:
    """A port of this machine, which answers every request with one body, or never."""

    def __init__(self, body: bytes, *, status: str = "200 OK", headers: str = "") -> None:
        self._head = f"HTTP/1.1 {status}\r\n{headers}content-length: {len(body)}\r\n\r\n".encode()
        self._body = body
        self.requests: list[bytes] = []
        self.base_url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if self._body is _SILENT:
                await reader.read()
            writer.write(self._head + self._body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with listening(self._serve) as url:
            self.base_url = f"{url}/v1"
            yield


@asynccontextmanager
async def _looking_at(
    home: Home,
    *machines: Machine,
    allow_private: bool = True,
    patience_s: float = PATIENCE_S,
) -> AsyncIterator[Clock]:
    """The home's server looks there, by a clock that stands still."""
    names: Sequence[ServerName] = ("Ollama", "LM Studio", "llama.cpp")
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(outbound_client(allow_private=allow_private))
        for machine in machines:
            await stack.enter_async_context(machine.running())
        places = [
            Place(name, machine.base_url) for name, machine in zip(names, machines, strict=False)
        ]
        clock = Clock()
        home.services.add(LocalServers(http, places, patience_s=patience_s, clock=clock))
        yield clock


async def _found(home: Home) -> list[tuple[str, list[str]]]:
    return [
        (server["name"], [model["model_id"] for model in server["models"]])
        for server in await home.get("/llm/local-servers")
    ]


async def test_servers_that_answer_are_listed_with_their_models(home: Home) -> None:
    ollama, studio = Machine(_listing("qwen3:8b", "llama3.2")), Machine(_listing())

    async with _looking_at(home, ollama, studio):
        found = await home.get("/llm/local-servers")

    about: dict[str, Any] = {"model_name": "llama3.2", "display_name": "llama3.2"}
    assert found[0]["name"] == "Ollama"
    assert found[0]["base_url"] == ollama.base_url
    assert found[0]["models"][0] == about | {"model_id": "llama3.2", "provider": "OpenAI"}
    assert [model["model_id"] for model in found[0]["models"]] == ["llama3.2", "qwen3:8b"]
    assert found[1] == {"name": "LM Studio", "base_url": studio.base_url, "models": []}
    assert ollama.requests[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"authorization" not in ollama.requests[0].lower()


async def test_a_silent_server_and_an_endless_answer_keep_the_others_not_away(home: Home) -> None:
    machines = [Machine(_SILENT), Machine(_HUGE), Machine(_listing("tiny"))]

    async with _looking_at(home, *machines, patience_s=5):
        found = await _found(home)

    assert found == [("llama.cpp", ["tiny"])]


@pytest.mark.parametrize(
    "machine",
    [
        Machine(b"<html>Hello</html>"),
        Machine(b'{"data": [{"id": 7}]}'),
        Machine(b'["llama3.2"]'),
        Machine(_listing("llama3.2"), status="401 Unauthorized"),
        Machine(_listing("a" * 201)),
        Machine(b"", status="302 Found", headers="location: http://127.0.0.1:1/\r\n"),
    ],
)
async def test_what_serves_no_models_is_not_listed(machine: Machine, home: Home) -> None:
    async with _looking_at(home, machine):
        assert await _found(home) == []


async def test_an_answer_is_kept_for_ten_seconds(home: Home) -> None:
    machine = Machine(_listing("llama3.2"))

    async with _looking_at(home, machine) as clock:
        await asyncio.gather(*(_found(home) for _ in range(5)))
        asked_at_once = len(machine.requests)
        clock.now += int(AGE_S)
        await _found(home)

    assert (asked_at_once, len(machine.requests)) == (1, 2)


async def test_where_private_networks_are_off_nothing_is_asked(home: Home) -> None:
    machine = Machine(_listing("llama3.2"))

    async with _looking_at(home, machine, allow_private=False):
        assert await _found(home) == []

    assert machine.requests == []


async def test_a_server_in_production_looks_nowhere(table: Table, tmp_path: Path) -> None:
    production: dict[str, Any] = {
        "environment": "production",
        "local_accounts": "on",
        "jwt_secret": "j" * 32,
        "encryption_key": "e" * 32,
    }
    async with open_home(table, tmp_path, **production) as home:
        assert await home.get("/llm/local-servers") == []


async def test_only_this_machine_is_ever_asked(home: Home) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(503)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        home.services.add(LocalServers(http, usual_places("http://127.0.0.1:11434")))
        await home.client.get("/llm/local-servers", params={"base_url": "http://evil.example"})

    assert sorted(asked) == [f"http://127.0.0.1:{port}/v1/models" for port in (11434, 1234, 8080)]
