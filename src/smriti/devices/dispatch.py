"""UFO's API: tasks that programs hand in, and what became of them (`specs/aip.md` §15)."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from smriti.auth.keys.models import Principal
from smriti.core.clock import new_id
from smriti.core.errors import BadRequest
from smriti.devices.hub import Hub
from smriti.devices.orders import Order
from smriti.devices.protocol import MAX_LABEL, MAX_REQUEST
from smriti.devices.session_repository import SessionRepository
from smriti.devices.sessions import EmptyRequest, Sessions

_TASK_NAME: Final = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}"

# Whatever is no such text is refused with 400, after what comes first in the contract.
type TaskName = Annotated[Any, WithJsonSchema({"type": "string", "pattern": f"^{_TASK_NAME}$"})]


class DispatchCreate(BaseModel):
    """A task for a device that is online; `task_name`: under which to ask for its result."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "client_id": "lab-7",
                "request": "How full is the disk?",
                "task_name": "disk-check",
            }
        }
    )

    client_id: Annotated[str, Field(max_length=MAX_LABEL)] | None = None
    request: Annotated[str, Field(max_length=MAX_REQUEST)] | None = None
    task_name: TaskName = Field(default_factory=new_id)


class Dispatched(BaseModel):
    status: Literal["dispatched"] = "dispatched"
    task_name: str
    client_id: str
    session_id: str


class OnlineClients(BaseModel):
    online_clients: list[str]


class ApiHealth(OnlineClients):
    status: Literal["healthy"] = "healthy"


class TaskPending(BaseModel):
    status: Literal["pending"] = "pending"


class TaskDone(BaseModel):
    """`result` as in the TASK_END that a constellation would get."""

    status: Literal["done"] = "done"
    result: Any


class TaskFailed(TaskDone):
    error: str


type TaskResult = TaskFailed | TaskDone | TaskPending


class EmptyClientId(BadRequest):
    slug = "empty-client-id"

    def __init__(self) -> None:
        super().__init__("Empty client ID")


class InvalidTaskName(BadRequest):
    slug = "invalid-task-name"

    def __init__(self) -> None:
        super().__init__(
            "Invalid task_name: letters, digits, '.', '_' and '-', at most 200, no '.' in front."
        )


class Dispatcher:
    def __init__(self, hub: Hub, sessions: Sessions, stored: SessionRepository) -> None:
        self._hub = hub
        self._sessions = sessions
        self._stored = stored

    def online(self, owner: str) -> list[str]:
        """The ids of the owner's devices and constellations that are connected."""
        return [peer.client_id for peer in self._hub.of(owner)]

    async def dispatch(self, caller: Principal, new: DispatchCreate) -> Dispatched:
        """`EmptyRequest`, `EmptyClientId`, `InvalidTaskName`, and those of `Sessions.dispatch`."""
        if not new.request or not new.request.strip():
            raise EmptyRequest
        if not new.client_id:
            raise EmptyClientId
        name = new.task_name
        if not isinstance(name, str) or not re.fullmatch(_TASK_NAME, name):
            raise InvalidTaskName
        requester = caller.key.key_id if caller.key else caller.owner
        session = await self._sessions.dispatch(
            Order(caller.owner, new.client_id, new.request, name, "api", requester)
        )
        return Dispatched(task_name=name, client_id=new.client_id, session_id=session.session_id)

    async def result(self, owner: str, task_name: str) -> TaskResult:
        """What became of the newest task of that name; one that nobody knows is pending."""
        session_id = await self._stored.named(owner, task_name)
        if session_id is None:
            return TaskPending()
        session = await self._sessions.find(owner, session_id)
        if not session.ended:
            return TaskPending()
        if session.status == "completed":
            return TaskDone(result=session.outcome)
        return TaskFailed(result=session.outcome, error=session.error or "It has failed.")
