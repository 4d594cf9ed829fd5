"""The messages of AIP as they travel, one class a message: what parses is valid (`specs/aip.md`).

Unknown members are ignored, and an absent one is as good as null.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

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
type Moment = Annotated[datetime, PlainSerializer(datetime.isoformat)]
"""With an offset: `Z` is too new for the clients' Python."""


class _FromDevice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Status
    client_type: Role | None = None
    client_id: Label | None = None
    target_id: Label | None = None
    session_id: Label | None = None
    request_id: Label | None = None


class RegisterMetadata(BaseModel):
    """What a client says of itself. `platform` chooses the kind of tools: see `platforms`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    platform: Label | None = None
    system_info: Annotated[dict[str, Any], BeforeValidator(lambda given: given or {})] = Field(
        default_factory=dict
    )


class Register(_FromDevice):
    type: Literal["register"]
    client_id: ClientId
    metadata: RegisterMetadata | None = None


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
    action_results: Annotated[
        list[Result], Field(max_length=1000), BeforeValidator(lambda given: given or [])
    ] = Field(default_factory=list)


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


class _Claims(BaseModel):
    """What an invalid message says of itself, as far as it can be understood."""

    type: Any = None
    session_id: Any = None


class Unreadable(Exception):
    """Not a message of AIP; says why in words for its sender.

    `is_error`: it wanted to be an ERROR. `task_session_id`: it wanted to be the TASK of this id.
    """

    def __init__(self, reason: str, claims: _Claims | None = None) -> None:
        super().__init__(reason)
        claims = claims or _Claims()
        self.is_error = claims.type == "error"
        is_task = claims.type == "task" and isinstance(claims.session_id, str)
        self.task_session_id: str | None = claims.session_id if is_task else None


def read(frame: str | bytes) -> FromDevice:
    """`Unreadable`."""
    try:
        return FROM_DEVICE.validate_json(frame)
    except ValidationError as error:
        if "hex escape" in error.errors(include_url=False, include_input=False)[0]["msg"]:
            return read(_without_halves(frame))
        raise Unreadable(_reason(error), _claims(frame)) from None  # the cause quotes the message


def _without_halves(frame: str | bytes) -> bytes:
    """The same JSON, with question marks for halves of characters: some tools cut output so."""
    try:
        return json.dumps(json.loads(frame), ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return b""


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if place := first["loc"][1:]:
        return f"This is not a valid message: look at {'.'.join(map(str, place))!r}."
    if first["type"] == "json_invalid":
        return "This is not JSON."
    return "This is not a message of AIP: its 'type' is missing or unknown."


def _claims(frame: str | bytes) -> _Claims:
    try:
        return _Claims.model_validate_json(frame)
    except ValidationError:
        return _Claims()


class _ToDevice(BaseModel):
    """`response_id` is this message's own id, but for the answer to a DEVICE_INFO_REQUEST."""

    status: Status
    session_id: str | None = None
    response_id: str = Field(default_factory=new_id)
    timestamp: Moment = Field(default_factory=utc_now)


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
