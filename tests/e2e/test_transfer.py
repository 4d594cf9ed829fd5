"""Large files: a server that is killed in the middle of one, and what they cost in memory."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import httpx2
import pytest

from smriti.core.config import Config
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Set, key_of
from tests.e2e.server import Caller, Json, ServerProcess

_PASSAGES: Final = 3_000
_MESSAGES: Final = 3_000
_WORDS: Final = "tea and travel " * 400
_BEGINNING: Final = datetime(2026, 3, 1, tzinfo=UTC)
_HEADERS: Final = {"Content-Type": "application/json", "Idempotency-Key": "a-large-file"}
_MIB: Final = 1024 * 1024
_PATIENCE_S: Final = 120.0


def _file() -> bytes:
    """Of some 35 MB, with 6 KB a passage and a message."""
    passages = [
        {"content": f"Passage {number} {_WORDS}", "created_at": f"2026-03-{number % 28 + 1:02}"}
        for number in range(_PASSAGES)
    ]
    messages = [
        {
            "role": "assistant" if number % 2 else "user",
            "content": f"Message {number} {_WORDS}",
            "created_at": (_BEGINNING + timedelta(seconds=number)).isoformat(),
        }
        for number in range(_MESSAGES)
    ]
    agent = {
        "agent_name": "Librarian",
        "agent_architecture": "krishna-memgpt",
        "agent_provider": "Demo",
        "agent_persona": "Knows every shelf.",
    }
    talk = {"title": "Long", "created_at": "2026-03-01T00:00:00Z", "messages": messages}
    memory = {"archive": passages, "blocks": [{"name": "human", "lines": ["Name: Alice"]}]}
    file = {"format": "smriti-agent", "version": 1, "agent": agent, "memory": memory}
    return json.dumps(file | {"conversations": [talk]}).encode()


@pytest.fixture(scope="module")
def file() -> bytes:
    return _file()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess.running(tmp_path / "data") as running:
        yield running


def _import(owner: Caller, file: bytes) -> Json:
    response = owner.http.post(
        "/agents/import", content=file, headers=_HEADERS, timeout=_PATIENCE_S
    )
    assert response.status_code == 201, response.text
    imported: Json = response.json()
    return imported


def _export(owner: Caller, agent_id: str) -> Any:
    path = f"/agents/{agent_id}/export?conversations=true"
    return owner.http.get(path, timeout=_PATIENCE_S).json()


def _claims_end(data_dir: Path) -> None:
    """As if the minute had passed that an attempt may take."""

    async def end() -> None:
        table = SqliteTable.open(Config(_env_file=None, smriti_data_dir=data_dir).database)
        after = None
        while True:
            page = await table.scan(after=after)
            for item in page.items:
                if str(item["sk"]).startswith("Idempotency#"):
                    await table.update(key_of(item), Set("claimed_until", 0))
            after = page.next
            if after is None:
                return await table.close()

    asyncio.run(end())


def _until_some_is_written(owner: Caller) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        for agent in owner.get("/agents"):
            if owner.get(f"/agents/{agent['agent_id']}/archival-memory?limit=1")["items"]:
                return
    raise AssertionError("Nothing was imported.")


def test_a_server_that_is_killed_during_an_import_goes_on_with_it(
    server: ServerProcess, file: bytes
) -> None:
    with server.owner() as owner, server.owner() as watching:
        sending = threading.Thread(target=_send, args=(owner, file))
        sending.start()
        _until_some_is_written(watching)
        server.kill()
        sending.join()
    _claims_end(server.data_dir)
    server.restart()
    with server.owner() as owner:
        (begun,) = owner.get("/agents")

        imported = _import(owner, file)
        exported = _export(owner, imported["agent_id"])

        assert [agent["agent_id"] for agent in owner.get("/agents")] == [begun["agent_id"]]
    assert imported["agent_id"] == begun["agent_id"]
    given = json.loads(file)
    contents = sorted(passage["content"].strip() for passage in given["memory"]["archive"])
    assert sorted(each["content"] for each in exported["memory"]["archive"]) == contents
    (talk,), (given_talk,) = exported["conversations"], given["conversations"]
    assert [message["content"] for message in talk["messages"]] == [
        message["content"] for message in given_talk["messages"]
    ]


def _send(owner: Caller, file: bytes) -> None:
    with pytest.raises(httpx2.TransportError):
        owner.http.post("/agents/import", content=file, headers=_HEADERS, timeout=_PATIENCE_S)


class Watch(threading.Thread):
    """Looks at a server's memory all the while, and knows the most that it was."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__()
        self.most = self.before = server.memory
        self._server = server
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.02):
            self.most = max(self.most, self._server.memory)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self.join()


def test_a_large_file_takes_little_memory(server: ServerProcess, file: bytes) -> None:
    size = 0
    with server.owner() as owner:
        with Watch(server) as importing:
            imported = _import(owner, file)
        path = f"/agents/{imported['agent_id']}/export?conversations=true"
        with (
            Watch(server) as exporting,
            owner.http.stream("GET", path, timeout=_PATIENCE_S) as response,
        ):
            for chunk in response.iter_bytes():
                size += len(chunk)

    assert min(len(file), size) > 30 * _MIB
    assert exporting.most - exporting.before < 16 * _MIB
    assert importing.most - importing.before < 80 * _MIB
