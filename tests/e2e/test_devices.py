"""Machines at real servers: what the log shows of them, and how a server takes its leave."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.e2e.server import ROOT, Caller, ServerProcess
from tests.fakes.stub_model import StubModel
from tests.patience import PATIENCE_S

_SECRET_INFO: Final = "host-name-that-nobody-logs"

type Json = dict[str, Any]


@asynccontextmanager
async def _line(url: str, key: str) -> AsyncIterator[ClientConnection]:
    address = f"{url.replace('http', 'ws', 1)}/ws?token={key}"
    async with asyncio.timeout(PATIENCE_S), connect(address, proxy=None) as line:
        yield line


async def _say(line: ClientConnection, kind: str, **members: Any) -> None:
    await line.send(orjson.dumps({"type": kind, "status": "ok", **members}).decode())


async def _hear(line: ClientConnection, kind: str) -> Json:
    """The next message of this type."""
    while True:
        message: Json = orjson.loads(await line.recv())
        if message["type"] == kind:
            return message


async def _register(line: ClientConnection, client_id: str, **members: Any) -> Json:
    info = {"hostname": _SECRET_INFO}
    metadata = {"platform": "linux", "system_info": info}
    await _say(line, "register", client_id=client_id, metadata=metadata, **members)
    return await _hear(line, "heartbeat")


def _new_key(owner: Caller, kind: str = "constellation") -> str:
    key: str = owner.post("/devices/keys", {"name": "A key", "kind": kind})["key"]
    return key


async def _visit(url: str, key: str) -> None:
    """Be refused once, and served once."""
    with pytest.raises(InvalidStatus):
        async with _line(url, f"{key}wrong"):
            pass
    async with _line(url, key) as line:
        assert (await _register(line, "lab-7"))["status"] == "ok"


async def test_the_key_is_nowhere_in_the_log(tmp_path: Path) -> None:
    with ServerProcess.running(tmp_path / "data", LOG_LEVEL="DEBUG") as server:
        with server.owner() as owner:
            key = _new_key(owner)
            await _visit(server.url, key)
        server.interrupt()
        server.wait()

    assert "client.registered" in server.log
    for secret in (key, key.rsplit("_", 1)[1], _SECRET_INFO):
        assert secret not in server.log


async def test_nor_in_that_of_a_bare_uvicorn_with_the_flags_of_the_readme(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with _bare(tmp_path, log) as url:
        with httpx2.Client(base_url=url, timeout=PATIENCE_S, trust_env=False) as http:
            account = {"username": "ada", "password": "correct horse"}
            token = http.post("/auth/local/signup", json=account).json()["token"]
            http.headers["Authorization"] = f"Bearer {token}"
            key = _new_key(Caller(http))
        await _visit(url, key)

    written = log.read_text(encoding="utf-8")
    assert "client.registered" in written
    assert "token=***" in written
    for secret in (key, key.rsplit("_", 1)[1], _SECRET_INFO):
        assert secret not in written


@contextmanager
def _bare(directory: Path, log: Path) -> Iterator[str]:
    flags = re.search(
        r"uvicorn main:app (--ws .*?)\n```",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert flags is not None
    options = flags[1].replace("\\\n", " ").split()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "main:app", *options, "--port", "0",
             "--log-level", "debug", "--app-dir", str(ROOT)],
            cwd=directory,
            env={"SMRITI_DATA_DIR": str(directory / "data"), "PYTHONPATH": str(ROOT / "src"),
                 "LOG_LEVEL": "DEBUG"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield _address(log)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _address(log: Path) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := re.search(r"running on (http://[\d.:]+)", log.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


async def test_a_server_that_stops_says_how_its_tasks_ended(
    tmp_path: Path, stub: StubModel
) -> None:
    with (
        ServerProcess.running(tmp_path / "data", SHUTDOWN_GRACE_S="60") as server,
        server.owner() as owner,
    ):
        owner.post("/settings/providers/OpenAI", {"base_url": stub.url, "model": "stub"})
        key = _new_key(owner)
        async with _line(server.url, key) as device, _line(server.url, key) as planner:
            await _register(device, "lab-7")
            trip: Json = {"client_type": "constellation", "target_id": "lab-7"}
            await _register(planner, "trip@lab-7", **trip)
            await _say(planner, "task", session_id="t-1", request="look", **trip)
            await _hear(device, "command")  # the list of its tools, which it never sends

            began = time.monotonic()
            server.interrupt()

            end = await _hear(planner, "task_end")
            assert (end["session_id"], end["status"]) == ("t-1", "failed")
            assert await _code(planner) == await _code(device) == 1012
            assert await asyncio.to_thread(server.wait) == 0
            assert time.monotonic() - began < 50  # no turn is waited for

        server.restart()
        with server.owner() as again:
            [session] = again.get("/api/sessions")["items"]
            assert (session["status"], session["error"]) == ("failed", end["error"])


async def _code(line: ClientConnection) -> int | None:
    """With which the server closes; what it says before is left unread."""
    with suppress(ConnectionClosed):
        while True:
            await line.recv()
    return line.close_code
