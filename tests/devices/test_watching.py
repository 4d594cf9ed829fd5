"""A page that watches its owner's machines: what it hears, when, and how many may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from smriti.db.table import Table
from smriti.devices import watching
from smriti.devices.hub import Hub, Peer
from smriti.devices.service import DeviceService
from smriti.devices.watching import MOST_OF_USER, Watches
from tests.devices.lab import Lab
from tests.devices.line import Line, plug_in, plug_in_machine
from tests.home import Home, open_home
from tests.turns.attaching import until
from tests.turns.streaming import Reader

type Told = list[tuple[str, bool, bool]]
"""Of each device that was told its id, whether it is online and whether it works."""


@asynccontextmanager
async def watched(home: Home) -> AsyncIterator[Reader]:
    """A stream of alice's, from its beginning to the end of the block."""
    reader = Reader()
    reader.start(home.app, "GET", "/devices/events", dict(home.client.headers))
    try:
        await heard(lambda: reader.status is not None)
        yield reader
    finally:
        reader.leave()
        await asyncio.wait([reader.task] if reader.task else [])


async def heard(holds: Any) -> None:
    async def it_does() -> bool:
        return bool(holds())

    await until(it_does)


def told(reader: Reader) -> Told:
    return [
        (event["client_id"], event["online"], event["session_id"] is not None)
        for event in reader.events
    ]


async def register(home: Home, client_id: str, **values: Any) -> Peer:
    peer, _ = plug_in(home.services, client_id, Line(), **values)
    await home.services.get(DeviceService).seen(peer)
    return peer


async def test_the_machines_that_are_there_are_told_as_the_list_shows_them(home: Home) -> None:
    await register(home, "laptop")

    async with watched(home) as reader:
        await heard(lambda: reader.events)
        (event,) = reader.events

    (listed,) = await home.get("/devices")
    assert event | {"last_seen_at": None} == listed | {"last_seen_at": None}


async def test_a_machine_comes_and_goes(home: Home) -> None:
    async with watched(home) as reader:
        peer = await register(home, "laptop")
        await heard(lambda: ("laptop", True, False) in told(reader))
        home.services.get(Hub).leave(peer)
        await heard(lambda: ("laptop", False, False) in told(reader))
        await home.services.get(DeviceService).close()
        (device,) = await home.get("/devices")
        await heard(lambda: reader.events[-1]["last_seen_at"] == device["last_seen_at"])

    assert [online for _, online, _ in told(reader)][:2] == [True, False]


async def test_a_task_begins_and_ends(lab: Lab) -> None:
    async with lab.device(), watched(lab.home) as reader:
        await heard(lambda: ("lab-7", True, False) in told(reader))
        await lab.dispatch("> pause\n> say Done.")
        await heard(lambda: ("lab-7", True, True) in told(reader))
        lab.model.go.set()
        await lab.ended()
        await heard(lambda: told(reader)[-1] == ("lab-7", True, False))
        so_far = told(reader)

    assert so_far == [
        ("lab-7", True, False),
        ("lab-7", True, True),
        ("lab-7", True, False),
    ]


async def test_a_change_by_the_owner_is_told(home: Home) -> None:
    await register(home, "laptop")
    async with watched(home) as reader:
        await heard(lambda: reader.events)
        await home.client.patch("/devices/laptop", json={"label": "In the kitchen"})
        await heard(lambda: reader.events[-1]["label"] == "In the kitchen")

    assert len(reader.events) == 2


async def test_nobody_hears_of_the_machines_of_others(home: Home) -> None:
    async with home.sign_up("bob"), watched(home) as reader:
        await register(home, "bobs", owner="bob@local")
        await register(home, "laptop")
        await heard(lambda: reader.events)

    assert {event["client_id"] for event in reader.events} == {"laptop"}


async def test_what_another_process_holds_is_found_in_the_table(
    home: Home, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "POLL_S", 0.01)
    token = home.client.headers["Authorization"].partition(" ")[2]
    async with open_home(table, tmp_path, token=token) as other, watched(home) as reader:
        await register(other, "server")
        await heard(lambda: reader.events)

    assert reader.events[0]["client_id"] == "server"


async def test_many_that_change_at_once_are_all_told(home: Home) -> None:
    names = {f"machine-{number}" for number in range(30)}
    async with watched(home) as reader:
        for name in names:
            await register(home, name)
        await heard(lambda: {name for name, online, _ in told(reader) if online} == names)


async def test_silence_is_filled_with_keep_alives(table: Table, tmp_path: Path) -> None:
    async with (
        open_home(table, tmp_path, stream_keep_alive_s=0.01) as home,
        watched(home) as reader,
    ):
        await heard(lambda: reader.said.count(b": keep-alive\n\n") >= 3)

    assert reader.events == []


async def test_a_user_has_four_streams_and_a_closed_one_makes_room(home: Home) -> None:
    async with home.sign_up("bob") as bob_client:
        bob = Home(home.app, bob_client, home.table)
        async with watched(bob), watched(home), watched(home), watched(home):
            async with watched(home):
                refused = await home.client.get("/devices/events")
            async with watched(home) as reader:
                again = reader.status

    assert MOST_OF_USER == 4
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "/problems/too-many-device-streams",
    )
    assert again == 200


async def test_a_stream_ends_in_time_and_when_the_server_stops(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(home) as stopped:
        home.services.get(Watches).close()
        await heard(lambda: stopped.ended)
    monkeypatch.setattr(watching, "LIFE_S", 0.01)
    async with watched(home) as outlived:
        await heard(lambda: outlived.ended)

    assert (stopped.status, outlived.status) == (200, 200)


async def test_a_program_with_another_scope_hears_nothing(home: Home) -> None:
    made = await home.post("/api-keys", {"name": "Robot", "scopes": ["chat"]})
    await plug_in_machine(home.services, "laptop")

    headers = {"Authorization": f"Bearer {made['key']}"}
    answer = await home.client.get("/devices/events", headers=headers)

    assert answer.status_code == 403
