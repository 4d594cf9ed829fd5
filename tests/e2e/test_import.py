"""A server that is killed while memories are imported, and the same import once more."""

import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx2

from tests.e2e.server import Caller, Json, ServerProcess
from tests.patience import PATIENCE_S

ITEMS: list[Json] = [
    {
        "content": f"Sentence {number} is about topic{number}",
        "author": "Caroline",
        "created_at": "2023-05-08T13:56:00Z",
        "conversation_id": f"session-{number // 100}",
        "sequence": number % 100,
    }
    for number in range(2000)
]
BATCHES = [ITEMS[start : start + 500] for start in range(0, len(ITEMS), 500)]


def _everything(owner: Caller, path: str) -> list[Json]:
    found: list[Json] = []
    cursor = ""
    while True:
        page = owner.get(f"{path}?limit=100{cursor}")
        found += page["items"]
        if not page["has_more"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def _kill_once_something_is_stored(server: ServerProcess, owner: Caller, path: str) -> None:
    """Send the batches, and kill the server in the midst of them: before the last one is sent."""
    killed = threading.Event()

    def send() -> None:
        with httpx2.Client(base_url=server.url, timeout=PATIENCE_S, trust_env=False) as http:
            http.headers.update(owner.http.headers)
            with suppress(httpx2.TransportError):
                for batch in BATCHES[:-1]:
                    http.post(f"{path}:batch", json={"items": batch})
                killed.wait(PATIENCE_S)

    sending = threading.Thread(target=send)
    sending.start()
    deadline = time.monotonic() + PATIENCE_S
    while not owner.get(f"{path}?limit=1")["items"]:
        assert time.monotonic() < deadline
    server.kill()
    killed.set()
    sending.join()


def test_a_kill_during_an_import_doubles_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with ServerProcess.running(tmp_path / "data") as server:
        with server.owner() as owner:
            path = f"/agents/{owner.agent()['agent_id']}/archival-memory"
            _kill_once_something_is_stored(server, owner, path)
        server.restart()
        with server.owner() as owner:
            before = {item["memory_id"] for item in _everything(owner, path)}
            answer = [
                item
                for batch in BATCHES
                for item in owner.post(f"{path}:batch", {"items": batch})["items"]
            ]
            after = _everything(owner, path)
            found = owner.get(f"{path}?query=topic7+topic1998")["items"]

    assert 0 < len(before) < len(ITEMS)
    assert {item["memory_id"] for item in answer if not item["created"]} == before
    assert {item["memory_id"] for item in after} == {item["memory_id"] for item in answer}
    assert sorted(item["content"] for item in after) == sorted(item["content"] for item in ITEMS)
    assert {"topic7", "topic1998"} <= {item["content"].rpartition(" ")[2] for item in found[:2]}
