"""What connected machines cost, against a bare WebSocket that echoes, in the same run.

    uv run bench/devices.py [--quick] [--devices N]

All devices are connections of this process, which answers pings and commands as machines would.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from figures import aligned, quantile, shown
from machine import ForeignLoad, cpu_s, open_many_files, pss_mib
from servers import Server, device_rounds, echo, smriti, stub_model
from smriti.devices.pace import PER_SECOND

DEVICES: Final = 2000
_AT_ONCE: Final = 50
_SESSIONS: Final = 50
_BATCH: Final = 50
_REQUEST: Final = "[tool:execute_command|command=df] " * 8 + "[ttft=500] [tokens=64] [itl=20]"
_TOOL: Final = {
    "tool_key": "action::execute_command",
    "tool_name": "execute_command",
    "tool_type": "action",
    "description": "Run a command.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
}

type Json = dict[str, Any]
type Table = Sequence[tuple[str, ...]]


class Account:
    """A new account of a Smriti, with a key for its devices."""

    def __init__(self, server: Server) -> None:
        self._http = httpx2.Client(base_url=server.url, timeout=60, trust_env=False)
        name = f"bench-{secrets.token_hex(4)}"
        account = {"username": name, "password": secrets.token_hex(8)}
        token = self._post("/auth/local/signup", account)["token"]
        self._http.headers["authorization"] = f"Bearer {token}"
        key = self._post("/devices/keys", {"name": "Bench", "kind": "device"})["key"]
        self.address = f"{_ws(server)}?token={key}"

    def think_with(self, stub: Server) -> None:
        provider = {"base_url": f"{stub.url}/v1", "api_key": "none", "model": "stub"}
        self._post("/settings/providers/OpenAI", provider)

    def _post(self, path: str, body: Json) -> Json:
        response = self._http.post(path, json=body)
        assert response.is_success, response.text
        answer: Json = response.json()
        return answer


def _ws(server: Server) -> str:
    return f"{server.url.replace('http', 'ws', 1)}/ws"


@asynccontextmanager
async def line(address: str) -> AsyncIterator[ClientConnection]:
    async with connect(address, ping_interval=None, compression=None, proxy=None) as opened:
        yield opened


async def register(device: ClientConnection, client_id: str) -> None:
    info = {"device_id": client_id, "platform": "linux", "hostname": client_id, "cpu_count": 8,
            "os_version": "#1 SMP", "memory_total_gb": 31.2, "ip_address": "10.0.0.7",
            "supported_features": ["cli", "file_system"], "platform_type": "computer",
            "schema_version": "1.0", "custom_metadata": {}}  # fmt: skip
    metadata = {"system_info": info, "platform": "linux"}
    await device.send(_said("register", client_id=client_id, metadata=metadata))
    assert orjson.loads(await device.recv())["status"] == "ok"


def _said(kind: str, **members: Any) -> str:
    return orjson.dumps({"type": kind, "status": "ok", **members}).decode()


async def greet(device: ClientConnection, _: str) -> None:
    await device.send("hello")
    await device.recv()


async def crowd(
    stack: AsyncExitStack, address: str, names: Sequence[str], enter: Callable[..., Any]
) -> None:
    """Everybody connects, some at a time, and stays as long as the stack."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def come(name: str) -> None:
        async with places:
            device = await stack.enter_async_context(line(address))
            await enter(device, name)

    await asyncio.gather(*map(come, names))


async def idle(floor: Server, ours: Server, count: int, seconds: float) -> Table:
    """Memory of each connection, and CPU time while they do nothing but answer pings."""
    names = [f"device-{number}" for number in range(count)]
    async with AsyncExitStack() as stack:
        kib = []
        for server, address, enter in (
            (floor, _ws(floor), greet),
            (ours, Account(ours).address, register),
        ):
            await crowd(stack, address, names[:20], lambda *_: asyncio.sleep(0))
            before = pss_mib(server.pid)
            await crowd(stack, address, names, enter)
            await asyncio.sleep(2)
            kib.append(1024 * (pss_mib(server.pid) - before) / count)
        await asyncio.sleep(12)
        used = [cpu_s(server.pid) for server in (floor, ours)]
        await asyncio.sleep(seconds)
        cpu = [cpu_s(server.pid) - was for server, was in zip((floor, ours), used, strict=True)]
    return [
        ("KiB a connection", shown(kib[0]), shown(kib[1]), f"{shown(kib[1] - kib[0])} more"),
        ("CPU idle, % of a core", *(shown(100 * one / seconds) for one in cpu),
         f"×{shown(cpu[1] / cpu[0])}"),  # noqa: RUF001
    ]  # fmt: skip


async def obey(device: ClientConnection) -> None:
    """Answer commands, and send back whatever is no message of AIP."""
    with suppress(ConnectionClosed):
        async for text in device:
            if text[0] != "{":
                await device.send(text)
                continue
            message = orjson.loads(text)
            if message["type"] == "command":
                await device.send(_results(message))


def _results(command: Json) -> str:
    listing = command["actions"][0]["tool_name"] == "list_tools"
    result = [_TOOL] if listing else {"success": True, "exit_code": 0, "stdout": "/ 23%"}
    results = [{"status": "success", "result": result}]
    return _said(
        "command_results",
        prev_response_id=command["response_id"],
        session_id=command["session_id"],
        action_results=results,
    )


async def commands(floor: Server, ours: Server, rounds: int) -> Table:
    """From the sending of a command until its results have been read."""
    took: dict[str, list[float]] = {floor.url: [], ours.url: []}
    async with line(_ws(floor)) as bare, line(Account(ours).address) as device:
        await register(device, "device")
        working = [asyncio.create_task(obey(one)) for one in (bare, device)]
        async with httpx2.AsyncClient(timeout=60, trust_env=False) as http:
            for _ in range(rounds):
                for url in random.sample(list(took), 2):
                    answer = await http.get(f"{url}/rounds", params={"count": _BATCH})
                    took[url] += answer.raise_for_status().json()
                await asyncio.sleep(_BATCH / PER_SECOND)  # or the server would slow it down
        for task in working:
            task.cancel()
    ms = [quantile(samples, 0.5) for samples in took.values()]
    return [("COMMAND round, ms", *map(shown, ms), f"{shown(ms[1] - ms[0])} more")]


async def heartbeats(ours: Server, stub: Server, seconds: float) -> Table:
    """How soon one is answered while many sessions run."""
    account = Account(ours)
    account.think_with(stub)
    async with AsyncExitStack() as stack:
        pulse = await stack.enter_async_context(line(account.address))
        await register(pulse, "pulse")
        alone = await _beats(pulse, seconds / 3)
        for number in range(_SESSIONS):
            device = await stack.enter_async_context(line(account.address))
            await register(device, f"worker-{number}")
            stack.callback(asyncio.create_task(_labour(device)).cancel)
        await asyncio.sleep(2)
        used = cpu_s(ours.pid)
        busy = await _beats(pulse, seconds)
        cores = (cpu_s(ours.pid) - used) / seconds
    rows = [("median", 0.5), ("99 of 100", 0.99), ("slowest", 1.0)]
    return [
        (f"heartbeat, {name}, ms", shown(quantile(alone, share)), shown(quantile(busy, share)), "")
        for name, share in rows
    ] + [("cores used by Smriti", "", shown(cores), "")]


async def _beats(pulse: ClientConnection, seconds: float) -> list[float]:
    took, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        await pulse.send(_said("heartbeat"))
        await pulse.recv()
        took.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.05)
    return took


async def _labour(device: ClientConnection) -> None:
    """Ask for a task, carry out what it needs, and begin again when it has ended."""
    with suppress(ConnectionClosed):
        while True:
            task = _said("task", request=_REQUEST, task_name=secrets.token_hex(8))
            await device.send(task)
            async for text in device:
                message = orjson.loads(text)
                if message["type"] == "command":
                    await device.send(_results(message))
                elif message["type"] == "task_end":
                    assert message["status"] == "completed", message
                    break
                assert message["type"] != "error", message


async def measure(*, quick: bool, devices: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="smriti-bench-") as directory,
        echo() as floor,
        smriti(Path(directory) / "data") as ours,
        device_rounds() as measuring,
        stub_model() as stub,
    ):
        load = ForeignLoad([floor.pid, ours.pid, measuring.pid, stub.pid])
        head = ("", "echo", "smriti", "")
        memory = await idle(floor, ours, devices, 10 if quick else 60)
        rounds = await commands(floor, measuring, 4 if quick else 20)
        print(f"{devices} registered devices, against a bare echo\n")
        print("\n".join(aligned([head, *memory, *rounds])))
        beats = await heartbeats(ours, stub, 3 if quick else 30)
        print(f"\nHeartbeats, alone and while {_SESSIONS} sessions run\n")
        print("\n".join(aligned([("", "alone", "busy", ""), *beats])))
        print(f"\nOthers used {shown(load.cores())} cores.")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure connected machines.")
    parser.add_argument("--quick", action="store_true", help="few samples: to see that all works")
    parser.add_argument("--devices", type=int, metavar="N")
    given = parser.parse_args()
    open_many_files()
    devices = given.devices or (100 if given.quick else DEVICES)
    asyncio.run(measure(quick=given.quick, devices=devices))
    return 0


if __name__ == "__main__":
    sys.exit(main())
