"""How a device keeps its connection, and what it shows meanwhile."""

import secrets
from itertools import islice

import pytest
from websockets.asyncio.server import ServerConnection, serve

from smriti.devices.client.client import KeyRefused
from smriti.devices.client.pauses import pauses_s
from smriti.tools.toolset import Toolset
from tests.devices.client.aip_server import KEY, AipServer
from tests.devices.client.conftest import Device


async def test_a_lost_connection_is_made_again(server: AipServer, device: Device) -> None:
    async with device.running():
        first = await server.device()
        await first.socket.close(1012, "restarts")

        second = await server.device()

        assert (await second.call("get_system_info"))["status"] == "success"
    assert "The server closed the connection (1012 restarts). Trying again in 0.0 s." in device.told


async def test_a_connection_that_breaks_off_is_made_again(
    server: AipServer, device: Device
) -> None:
    async with device.running():
        (await server.device()).socket.transport.abort()

        await server.device()


async def test_a_refused_device_asks_again(server: AipServer, device: Device) -> None:
    server.refusal = "client_id 'lab-7' is already registered"
    async with device.running():
        await device.shows(server.refusal)

        server.refusal = None

        await server.device()


async def test_a_wrong_key_ends_the_client(server: AipServer, tools: Toolset) -> None:
    async with Device(server, tools, key="sk_smriti_wrong").running() as task:
        with pytest.raises(KeyRefused):
            await task
    assert server.attempts == 1


async def test_a_key_that_was_good_may_be_refused_for_a_while(
    server: AipServer, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with device.running():
        first = await server.device()
        monkeypatch.setattr("tests.devices.client.aip_server.KEY", "another")
        await first.socket.close(1008, "The key was revoked.")
        await device.shows("HTTP 403")

        monkeypatch.setattr("tests.devices.client.aip_server.KEY", KEY)

        await server.device()


async def test_a_server_that_is_away_is_waited_for(tools: Toolset) -> None:
    server = AipServer()
    server.url = "ws://127.0.0.1:1/ws"
    device = Device(server, tools)
    async with device.running():
        await device.shows("The server cannot be reached")


async def test_who_answers_otherwise_is_no_server(tools: Toolset) -> None:
    async def greet(socket: ServerConnection) -> None:
        async for _ in socket:
            await socket.send("Hello!")

    async with serve(greet, "127.0.0.1", 0) as other:
        server = AipServer()
        server.url = f"ws://127.0.0.1:{next(iter(other.sockets)).getsockname()[1]}/ws"
        device = Device(server, tools)
        async with device.running():
            await device.shows("it does not speak this protocol")


async def test_the_key_is_never_shown(server: AipServer, device: Device) -> None:
    async with device.running():
        line = await server.device()
        await line.call("get_system_info", api_key=KEY)
        line.socket.transport.abort()
        await server.device()

    assert len(device.told) > 2
    assert not [line for line in device.told if KEY in line]


async def test_what_the_server_says_is_shown(server: AipServer, device: Device) -> None:
    async with device.running():
        line = await server.device()
        await line.send({"type": "error", "status": "error", "error": "Slower, please."})

        await device.shows("The server says: Slower, please.")


async def test_a_command_ends_with_its_connection(server: AipServer, device: Device) -> None:
    mark = f"0.{secrets.randbits(40)}"
    async with device.running():
        line = await server.device()
        sleep = {"tool_name": "execute_command", "parameters": {"command": f"sleep 60 {mark}"}}
        await line.command(sleep)
        await device.shows(mark)
        await line.socket.close()

        line = await server.device()

        running = await line.call("execute_command", command="ps -o args= -C sleep")
        assert mark not in running["result"]


def test_pauses_grow_to_a_minute_and_differ() -> None:
    longest = [1, 2, 4, 8, 16, 32, 60, 60]
    for pause_s, most in zip(islice(pauses_s(), 8), longest, strict=True):
        assert most / 2 <= pause_s <= most

    assert next(islice(pauses_s(), 5000, None)) <= 60
    assert next(pauses_s()) != next(pauses_s())
