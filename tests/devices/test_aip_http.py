"""`specs/aip.md` §15: the HTTP API beside the wire, with devices on it."""

from typing import Any

import httpx2
import pytest

from tests.devices.lab import Lab
from tests.devices.wire_messages import Json


@pytest.fixture
async def program(lab: Lab) -> Any:
    """A program with a key in `X-API-Key`, as UFO's have it."""
    url = f"http://127.0.0.1:{lab.port}"
    async with httpx2.AsyncClient(base_url=url, headers={"X-API-Key": lab.key}) as http:
        yield http


_CALLS = [
    ("GET", "/api/health"),
    ("GET", "/api/clients"),
    ("POST", "/api/dispatch"),
    ("GET", "/api/task_result/x"),
]


async def test_every_call_needs_the_right_key(lab: Lab, program: httpx2.AsyncClient) -> None:
    device_key = (await lab.new_key("device"))["key"]
    body = {"client_id": "lab-7", "request": "Hi"}
    for method, path in _CALLS:
        answers = {}
        for key in (b"wrong", "ключ".encode(), b"\xff", device_key.encode()):
            answer = await program.request(method, path, json=body, headers={b"X-API-Key": key})
            answers[key] = answer.status_code
            if key and answer.status_code == 401:
                assert answer.json()["detail"] == "Invalid API key"
        assert list(answers.values()) == [401, 401, 401, 403]
        async with httpx2.AsyncClient(base_url=program.base_url) as nobody:
            assert (await nobody.request(method, path, json=body)).status_code == 422


async def test_who_is_connected_is_told(lab: Lab, program: httpx2.AsyncClient) -> None:
    async with lab.device(), lab.constellation():
        health = await program.get("/api/health")
        clients = await program.get("/api/clients")

    ids = ["lab-7", "trip-planner@lab-7"]
    assert health.json() | {"online_clients": sorted(health.json()["online_clients"])} == {
        "status": "healthy",
        "online_clients": ids,
    }
    assert sorted(clients.json()["online_clients"]) == ids
    assert list(clients.json()) == ["online_clients"]


_REFUSED: list[tuple[Json, int, str | None]] = [
    ({"client_id": "", "request": "", "task_name": "."}, 400, "Empty task content"),
    ({"client_id": "lab-7"}, 400, "Empty task content"),
    ({"client_id": "", "request": "Hi", "task_name": "."}, 400, "Empty client ID"),
    ({"request": "Hi"}, 400, "Empty client ID"),
    ({"client_id": "lab-99", "request": "Hi", "task_name": ".x"}, 400, None),
    ({"client_id": "lab-99", "request": "Hi", "task_name": "a/b"}, 400, None),
    ({"client_id": "lab-99", "request": "Hi", "task_name": 7}, 400, None),
    ({"client_id": "lab-99", "request": "Hi", "task_name": "x\n"}, 400, None),
    ({"client_id": "lab-99", "request": "Hi"}, 404, "Client not online"),
    ({"client_id": "trip-planner@lab-7", "request": "Hi"}, 404, "Client not online"),
]


async def test_a_dispatch_is_checked_in_order(lab: Lab, program: httpx2.AsyncClient) -> None:
    async with lab.device(), lab.constellation():
        for body, status, detail in _REFUSED:
            answer = await program.post("/api/dispatch", json=body)

            assert answer.status_code == status, body
            assert detail is None or answer.json()["detail"] == detail
        assert await lab.sessions() == []


async def test_odd_bodies_are_refused_and_survived(lab: Lab, program: httpx2.AsyncClient) -> None:
    odd = ["", "null", "[]", "7", '"x"', "{", "[" * 10_000]
    odd += ['{"client_id": 7, "request": "Hi"}', '{"client_id": "lab-7", "request": ["Hi"]}']
    for body in odd:
        answer = await program.post(
            "/api/dispatch", content=body, headers={"Content-Type": "application/json"}
        )
        assert 400 <= answer.status_code < 500, body

    assert (await program.get("/api/health")).json()["status"] == "healthy"


async def test_a_task_is_dispatched_and_its_result_fetched(
    lab: Lab, program: httpx2.AsyncClient
) -> None:
    body = {"client_id": "lab-7", "request": "> say 23 %"}
    async with lab.device():
        dispatched = (await program.post("/api/dispatch", json=body)).json()
        await lab.ended()
        result = (await program.get(f"/api/task_result/{dispatched['task_name']}")).json()

    assert result == {"status": "done", "result": [{"request": "> say 23 %", "result": "23 %"}]}


async def test_results_are_their_users_alone(lab: Lab) -> None:
    async with lab.bob() as (bob, _), lab.device():
        await lab.dispatch("> say 23 %", task_name="disk-check")
        (session,) = await lab.ended()

        assert (await bob.get("/api/task_result/disk-check")).json() == {"status": "pending"}
        assert (await bob.get(f"/api/sessions/{session['session_id']}")).status_code == 404
        assert (await bob.get("/api/sessions")).json()["items"] == []
        answer = await bob.post("/api/dispatch", json={"client_id": "lab-7", "request": "Hi"})
        assert answer.status_code == 404


async def test_the_devices_of_a_user_are_shown_with_what_they_do(lab: Lab) -> None:
    async with lab.device() as device:
        answer = await lab.dispatch("> pause\n> say Done.")
        await lab.model.paused.wait()
        (working,) = await _devices(lab)
        lab.model.go.set()
        await lab.ended()
    await lab.until_online()
    (gone,) = await _devices(lab)

    assert (working["client_id"], working["online"], working["session_id"]) == (
        "lab-7",
        True,
        answer["session_id"],
    )
    assert working["system_info"] == device.system_info()
    assert (gone["online"], gone["session_id"]) == (False, None)
    assert gone["last_seen_at"] >= working["last_seen_at"]


async def _devices(lab: Lab) -> list[Json]:
    found = await lab.home.get("/devices")
    items: list[Json] = found["items"] if isinstance(found, dict) else found
    return items
