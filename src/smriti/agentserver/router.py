"""The routes of an older server, on top of agents and conversations."""

from typing import Any, Final

from fastapi import APIRouter

from smriti.agentserver.dependencies import Server, Sessions
from smriti.agentserver.models import (
    Answered,
    Info,
    InfoRequest,
    OlderError,
    Query,
    SessionCreate,
    SessionCreated,
)
from smriti.agentserver.route import KeyInBodyRoute
from smriti.auth.keys.dependencies import AgentsReader, AgentsWriter, ChatCaller, ChatUser
from smriti.turns.dependencies import IdempotencyKey
from smriti.usage.dependencies import ChatRate

PATHS: Final = ("/create_session", "/query", "/agent_info")
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": OlderError, "description": "What the caller can mend."},
    "5XX": {"model": OlderError, "description": "What the caller cannot."},
}

router = APIRouter(tags=["agent server"], responses=_ERRORS, route_class=KeyInBodyRoute)
asking = APIRouter(tags=["agent server"], responses=_ERRORS, route_class=KeyInBodyRoute)


@router.post(
    "/create_session",
    status_code=201,
    summary="Make an agent of a character file, or change the one that has its name",
)
async def create_session(
    new: SessionCreate, user: AgentsWriter, sessions: Sessions
) -> SessionCreated:
    return await sessions.create(user.email, new)


@asking.post("/query", summary="Ask an agent, and wait for its answer")
async def query(
    admission: ChatRate,
    asked: Query,
    caller: ChatCaller,
    _: ChatUser,  # before anything is looked for: whose token still counts
    server: Server,
    key: IdempotencyKey = None,
) -> Answered:
    return await server.query(caller, asked, key, admission)


@router.post("/agent_info", summary="List the agents of the key's owner")
async def agent_info(asked: InfoRequest, user: AgentsReader, server: Server) -> Info:
    return await server.info(user.email, asked.user_id)
