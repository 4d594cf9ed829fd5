"""Devices as their owner sees them over HTTP."""

import json
from typing import Any

import pytest

from smriti.db.table import Set
from smriti.devices.hub import Hub, Peer
from smriti.devices.repository import MAX_DEVICES
from smriti.devices.service import DeviceService, ToolKeyUnreadable
from tests.devices.line import Line, plug_in
from tests.home import Home

LAPTOP: dict[str, Any] = {
    "client_id": "laptop",
    "label": None,
    "online": True,
    "platform": "linux",
    "system_info": {"cpu_count": 8},
    "agent_id": None,
    "ask_before_commands": False,
    "has_tool_api_key": False,
    "session_id": None,
}


def devices(home: Home) -> DeviceService:
    return home.services.get(DeviceService)


async def register(home: Home, client_id: str = "laptop", **values: Any) -> tuple[Peer, Line]:
    values = {"system_info": {"cpu_count": 8}} | values
    peer, line = plug_in(home.services, client_id, Line(), **values)
    await devices(home).seen(peer)
    return peer, line


async def leave(home: Home, peer: Peer) -> None:
    home.services.get(Hub).leave(peer)
    await devices(home).close()


async def patch(home: Home, **change: Any) -> Any:
    response = await home.client.patch("/devices/laptop", json=change)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_device_that_has_registered_is_shown(home: Home) -> None:
    await register(home)

    (shown,) = await home.get("/devices")

    assert shown == LAPTOP | {name: shown[name] for name in ("first_seen_at", "last_seen_at")}
    assert shown["first_seen_at"] < shown["last_seen_at"]  # it is seen now
    assert (await home.get("/devices/laptop")).keys() == shown.keys()


async def test_a_device_that_has_left_was_last_seen_when_it_left(home: Home) -> None:
    peer, _ = await register(home)
    online = await home.get("/devices/laptop")

    await leave(home, peer)

    gone = await home.get("/devices/laptop")
    assert gone["online"] is False
    assert gone["last_seen_at"] > online["last_seen_at"]
    assert gone == await home.get("/devices/laptop")


async def test_a_device_that_comes_again_is_the_same_with_what_it_says_now(home: Home) -> None:
    peer, _ = await register(home)
    before = await patch(home, label="In the kitchen")
    await leave(home, peer)

    await register(home, system_info={"cpu_count": 16})

    (after,) = await home.get("/devices")
    assert after == before | {
        "system_info": {"cpu_count": 16},
        "last_seen_at": after["last_seen_at"],
    }


@pytest.mark.parametrize(
    "odd",
    [
        {"": [None, {"$b": "x"}]},
        {"big": 10**30},
        {"text": "\x00 ünï"},
        {"deep": json.loads("[" * 40 + "]" * 40)},
    ],
)
async def test_whatever_a_device_says_of_itself_is_kept(home: Home, odd: dict[str, Any]) -> None:
    await register(home, system_info=odd)

    assert (await home.get("/devices/laptop"))["system_info"] == odd


async def test_what_is_unusually_long_is_left_out(home: Home) -> None:
    await register(home, system_info={"long": "x" * 2000, **{str(n): n for n in range(60)}})

    assert (await home.get("/devices/laptop"))["system_info"] == {str(n): n for n in range(50)}


async def test_a_constellation_that_leaves_is_no_device(home: Home) -> None:
    peer, _ = plug_in(home.services, "trip@laptop", Line(), role="constellation")
    await leave(home, peer)

    assert await home.get("/devices") == []


async def test_two_people_may_have_equally_named_devices(home: Home) -> None:
    await register(home)
    async with home.sign_up("bob") as bob:
        await register(home, owner="bob@local", system_info={})
        await bob.patch("/devices/laptop", json={"label": "Bob's"})
        his = (await bob.get("/devices/laptop")).json()
        deleted = await bob.delete("/devices/laptop")

    mine = await home.get("/devices/laptop")
    assert (his["label"], his["system_info"]) == ("Bob's", {})
    assert deleted.status_code == 204
    assert (mine["label"], mine["system_info"]) == (None, {"cpu_count": 8})


async def test_a_change_touches_only_what_is_given_and_null_clears(home: Home) -> None:
    await register(home)
    agent = await home.agent()

    first = await patch(
        home, label="Mine", agent_id=agent["agent_id"], ask_before_commands=True, tool_api_key="k"
    )
    second = await patch(home, label="Hers", ask_before_commands=None)
    third = await patch(home, label=None, agent_id=None, tool_api_key=None)
    fourth = await patch(home)

    values = ("label", "agent_id", "ask_before_commands", "has_tool_api_key")
    assert [[shown[name] for name in values] for shown in (first, second, third, fourth)] == [
        ["Mine", agent["agent_id"], True, True],
        ["Hers", agent["agent_id"], True, True],
        [None, None, True, False],
        [None, None, True, False],
    ]


async def test_the_tool_key_is_sealed_and_opens_only_in_its_place(home: Home) -> None:
    await register(home)
    await patch(home, tool_api_key="zanzibar")

    device = await devices(home).find("alice@local", "laptop")
    assert device is not None
    moved = device.model_copy(update={"client_id": "another"})

    assert await devices(home).tool_api_key(device) == "zanzibar"
    assert "zanzibar" not in str(await home.items_with("laptop"))
    with pytest.raises(ToolKeyUnreadable, match="Save it again"):
        await devices(home).tool_api_key(moved)


async def test_only_an_agent_of_ones_own_works_on_a_device(home: Home) -> None:
    await register(home)
    async with home.sign_up("bob") as bob:
        body = {"agent_name": "B", "agent_architecture": "krishna-mini"}
        body |= {"agent_provider": "Demo", "agent_persona": "Bob's."}
        agent = (await bob.post("/agents", json=body)).json()

    response = await home.client.patch("/devices/laptop", json={"agent_id": agent["agent_id"]})

    assert (response.status_code, response.json()["detail"]) == (404, "Agent not found")


async def test_a_deleted_agent_works_on_no_device(home: Home) -> None:
    await register(home, "tablet")
    await register(home)
    agent = await home.agent()
    await patch(home, agent_id=agent["agent_id"])

    await home.client.delete(f"/agents/{agent['agent_id']}")

    assert [device["agent_id"] for device in await home.get("/devices")] == [None, None]


async def test_a_deleted_device_is_hung_up_on_and_stays_away(home: Home) -> None:
    peer, line = await register(home)

    response = await home.client.delete("/devices/laptop")
    await leave(home, peer)

    assert response.status_code == 204
    assert line.closed == (1008, "This device was deleted by its owner.")
    assert await home.get("/devices") == []
    assert (await home.client.delete("/devices/laptop")).status_code == 404


async def test_there_is_room_for_so_many_devices(home: Home) -> None:
    await register(home)
    await home.table.update(("User#alice@local", "DeviceCount"), Set("devices", MAX_DEVICES))

    await register(home, "another")
    unlisted = await home.get("/devices")
    await home.client.delete("/devices/laptop")
    await register(home, "a-third")

    assert [device["client_id"] for device in unlisted] == ["laptop"]
    assert [device["client_id"] for device in await home.get("/devices")] == ["a-third"]


async def test_devices_are_part_of_what_is_exported(home: Home) -> None:
    await register(home)
    shown = await patch(home, label="Mine", tool_api_key="zanzibar")

    exported = await home.get("/users/me/export")

    (device,) = exported["devices"]
    assert device | {"last_seen_at": ""} == shown | {"last_seen_at": ""}
    assert "zanzibar" not in str(exported)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_unknown_device_is_not_found(home: Home, method: str) -> None:
    response = await home.client.request(method, "/devices/laptop", json={})

    assert (response.status_code, response.json()["detail"]) == (404, "Device not found")
