"""What devices did, over HTTP: for who is signed in, and for her programs."""

from typing import Any

import httpx2
import pytest

from tests.api.clients import open_client
from tests.devices.line import Line, plug_in, plug_in_machine
from tests.devices.test_dispatch import LOOK, SEEN, TASK, key, program, run
from tests.home import Home, types_of
from tests.turns.attaching import numbered_events

__all__ = ["program"]


async def only_session(home: Home) -> dict[str, Any]:
    (session,) = (await home.get("/api/sessions"))["items"]
    return dict(session)


async def test_a_session_is_shown_with_its_steps(home: Home, program: httpx2.AsyncClient) -> None:
    home.script(LOOK, SEEN)
    await plug_in_machine(home.services, "lab-7")
    await run(home, program)

    listed = await only_session(home)
    shown = await home.get(f"/api/sessions/{listed['session_id']}")

    assert shown == listed | {"parts": shown["parts"]}
    assert {name: shown[name] for name in ("status", "requester", "task_name", "result")} == {
        "status": "completed",
        "requester": "api",
        "task_name": "look",
        "result": "There is a wall.",
    }
    assert [part["type"] for part in shown["parts"]] == ["tool_call", "tool_result", "text"]
    assert not {"created_by", "alive_until", "decision"} & shown.keys()


async def test_sessions_are_paged_newest_first_and_by_device(
    home: Home, program: httpx2.AsyncClient
) -> None:
    home.script(*[SEEN] * 3)
    await plug_in_machine(home.services, "lab-7")
    await plug_in_machine(home.services, "tablet")
    for client_id in ("lab-7", "tablet", "lab-7"):
        await run(home, program, client_id=client_id)

    everything = await home.get("/api/sessions")
    first = (await program.get("/api/sessions?limit=2")).json()
    rest = (await program.get(f"/api/sessions?limit=2&cursor={first['next_cursor']}")).json()
    tablet = await home.get("/api/sessions?client_id=tablet")
    nobody = await home.get("/api/sessions?client_id=nobody")

    ids = [session["client_id"] for session in everything["items"]]
    assert ids == ["lab-7", "tablet", "lab-7"]
    assert first["items"] + rest["items"] == everything["items"]
    assert tablet["items"] == everything["items"][1:2]
    assert nobody["items"] == []


async def test_a_device_has_a_history(home: Home, program: httpx2.AsyncClient) -> None:
    home.script(SEEN)
    await plug_in_machine(home.services, "lab-7")
    await run(home, program)

    history = await home.get("/devices/lab-7/sessions")
    unknown = await home.client.get("/devices/nobody/sessions")

    assert history["items"] == [await only_session(home)]
    assert unknown.status_code == 404


async def test_the_events_of_a_session_are_read_again_from_any(
    home: Home, program: httpx2.AsyncClient
) -> None:
    home.script(LOOK, SEEN)
    await plug_in_machine(home.services, "lab-7")
    await run(home, program)
    path = f"/api/sessions/{(await only_session(home))['session_id']}/events"

    stream = await program.get(path)
    events = numbered_events(stream.text)
    later = await program.get(path, headers={"Last-Event-ID": str(events[-2]["seq"])})
    over = await program.get(path, params={"after": events[-1]["seq"]})

    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert types_of(events)[-1] == "STREAM_COMPLETE"
    assert {"TOOL_CALL_START", "TOOL_CALL_RESULT"} <= set(types_of(events))
    assert later.text.startswith(f"id: {events[-1]['seq']}\n")
    assert over.status_code == 204


async def test_a_session_is_cancelled(home: Home, program: httpx2.AsyncClient) -> None:
    plug_in(home.services, "lab-7", Line())  # which answers nothing
    dispatched = (await program.post("/api/dispatch", json=TASK)).json()
    path = f"/api/sessions/{dispatched['session_id']}"

    cancelled = await program.post(f"{path}/cancel")

    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (await home.get(path))["status"] == "cancelled"
    assert (await program.get("/api/task_result/look")).json()["status"] == "done"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/approvals"),
    ],
)
async def test_somebody_elses_session_is_not_found(
    home: Home, program: httpx2.AsyncClient, method: str, path: str
) -> None:
    home.script(SEEN)
    await plug_in_machine(home.services, "lab-7")
    await run(home, program)
    session_id = (await only_session(home))["session_id"]
    body = {"approval_id": "x", "approve": True}

    async with home.sign_up("bob") as bob:
        answer = await bob.request(method, f"/api/sessions/{session_id}{path}", json=body)
        listed = (await bob.get("/api/sessions")).json()

    assert answer.status_code == 404
    assert listed["items"] == []


async def test_a_program_does_not_approve_what_it_asked_for(
    home: Home, program: httpx2.AsyncClient
) -> None:
    body = {"approval_id": "x", "approve": True}
    by_bearer = await key(home)

    by_header = await program.post("/api/sessions/any/approvals", json=body)
    async with open_client(home.app, Authorization=f"Bearer {by_bearer}") as client:
        as_bearer = await client.post("/api/sessions/any/approvals", json=body)

    assert [by_header.status_code, as_bearer.status_code] == [403, 403]


@pytest.mark.parametrize("path", ["", "/any", "/any/events"])
async def test_a_device_key_reads_no_sessions(home: Home, path: str) -> None:
    async with open_client(home.app, **{"X-API-Key": await key(home, "device")}) as client:
        response = await client.get(f"/api/sessions{path}")

    assert response.status_code == 403
