"""Sessions with their store and a scripted model, and machines that answer from a test's words."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from smriti.agents.repository import AgentRepository
from smriti.core.crypto import SecretBox
from smriti.db.table import Table
from smriti.devices.channel import Channel
from smriti.devices.desk import Desk
from smriti.devices.hub import Hub, Peer
from smriti.devices.models import Device, DeviceSession
from smriti.devices.orders import Order
from smriti.devices.protocol import (
    Command,
    CommandResults,
    Dispatch,
    Result,
    Role,
    Task,
    TaskEnd,
    ToDevice,
)
from smriti.devices.runs import Runs
from smriti.devices.session_repository import SessionRepository
from smriti.devices.sessions import Sessions
from smriti.devices.wire_tasks import WireTasks
from smriti.devices.workers import Workers
from smriti.llm.catalog import BUILT_IN
from smriti.llm.provider import (
    CallRequested,
    Finished,
    ModelInfo,
    Provider,
    ProviderEvent,
    TextChunk,
)
from smriti.llm.service import ModelService
from smriti.llm.types import ModelRequest, ToolCall, ToolResult
from smriti.observability.metrics import Metrics
from smriti.realtime.memory import MemoryLogs
from smriti.settings.repository import ProviderSettingsRepository
from smriti.settings.service import ProviderService
from tests.fakes.scripted_provider import ScriptedProvider
from tests.patience import PATIENCE_S

OWNER: Final = "alice@example.com"
SECRET: Final = "the tool key"
TOOLS: Final[Sequence[dict[str, Any]]] = (
    {
        "tool_name": "execute_command",
        "tool_type": "action",
        "description": "Runs a program.",
        "input_schema": {
            "type": "object",
            "properties": {"command": {"type": "string"}, "api_key": {"type": "string"}},
            "required": ["command", "api_key"],
        },
    },
    {"tool_name": "look", "tool_type": "action", "description": None, "input_schema": None},
)

type Answer = Callable[[Command], Result | None]


def says(*events: ProviderEvent | str) -> list[ProviderEvent]:
    """One reply of the model: texts and calls."""
    pieces = [TextChunk(event) if isinstance(event, str) else event for event in events]
    return [*pieces, Finished("stop")]


def runs(name: str = "execute_command", call_id: str = "c1", **arguments: Any) -> CallRequested:
    return CallRequested(ToolCall(call_id=call_id, name=name, arguments=arguments))


def done(result: Any) -> Answer:
    return lambda _: Result(status="success", result=result)


FINE: Final = done("fine")


def silent(_: Command) -> None:
    return


def told(request: ModelRequest) -> list[ToolResult]:
    """What the model was told by tools."""
    return [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


async def soon(holds: Callable[[], object]) -> bool:
    """Whether it comes true within a few rounds of the loop."""
    for _ in range(20):
        if holds():
            return True
        await asyncio.sleep(0.001)
    return False


@dataclass(eq=False)
class Client:
    """What a client is sent. Commands are answered by `answer`, a moment later; None: never."""

    shop: "Workshop"
    answer: Answer = FINE
    tools: Sequence[dict[str, Any]] | None = TOOLS
    sent: list[ToDevice] = field(default_factory=list)
    peer: Peer = field(init=False)

    def send(self, message: ToDevice) -> None:
        self.sent.append(message)
        if isinstance(message, Command):
            result = self._result(message)
            if result is not None:
                asyncio.get_running_loop().call_soon(self.tells, message, result)

    def _result(self, command: Command) -> Result | None:
        if command.actions[0].tool_name != "list_tools":
            return self.answer(command)
        return None if self.tools is None else Result(status="success", result=list(self.tools))

    def tells(self, command: Command, result: Result) -> None:
        self.shop.wire.results(self.peer, results_of(command, result))

    def hang_up(self, code: int, reason: str) -> None:
        self.leave()

    async def answers(self) -> bool:
        return True

    def leave(self) -> None:
        self.shop.hub.leave(self.peer)

    @property
    def commands(self) -> list[Command]:
        """What it was asked to do, without the lists of its tools."""
        found = [message for message in self.sent if isinstance(message, Command)]
        return [each for each in found if each.actions[0].tool_name != "list_tools"]

    @property
    def ends(self) -> list[TaskEnd]:
        return [message for message in self.sent if isinstance(message, TaskEnd)]

    @property
    def dispatches(self) -> list[Dispatch]:
        return [message for message in self.sent if isinstance(message, Dispatch)]

    async def asks(self, request: str | None = "Go.", **values: Any) -> None:
        task = Task(type="task", status="continue", request=request, **values)
        await self.shop.wire.task(self.peer, task)


def results_of(command: Command, *results: Result) -> CommandResults:
    return CommandResults(
        type="command_results",
        status="continue",
        prev_response_id=command.response_id,
        action_results=list(results),
    )


class Settings:
    """What owners have decided about their devices."""

    def __init__(self) -> None:
        self.devices: dict[tuple[str, str], Device] = {}
        self.secret: str | None = SECRET

    def decide(self, client_id: str, owner: str = OWNER, **values: Any) -> None:
        self.devices[owner, client_id] = Device(created_by=owner, client_id=client_id, **values)

    async def find(self, owner: str, client_id: str) -> Device | None:
        return self.devices.get((owner, client_id))

    async def tool_api_key(self, device: Device) -> str | None:
        return self.secret


class _Current:
    """Whichever model a workshop has by now."""

    def __init__(self, shop: "Workshop") -> None:
        self._shop = shop

    def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        return self._shop.model.stream(request)

    async def models(self) -> list[ModelInfo]:
        return await self._shop.model.models()

    async def close(self) -> None:
        return


class Workshop:
    """A process that works on devices; another one over the same table is another process."""

    def __init__(self, table: Table, model: Provider | None = None) -> None:
        self.hub = Hub()
        self.settings = Settings()
        self.logs = MemoryLogs()
        self.model = model or ScriptedProvider([])
        models = ModelService({name: lambda _: _Current(self) for name in ("OpenAI", "Demo")})
        saved = ProviderSettingsRepository(table)
        self.providers = ProviderService(saved, models, SecretBox("key"), own={})
        self.agents = AgentRepository(table)
        self.store = SessionRepository(table)
        desk = Desk(
            self.store,
            Channel(),
            self.settings,
            Workers(self.agents, self.providers, models),
            BUILT_IN,
            Metrics(),
        )
        runs = Runs()
        self.sessions = Sessions(self.hub, desk, runs, self.logs, keep_alive_s=15)
        self.wire = WireTasks(self.sessions, runs, desk.channel)
        self.hub.listen(left=self.wire.left)

    def script(self, *replies: Sequence[ProviderEvent | Exception]) -> ScriptedProvider:
        model = self.model = ScriptedProvider(replies)
        return model

    async def open(self, owner: str = OWNER) -> "Workshop":
        """With a provider saved."""
        values = {"base_url": "http://127.0.0.1:1/v1", "api_key": "sk-1", "model": "gpt-5"}
        await self.providers.save(owner, "OpenAI", values)
        return self

    def plug_in(
        self,
        client_id: str = "lab-7",
        *,
        role: Role = "device",
        owner: str = OWNER,
        platform: str = "linux",
        target_id: str | None = None,
        **values: Any,
    ) -> Client:
        client = Client(self, **values)
        client.peer = Peer(owner, client_id, role, "key", client, target_id, platform)
        if role == "device" and (owner, client_id) not in self.settings.devices:
            self.settings.decide(client_id, owner)
        self.hub.join(client.peer)
        client.sent.clear()  # the acknowledgement
        return client

    def order(self, request: str = "Go.", client_id: str = "lab-7", **values: Any) -> Order:
        chosen = {"owner": OWNER, "task_name": "tidy-up", "requester": "api"} | values
        return Order(client_id=client_id, request=request, **chosen)

    async def does(self, request: str = "Go.", **values: Any) -> DeviceSession:
        """A task from its beginning to its end."""
        session = await self.sessions.begin(self.order(request, **values))
        return await self.ended(session)

    async def ended(self, session: DeviceSession) -> DeviceSession:
        async with asyncio.timeout(PATIENCE_S):
            return await self.sessions.ended(session.created_by, session.session_id)
