"""The messages of AIP as they travel, one class a message: what parses is valid (`specs/aip.md`).

Unknown members are ignored, and an absent one is as good as null.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from smriti.auth.keys.models import ClientId
from smriti.core.clock import new_id, utc_now

MAX_REQUEST: Final = 64_000
"""Characters of a task's request."""

MAX_LABEL: Final = 200
"""Characters of an id or a name that a client chooses."""

type Role = Literal["device", "constellation"]
type Status = Literal["continue", "completed", "failed", "ok", "error"]
type ResultStatus = Literal["success", "failure", "skipped", "none"]
type ToolType = Literal["action", "data_collection"]
type Label = Annotated[str, Field(max_length=MAX_LABEL)]


class _FromDevice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Status
    client_type: Role = "device"
    client_id: Label | None = None
    target_id: Label | None = None
    session_id: Label | None = None
    request_id: Label | None = None


class RegisterMetadata(BaseModel):
    """What a client says of itself. `platform` chooses the kind of tools: see `platforms`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    platform: Label | None = None
    system_info: dict[str, Any] = Field(default_factory=dict)


class Register(_FromDevice):
    type: Literal["register"]
    client_id: ClientId
    metadata: RegisterMetadata = RegisterMetadata()


class Heartbeat(_FromDevice):
    type: Literal["heartbeat"]


class Task(_FromDevice):
    type: Literal["task"]
    request: Annotated[str, Field(max_length=MAX_REQUEST)] | None = None
    task_name: Label | None = None


class Result(BaseModel):
    """What became of one command. `result` is any JSON; what is empty arrives as null."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: ResultStatus
    error: str | None = None
    result: Any = None
    call_id: Label | None = None


class CommandResults(_FromDevice):
    type: Literal["command_results"]
    prev_response_id: Label
    action_results: Annotated[list[Result], Field(max_length=1000)] = Field(default_factory=list)


class DeviceInfoRequest(_FromDevice):
    type: Literal["device_info_request"]


class DeviceInfoResponse(_FromDevice):
    type: Literal["device_info_response"]


class ClientTaskEnd(_FromDevice):
    type: Literal["task_end"]


class ClientError(_FromDevice):
    type: Literal["error"]
    error: str | None = None


FromDevice = Annotated[
    Register
    | Heartbeat
    | Task
    | CommandResults
    | DeviceInfoRequest
    | DeviceInfoResponse
    | ClientTaskEnd
    | ClientError,
    Field(discriminator="type"),
]
FROM_DEVICE: Final[TypeAdapter[FromDevice]] = TypeAdapter(FromDevice)


class _ToDevice(BaseModel):
    """`response_id` is this message's own id, but for the answer to a DEVICE_INFO_REQUEST."""

    status: Status
    session_id: str | None = None
    response_id: str = Field(default_factory=new_id)
    timestamp: datetime = Field(default_factory=utc_now)


class Ack(_ToDevice):
    """The answer to REGISTER, to a HEARTBEAT, and, with a `session_id`, to a TASK."""

    type: Literal["heartbeat"] = "heartbeat"
    status: Literal["ok"] = "ok"


class Refusal(_ToDevice):
    type: Literal["error"] = "error"
    status: Literal["error"] = "error"
    error: str


class DeviceInfo(_ToDevice):
    type: Literal["device_info_response"] = "device_info_response"
    status: Literal["ok"] = "ok"
    result: dict[str, Any]


class Dispatch(_ToDevice):
    """A task that came over HTTP, told to its device, which answers with a TASK of this name."""

    type: Literal["task"] = "task"
    status: Literal["continue"] = "continue"
    user_request: str
    task_name: str


class Action(BaseModel):
    tool_name: str
    tool_type: ToolType = "action"
    parameters: dict[str, Any] = Field(default_factory=dict)
    call_id: str = Field(default_factory=new_id)


class Command(_ToDevice):
    type: Literal["command"] = "command"
    status: Literal["continue"] = "continue"
    agent_name: str
    process_name: str = ""
    root_name: str = ""
    task_name: str
    actions: Sequence[Action]


class TaskEnd(_ToDevice):
    type: Literal["task_end"] = "task_end"
    status: Literal["completed", "failed"]
    error: str | None = None
    result: Any = None


type ToDevice = Ack | Refusal | DeviceInfo | Dispatch | Command | TaskEnd
