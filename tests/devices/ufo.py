"""UFO's device client and constellation client, written anew from `specs/aip.md` alone.

They do what the text says that the real ones do, also where that is a trap; their waits are theirs
times `pace`. What they understood is in `received`, what they could not read in `dropped`.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from tests.devices.tool_server import ToolError, ToolServer, linux_tools
from tests.devices.ufo_client import Client
from tests.devices.wire_messages import (
    Command,
    Json,
    ServerMessage,
    client_message,
    new_id,
    now,
)
from tests.patience import PATIENCE_S

_SKIPPED: Final = "Skipped due to previous failure (early_exit=True)."


class Unanswered(Exception):
    """The client logs something and sends nothing."""


class UfoDevice(Client):
    """The device client, with one tool server an agent. With a `request`, it asks for that first.

    `resets` counts how often its tool connections were closed by a TASK.
    """

    ping_interval_s = 20
    heartbeat_s: float = 120

    def __init__(
        self,
        url: str,
        client_id: str = "lab-7",
        *,
        agents: Mapping[str, ToolServer] | None = None,
        platform: str = "linux",
        request: str | None = None,
        pace: float = 1.0,
    ) -> None:
        super().__init__(url, client_id, pace=pace)
        self.agents = {"LinuxAgent": linux_tools()} if agents is None else agents
        self.platform = platform
        self.request = request
        self.resets = 0
        self._sending = False
        self._connected: set[tuple[str, str, str]] = set()

    async def ask(self, request: str | None, task_name: str | None = None) -> None:
        """A TASK of its own; one that comes while another is being sent is dropped."""
        if self._sending:
            return
        self._sending = True
        try:
            await self.send(
                client_message(
                    "task",
                    "continue",
                    client_id=self.client_id,
                    request=request,
                    task_name=task_name or new_id(),
                    request_id=new_id(),
                    metadata={"platform": self.platform},
                )
            )
        finally:
            self._sending = False

    def system_info(self) -> Json:
        return {
            "device_id": self.client_id,
            "platform": self.platform,
            "os_version": "#1 SMP",
            "cpu_count": 8,
            "memory_total_gb": 31.2,
            "hostname": "lab7",
            "ip_address": "10.0.0.7",
            "supported_features": ["gui", "cli", "browser", "file_system", "office", "linux_apps"],
            "platform_type": "computer",
            "schema_version": "1.0",
            "custom_metadata": {},
        }

    def _register(self) -> Json:
        metadata = {
            "system_info": self.system_info(),
            "registration_time": now(),
            "platform": self.platform,
        }
        return client_message("register", client_id=self.client_id, metadata=metadata)

    async def _is_accepted(self) -> bool:
        """The first message is the answer, whatever it is; only its status counts."""
        answer = await self._read(await self.line.recv())
        return answer is not None and answer.status == "ok"

    async def _ready(self) -> None:
        if self.request is not None:
            await self.ask(self.request)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_s * self.pace)
            await self.send(client_message("heartbeat", client_id=self.client_id))

    def _pause_s(self, failures: int) -> float:
        return 2.0**failures

    async def _hear(self, message: ServerMessage) -> None:
        match message.type:
            case "task":
                self.resets += 1
                self._connected.clear()
                await self.ask(message.user_request, message.task_name)
            case "command":
                await self._obey(message)
            case _:
                pass

    async def _obey(self, message: ServerMessage) -> None:
        try:
            results = await self._results(message)
        except Unanswered:
            return
        await self.send(
            client_message(
                "command_results",
                message.status,
                client_id=self.client_id,
                session_id=message.session_id,
                action_results=results,
                request_id=new_id(),
                prev_response_id=message.response_id,
            )
        )

    async def _results(self, message: ServerMessage) -> list[Json]:
        results: list[Json] = []
        failed = False
        for command in message.actions or []:
            if failed:
                results.append(_result(command, "skipped", error=_SKIPPED))
                continue
            try:
                results.append(_result(command, result=await self._call(message, command)))
            except ToolError as error:
                failed = True
                results.append(_result(command, "failure", error=str(error)))
            await asyncio.sleep(0.1)
        return results

    async def _call(self, message: ServerMessage, command: Command) -> Any:
        if not command.tool_name:
            return "No action taken."
        server = self._tool_server(message)
        parameters = command.parameters or {}
        if command.tool_name == "list_tools" and command.tool_type == "action":
            return _listing(server, parameters)
        key = f"{command.tool_type}::{command.tool_name}"
        if key not in server.tools:
            raise Unanswered(key)
        return await server.call(key, parameters)

    def _tool_server(self, message: ServerMessage) -> ToolServer:
        """Connected to at first use: what cannot be reached then is as if it were not."""
        server = self.agents.get(message.agent_name or "")
        if server is None:
            raise Unanswered(message.agent_name)
        place = message.agent_name or "", message.process_name or "", message.root_name or ""
        if place not in self._connected and not server.reachable:
            raise Unanswered(message.agent_name)
        self._connected.add(place)
        return server


def _listing(server: ToolServer, parameters: Json) -> list[Json]:
    if not parameters.keys() <= {"tool_type", "namespace", "remove_meta"}:
        raise Unanswered(parameters)
    if parameters.get("remove_meta") is False:
        raise Unanswered(parameters)
    return server.listing(parameters.get("tool_type"), parameters.get("namespace"))


def _result(
    command: Command, status: str = "success", *, result: Any = None, error: str | None = None
) -> Json:
    """What is empty arrives as null."""
    return {
        "status": status,
        "error": error,
        "result": result or None,
        "namespace": "BashExecutor",
        "call_id": command.call_id,
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the constellation's planner knows of a task."""

    success: bool
    result: Any = None
    error: str | None = None


class UfoConstellation(Client):
    """One of the constellation client's connections: that for `device_id`.

    `info`: what it heard of the device; null as long as it does not know. `last_heartbeat`: when
    one of its heartbeats was answered.
    """

    ping_interval_s = 30
    heartbeat_s: float = 30

    def __init__(
        self,
        url: str,
        device_id: str = "lab-7",
        *,
        task_name: str = "trip-planner",
        pace: float = 1.0,
    ) -> None:
        super().__init__(url, f"{task_name}@{device_id}", pace=pace)
        self.device_id = device_id
        self.task_name = task_name
        self.info: Json | None = None
        self.last_heartbeat: str | None = None
        self.is_ready = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._waits: dict[str, asyncio.Future[Outcome]] = {}
        self._asks: dict[str, asyncio.Future[Any]] = {}

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        async with asyncio.timeout(PATIENCE_S + 10):
            await self.is_ready.wait()
        return self

    async def run(self, task_id: str, request: str, *, limit_s: float = 1000) -> Outcome:
        """A task on its device. Only a TASK_END of this id ends the wait, or a lost connection."""
        session_id = f"{self.task_name}@{task_id}"
        async with self._one_at_a_time:
            await self.send(self.task(task_id, request))
            ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._waits[session_id] = ended
            try:
                async with asyncio.timeout(limit_s):
                    return await ended
            except TimeoutError:
                return Outcome(success=False, error="Timed out")
            finally:
                del self._waits[session_id]

    def task(self, task_id: str, request: str | None, **members: Any) -> Json:
        """The TASK message; `members` are what a test would have otherwise."""
        usual = {
            "client_type": "constellation",
            "client_id": self.client_id,
            "target_id": self.device_id,
            "session_id": f"{self.task_name}@{task_id}",
            "task_name": f"galaxy/{self.task_name}/{task_id}",
            "request": request,
        }
        return client_message("task", "continue", **usual | members)

    async def device_info(self, device_id: str | None = None) -> Any:
        """None when nothing answers this very request within the client's 10 s."""
        device_id = device_id or self.device_id
        request_id = f"device_info_{device_id}_{time.time()}"
        answer = self._asks[request_id] = asyncio.get_running_loop().create_future()
        await self.send(
            client_message(
                "device_info_request",
                client_type="constellation",
                client_id=self.client_id,
                target_id=device_id,
                request_id=request_id,
            )
        )
        try:
            async with asyncio.timeout(10 * self.pace):
                result = await answer
        except TimeoutError:
            return None
        return None if "error" in result else result

    def _register(self) -> Json:
        metadata = {
            "type": "constellation_client",
            "task_name": self.task_name,
            "targeted_device_id": self.device_id,
            "capabilities": ["task_distribution", "session_management", "device_coordination"],
            "version": "2.0",
        }
        return client_message(
            "register",
            client_type="constellation",
            client_id=self.client_id,
            target_id=self.device_id,
            metadata=metadata,
        )

    async def _is_accepted(self) -> bool:
        """The acknowledgement within 30 s; an ERROR before it is a refusal."""
        try:
            async with asyncio.timeout(30 * self.pace):
                async for frame in self.line:
                    message = await self._read(frame)
                    if message is not None and message.type in {"heartbeat", "error"}:
                        return message.type == "heartbeat" and message.status == "ok"
        except TimeoutError:
            pass
        return False

    async def _ready(self) -> None:
        self.info = await self.device_info()
        self.is_ready.set()

    async def _beat(self) -> None:
        """They say that a device sends them."""
        while True:
            await self.send(
                client_message(
                    "heartbeat", client_id=self.client_id, metadata={"device_id": self.device_id}
                )
            )
            await asyncio.sleep(self.heartbeat_s * self.pace)

    def _pause_s(self, failures: int) -> float:
        return 5.0

    async def _connect(self) -> None:
        try:
            await super()._connect()
        finally:
            self.is_ready.clear()
            for ended in self._waits.values():
                if not ended.done():
                    ended.set_result(Outcome(success=False, error="Connection lost"))

    async def _hear(self, message: ServerMessage) -> None:
        match message.type:
            case "task_end" if waiting := self._waits.get(message.session_id or ""):
                if not waiting.done():
                    success = message.status == "completed" and message.error is None
                    waiting.set_result(Outcome(success, message.result, message.error))
            case "device_info_response" if asked := self._asks.pop(message.response_id or "", None):
                asked.set_result(message.result)
            case "heartbeat" if message.status == "ok" and message.session_id is None:
                self.last_heartbeat = message.timestamp or now()
            case _:
                pass
