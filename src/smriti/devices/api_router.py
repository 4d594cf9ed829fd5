"""Tasks and their sessions over HTTP, for programs with an API key and for who is signed in."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from smriti.auth.keys.dependencies import AdminUser, KeyIsThere, KeyOrUser
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS, Paging
from smriti.core.paging import Page
from smriti.devices.dependencies import DeviceSessions, Dispatching
from smriti.devices.dispatch import (
    ApiHealth,
    DispatchCreate,
    Dispatched,
    OnlineClients,
    TaskResult,
)
from smriti.devices.models import SessionSummary, SessionView
from smriti.realtime.sse import numbered
from smriti.tools.approvals import Decision
from smriti.turns.dependencies import LastEvent
from smriti.turns.router import HEARD, STREAM, as_stream

ufo = APIRouter(prefix="/api", tags=["tasks"], responses=PROBLEMS, dependencies=[KeyIsThere])
router = APIRouter(prefix="/api/sessions", tags=["tasks"], responses=PROBLEMS)


@ufo.get("/health", summary="Tell a program that its key counts, and who is online")
async def health(caller: KeyOrUser, dispatcher: Dispatching) -> ApiHealth:
    return ApiHealth(online_clients=dispatcher.online(caller.owner))


@ufo.get("/clients", summary="List the ids of devices and constellations that are online")
async def online_clients(caller: KeyOrUser, dispatcher: Dispatching) -> OnlineClients:
    return OnlineClients(online_clients=dispatcher.online(caller.owner))


@ufo.post("/dispatch", summary="Give a device a task")
async def dispatch(new: DispatchCreate, caller: KeyOrUser, dispatcher: Dispatching) -> Dispatched:
    return await dispatcher.dispatch(caller, new)


@ufo.get("/task_result/{task_name}", summary="Ask what became of a task, by its name")
async def task_result(task_name: Id, caller: KeyOrUser, dispatcher: Dispatching) -> TaskResult:
    return await dispatcher.result(caller.owner, task_name)


@router.get("", summary="List what devices did, newest first")
async def list_sessions(
    caller: KeyOrUser,
    sessions: DeviceSessions,
    page: Paging,
    client_id: Annotated[
        str | None, Query(max_length=200, description="Only what this device did.")
    ] = None,
) -> Page[SessionSummary]:
    return await sessions.page(caller.owner, page, client_id=client_id)


@router.get("/{session_id}", summary="Get a session with every step of it")
async def get_session(session_id: Id, caller: KeyOrUser, sessions: DeviceSessions) -> SessionView:
    return await sessions.find(caller.owner, session_id)


@router.get(
    "/{session_id}/events",
    summary="Read a session's events again, from any of them, and those that come",
    response_class=StreamingResponse,
    responses=STREAM | HEARD,
)
async def session_events(
    session_id: Id, caller: KeyOrUser, sessions: DeviceSessions, after: LastEvent
) -> Response:
    return as_stream(await sessions.attach(caller.owner, session_id, after, form=numbered))


@router.post("/{session_id}/cancel", summary="Stop a session; what was done so far is kept")
async def cancel_session(
    session_id: Id, caller: KeyOrUser, sessions: DeviceSessions
) -> SessionSummary:
    return await sessions.cancel(caller.owner, session_id)


@router.post(
    "/{session_id}/approvals",
    summary="Approve or deny the command that a session waits to run",
    description="For who is signed in, or has a key of scope `admin`: other programs must not "
    "approve what they have asked for.",
)
async def decide(
    session_id: Id, decision: Decision, user: AdminUser, sessions: DeviceSessions
) -> SessionSummary:
    return await sessions.decide(user.email, session_id, decision)
