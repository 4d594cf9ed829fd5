"""Tasks over HTTP, as UFO's clients of that API know it (`specs/aip.md` §15)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import httpx2
import pytest

from smriti.devices.protocol import Dispatch, TaskEnd
from smriti.devices.sessions import Sessions
from smriti.llm.provider import CallRequested, Finished, ModelFailed, ProviderEvent, TextChunk
from smriti.llm.types import ToolCall
from tests.api.clients import open_client
from tests.devices.line import Line, plug_in, plug_in_machine
from tests.home import Home

TASK: Final = {"client_id": "lab-7", "request": "Look around.", "task_name": "look"}
LOOK: Final[Sequence[ProviderEvent]] = [
    CallRequested(ToolCall(call_id="1", name="look", arguments={})),
    Finished("tool_calls"),
]
SEEN: Final[Sequence[ProviderEvent]] = [TextChunk("There is a wall."), Finished("stop")]


async def key(home: Home, kind: str = "constellation") -> str:
    made = await home.post("/devices/keys", {"name": "Program", "kind": kind})
    return str(made["key"])


@pytest.fixture
async def program(home: Home) -> AsyncIterator[httpx2.AsyncClient]:
    """Of alice, with a key."""
    await home.post("/settings/providers/OpenAI", {"base_url": "http://m.test", "model": "m"})
    async with open_client(home.app, **{"X-API-Key": await key(home)}) as client:
        yield client


async def run(home: Home, program: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    """The result of a task that has ended."""
    response = await program.post("/api/dispatch", json=TASK | changes)
    assert response.status_code == 200, response.text
    dispatched = response.json()
    await home.services.get(Sessions).ended("alice@local", dispatched["session_id"])
    result: dict[str, Any] = (await program.get(f"/api/task_result/{TASK['task_name']}")).json()
    return result


async def test_who_is_online_is_told_of_ones_own(home: Home, program: httpx2.AsyncClient) -> None:
    plug_in(home.services, "lab-7", Line())
    plug_in(home.services, "trip@lab-7", Line(), role="constellation")
    plug_in(home.services, "bobs", Line(), owner="bob@local")

    online = ["lab-7", "trip@lab-7"]
    health = await program.get("/api/health")
    clients = await program.get("/api/clients")

    assert health.json() == {"status": "healthy", "online_clients": online}
    assert clients.json() == {"online_clients": online}
    assert await home.get("/api/clients") == {"online_clients": online}  # alice in person


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/health"),
        ("GET", "/api/clients"),
        ("POST", "/api/dispatch"),
        ("GET", "/api/task_result/look"),
    ],
)
async def test_a_key_is_wanted(home: Home, method: str, path: str) -> None:
    device_key = await key(home, "device")
    answers = []
    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": device_key}):
        async with open_client(home.app, **headers) as client:
            answer = await client.request(method, path, json=TASK)
            answers.append((answer.status_code, answer.json()["detail"]))

    assert [status for status, _ in answers] == [422, 401, 403]
    assert answers[1] == (401, "Invalid API key")


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"request": "", "client_id": "", "task_name": "a/b"}, 400, "Empty task content"),
        ({"request": " \n", "client_id": "lab-7"}, 400, "Empty task content"),
        ({"request": None, "client_id": "lab-7"}, 400, "Empty task content"),
        ({}, 400, "Empty task content"),
        ({"request": "Look", "client_id": "", "task_name": "a/b"}, 400, "Empty client ID"),
        ({"request": "Look", "client_id": None}, 400, "Empty client ID"),
        ({"request": "Look", "client_id": "nobody", "task_name": "a"}, 404, "Client not online"),
        ({"request": "Look", "client_id": "trip@lab-7"}, 404, "Client not online"),
        ({"request": "Look", "client_id": "bobs"}, 404, "Client not online"),
    ],
)
async def test_what_is_wrong_is_told_in_order(
    home: Home, program: httpx2.AsyncClient, body: dict[str, Any], status: int, detail: str
) -> None:
    plug_in(home.services, "lab-7", Line())
    plug_in(home.services, "trip@lab-7", Line(), role="constellation")
    plug_in(home.services, "bobs", Line(), owner="bob@local")

    response = await program.post("/api/dispatch", json=body)

    assert (response.status_code, response.json()["detail"]) == (status, detail)


@pytest.mark.parametrize("name", ["", ".look", "a/b", "ä", "look\n", "x" * 201, 5, None, ["look"]])
async def test_a_task_name_is_a_plain_word(program: httpx2.AsyncClient, name: object) -> None:
    """Said before it is asked whether the device is online."""
    response = await program.post("/api/dispatch", json=TASK | {"task_name": name})

    assert response.status_code == 400
    assert "task_name" in response.json()["detail"]


@pytest.mark.parametrize(
    "content", ["[]", '"text"', "5", "null", "no JSON", "", '{"request": 5}', '{"client_id": {}}']
)
async def test_what_is_no_task_is_refused(program: httpx2.AsyncClient, content: str) -> None:
    headers = {"Content-Type": "application/json"}

    response = await program.post("/api/dispatch", content=content, headers=headers)

    assert response.status_code == 422


async def test_a_task_is_told_to_its_device_under_one_session_id(
    home: Home, program: httpx2.AsyncClient
) -> None:
    _, line = plug_in(home.services, "lab-7", Line())

    response = await program.post("/api/dispatch", json=TASK)
    told = await line.hear(Dispatch)

    assert response.json() == {
        "status": "dispatched",
        "task_name": "look",
        "client_id": "lab-7",
        "session_id": told.session_id,
    }
    assert (told.task_name, told.user_request) == ("look", "Look around.")


async def test_a_task_without_a_name_gets_one(home: Home, program: httpx2.AsyncClient) -> None:
    plug_in(home.services, "lab-7", Line())
    body = {"client_id": "lab-7", "request": "Look around."}

    name = (await program.post("/api/dispatch", json=body)).json()["task_name"]

    assert len(name) == 36
    assert (await program.get(f"/api/task_result/{name}")).json() == {"status": "pending"}


async def test_an_unknown_task_is_pending(program: httpx2.AsyncClient) -> None:
    for name in ("nobody-knows", "a b", "é", "x" * 200):
        response = await program.get(f"/api/task_result/{name}")
        assert (response.status_code, response.json()) == (200, {"status": "pending"})


async def test_a_result_is_there_when_the_task_is_done(
    home: Home, program: httpx2.AsyncClient
) -> None:
    home.script(LOOK, SEEN)
    await plug_in_machine(home.services, "lab-7")

    result = await run(home, program)

    assert result == {
        "status": "done",
        "result": [{"request": "Look around.", "result": "There is a wall."}],
    }


async def test_a_task_that_failed_says_so(home: Home, program: httpx2.AsyncClient) -> None:
    home.script([ModelFailed("Too tired.")])
    await plug_in_machine(home.services, "lab-7")

    result = await run(home, program)

    assert (result["status"], result["result"]) == ("done", [])
    assert "Too tired." in result["error"]


async def test_of_equally_named_tasks_the_newest_counts(
    home: Home, program: httpx2.AsyncClient
) -> None:
    home.script([TextChunk("One"), Finished("stop")], [TextChunk("Two"), Finished("stop")])
    await plug_in_machine(home.services, "lab-7")

    await run(home, program)
    result = await run(home, program)

    assert result["result"][0]["result"] == "Two"


async def test_a_task_of_the_devices_own_is_found_by_its_name(
    home: Home, program: httpx2.AsyncClient
) -> None:
    home.script(SEEN)
    machine = await plug_in_machine(home.services, "lab-7")

    await machine.ask("Look around.", task_name="look")
    end = await machine.hear(TaskEnd)

    found = (await program.get("/api/task_result/look")).json()
    assert found == {"status": "done", "result": end.result}


async def test_results_are_for_their_owner_only(home: Home, program: httpx2.AsyncClient) -> None:
    home.script(SEEN)
    await plug_in_machine(home.services, "lab-7")
    await run(home, program)

    async with home.sign_up("bob") as bob:
        his = await bob.get("/api/task_result/look")

    assert his.json() == {"status": "pending"}
