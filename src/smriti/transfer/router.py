"""Imports and exports over HTTP."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from smriti.auth.idempotency.dependencies import NewId
from smriti.auth.keys.dependencies import AdminUser, AgentsWriter, KeyOf
from smriti.core.edge import PROBLEMS
from smriti.transfer.dependencies import ExportedAgent, Exports, ExportSlot, Imports, Uploaded
from smriti.transfer.download import Download
from smriti.transfer.models import Imported
from smriti.transfer.upload import ImportRoute

router = APIRouter(tags=["transfer"], responses=PROBLEMS)
uploads = APIRouter(tags=["transfer"], responses=PROBLEMS, route_class=ImportRoute)

_FILE: Final = {
    "type": "object",
    "description": "A file that an export has made, or another one of the same shape; or a "
    "character of ElizaOS.",
    "anyOf": [
        {
            "required": ["format", "version", "agent"],
            "properties": {
                "format": {"const": "smriti-agent"},
                "version": {"const": 1},
                "agent": {"type": "object"},
                "memory": {"type": "object"},
                "conversations": {"type": "array", "items": {"type": "object"}},
            },
        },
        {
            "required": ["format", "version"],
            "properties": {
                "format": {"const": "smriti-account"},
                "version": {"const": 1},
                "agents": {"type": "array", "items": {"type": "object"}},
                "conversations": {"type": "array", "items": {"type": "object"}},
            },
        },
        {
            "description": "A character; also with `lore`, `style`, `messageExamples`, and so on.",
            "required": ["name", "bio"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 100},
                "bio": {"type": ["string", "array", "null"], "items": {"type": "string"}},
                "system": {"type": ["string", "null"]},
            },
        },
    ],
    "example": {
        "format": "smriti-agent",
        "version": 1,
        "agent": {
            "agent_name": "Librarian",
            "agent_architecture": "krishna-memgpt",
            "agent_provider": "Demo",
            "agent_persona": "Knows every shelf.",
        },
        "memory": {
            "blocks": [{"name": "human", "lines": ["Name: Alice"]}],
            "archive": [{"content": "Drinks tea", "created_at": "2026-03-01T09:15:02Z"}],
        },
        "conversations": [
            {
                "title": "Tea",
                "created_at": "2026-03-01T09:15:00Z",
                "messages": [
                    {"role": "user", "content": "Hi", "created_at": "2026-03-01T09:15:00Z"}
                ],
            }
        ],
    },
}
_FORM: Final = {
    "type": "object",
    "description": "The same, as the field of a form.",
    "required": ["file"],
    "properties": {"file": {"type": "string", "contentMediaType": "application/json"}},
}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _FILE},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}
_DOWNLOAD: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, sent while it is made. One that is cut off is no JSON.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "anyOf": [
                        {
                            "required": ["format", "version", "exported_at"],
                            "properties": {
                                "format": {"type": "string"},
                                "version": {"type": "integer"},
                                "exported_at": {"type": "string", "format": "date-time"},
                            },
                        },
                        {"description": "A character.", "required": ["name", "knowledge"]},
                    ],
                }
            }
        },
    }
}


@router.get(
    "/agents/{agent_id}/export",
    summary="Download an agent with all that it remembers",
    response_class=StreamingResponse,
    responses=_DOWNLOAD,
)
async def export_agent(
    agent: ExportedAgent,
    exports: Exports,
    _slot: ExportSlot,
    file_format: Annotated[
        Literal["smriti", "character"],
        Query(
            alias="format",
            description="`character` is a character of ElizaOS: who the agent is and what it "
            "knows, without what it has learnt.",
        ),
    ] = "smriti",
    conversations: Annotated[bool, Query(description="Also what was said; not of a character.")] = (
        False
    ),
) -> StreamingResponse:
    if file_format == "character":
        return Download(exports.character(agent), f"{agent.agent_name}.character")
    return Download(exports.agent(agent, conversations=conversations), agent.agent_name)


@router.get(
    "/users/me/export",
    summary="Download everything that is yours",
    response_class=StreamingResponse,
    responses=_DOWNLOAD,
)
async def export_account(user: AdminUser, exports: Exports, _slot: ExportSlot) -> StreamingResponse:
    return Download(exports.account(user), f"smriti-{user.email}")


@uploads.post(
    "/agents/import",
    status_code=201,
    summary="Make agents from a file",
    description="Always makes new agents; a number follows a name that you have already. With an "
    "`Idempotency-Key`, an import that was interrupted goes on when the file is sent again.",
    openapi_extra=_BODY,
)
async def import_agents(
    upload: Uploaded, user: AgentsWriter, key: KeyOf, imports: Imports, import_id: NewId
) -> Imported:
    return await imports.run(user, upload.file, import_id, key=key)
