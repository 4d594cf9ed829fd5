"""Two processes on one data directory: what one makes, the other finds made."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx2
import pytest

from tests.e2e.server import Caller, Json, ServerProcess, run
from tests.patience import PATIENCE_S

ROUNDS = 8


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, Caller]]:
    """The owner, at each of the two."""
    data_dir = tmp_path_factory.mktemp("two") / "data"
    with (
        ServerProcess.running(data_dir) as one,
        one.owner() as first,
        ServerProcess.running(data_dir) as two,
        two.owner() as second,
    ):
        yield first, second


def at_once(callers: tuple[Caller, Caller], path: str, body: Json) -> list[httpx2.Response]:
    """The answers of both servers to the same POST at the same time."""
    ready = Barrier(2, timeout=PATIENCE_S)

    def posted(caller: Caller) -> httpx2.Response:
        ready.wait()
        return caller.http.post(path, json=body)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(posted, callers))


def test_the_same_agent_is_created_once(callers: tuple[Caller, Caller]) -> None:
    for number in range(ROUNDS):
        body: Json = {
            "agent_name": f"Twin {number}",
            "agent_architecture": "krishna-memgpt",
            "agent_provider": "Demo",
            "agent_persona": "Knows every shelf.",
        }
        answers = at_once(callers, "/agents", body)

        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()

    names = Counter(agent["agent_name"] for agent in callers[0].get("/agents"))
    assert all(names[f"Twin {number}"] == 1 for number in range(ROUNDS))


def test_the_same_block_is_created_once(callers: tuple[Caller, Caller]) -> None:
    path = f"/agents/{callers[0].agent(agent_name='Blocks')['agent_id']}/memory-blocks"
    for number in range(ROUNDS):
        body: Json = {"name": f"block_{number}", "description": "What she works on"}
        answers = at_once(callers, path, body)

        assert sorted(answer.status_code for answer in answers) == [201, 400]

    names = [block["block_name"] for block in callers[1].get(path)]
    assert names == ["human", "persona", *(f"block_{number}" for number in range(ROUNDS))]


def test_the_same_passage_is_stored_once(callers: tuple[Caller, Caller]) -> None:
    path = f"/agents/{callers[0].agent(agent_name='Archive')['agent_id']}/archival-memory"
    for number in range(ROUNDS):
        body: Json = {"content": f"Passage {number}"}
        answers = at_once(callers, path, body)

        assert sorted(answer.status_code for answer in answers) == [200, 201]
        assert answers[0].json()["memory_id"] == answers[1].json()["memory_id"]

    assert len(callers[1].get(f"{path}?limit=100")["items"]) == ROUNDS


def test_the_newest_server_is_the_one_that_is_found(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with ServerProcess.running(data_dir) as one, ServerProcess.running(data_dir) as two:
        one.interrupt()
        code = one.wait()
        link = run("login-link", data_dir=data_dir)

    assert code == 0
    assert (link.stdout.partition("/login")[0], link.stderr) == (two.url, "")


def test_what_one_stores_edits_and_deletes_the_other_finds_so(
    callers: tuple[Caller, Caller],
) -> None:
    path = f"/agents/{callers[0].agent(agent_name='Search')['agent_id']}/archival-memory"
    searched = f"{path}?query=coffee&limit=100"
    for number in range(ROUNDS):
        one, other = callers if number % 2 else reversed(callers)
        assert len(other.get(searched)["items"]) == number

        kept, edited, gone = (
            one.post(path, {"content": f"Coffee {number} {word}"})["memory_id"]
            for word in ("kept", "edited", "gone")
        )
        assert len(other.get(searched)["items"]) == number + 3

        assert one.http.patch(f"{path}/{edited}", json={"content": f"Tea {number}"}).is_success
        assert one.http.delete(f"{path}/{gone}").is_success
        found = other.get(searched)["items"]

        assert kept in {memory["memory_id"] for memory in found}
        assert len(found) == number + 1
        assert len(other.get(f"{path}?query=tea&limit=100")["items"]) == number + 1
