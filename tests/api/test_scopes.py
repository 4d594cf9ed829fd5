"""Which scope of a program's key opens which operation; what is not named is for people only."""

from itertools import chain
from typing import Final, get_args

import pytest

from smriti.auth.keys.models import KeyScope
from tests.api.clients import open_client
from tests.api.document import OPERATIONS
from tests.home import Home

_TURN: Final = "/conversations/{conversation_id}/turns/{turn_id}"
_AGENT: Final = "/agents/{agent_id}"
_BLOCK: Final = f"{_AGENT}/memory-blocks/{{name}}"
_MEMORY: Final = f"{_AGENT}/archival-memory/{{memory_id}}"

OPENED_BY: Final[dict[tuple[KeyScope, ...], set[str]]] = {
    ("chat",): {
        "POST /agents/{agent_id}/{conversation_id}/send-message",
        "POST /conversations/",
        "GET /conversations/",
        "GET /conversations/{conversation_id}",
        "PUT /conversations/{conversation_id}",
        "DELETE /conversations/{conversation_id}",
        "GET /conversations/{conversation_id}/context",
        "GET /conversations/{conversation_id}/messages",
        "GET /conversations/{conversation_id}/messages/{message_id}/attachments/{number}",
        "POST /conversations/{conversation_id}/messages:import",
        "POST /conversations/{conversation_id}/messages/{message_id}/retry",
        "POST /conversations/{conversation_id}/messages/{message_id}/edit",
        "GET /conversations/{conversation_id}/turns",
        f"GET {_TURN}",
        f"POST {_TURN}/cancel",
        f"GET {_TURN}/events",
        "POST /query",
    },
    ("agents:read",): {
        "GET /agents",
        "GET /agents/supported-models",
        "GET /agents/templates",
        "GET /agents/update-schema/{agent_id}",
        f"GET {_AGENT}",
        f"GET {_AGENT}/memory-blocks",
        f"GET {_AGENT}/tools",
        f"GET {_BLOCK}/content",
        f"GET {_BLOCK}/history",
        f"GET {_AGENT}/archival-memory",
        f"GET {_MEMORY}",
        f"GET {_AGENT}/api-keys",
        f"GET {_AGENT}/api-keys/{{key_id}}",
        "GET /llm/models/{provider_name}",
        "POST /agent_info",
    },
    ("agents:write",): {
        "POST /agents",
        "POST /agents/import",
        "POST /create_session",
        f"PUT {_AGENT}",
        f"DELETE {_AGENT}",
        f"POST {_AGENT}/memory-blocks",
        f"DELETE {_BLOCK}",
        f"PUT {_BLOCK}/content",
        f"POST {_BLOCK}/restore",
        f"POST {_AGENT}/archival-memory",
        f"POST {_AGENT}/archival-memory:batch",
        f"PATCH {_MEMORY}",
        f"DELETE {_MEMORY}",
        f"POST {_AGENT}/api-keys",
        f"PATCH {_AGENT}/api-keys/{{key_id}}",
        f"DELETE {_AGENT}/api-keys/{{key_id}}",
    },
    ("agents:read", "chat"): {f"GET {_AGENT}/export", f"GET {_AGENT}/recall", "GET /search"},
    ("devices",): {
        "GET /devices",
        "GET /devices/events",
        "GET /devices/{client_id}",
        "GET /devices/{client_id}/sessions",
        "GET /api/sessions",
        "GET /api/sessions/{session_id}",
        "GET /api/sessions/{session_id}/events",
        "POST /api/sessions/{session_id}/cancel",
        "GET /api/health",
        "GET /api/clients",
        "POST /api/dispatch",
        "GET /api/task_result/{task_name}",
    },
    ("admin",): {
        "GET /auth/me",
        "GET /usage",
        "POST /payments/stripe/checkout",
        "POST /payments/stripe/portal",
        "GET /payments/stripe/subscription/status",
        "POST /payments/stripe/subscription/cancel",
        "POST /payments/stripe/subscription/resume",
        "GET /users/me/export",
        "GET /llm/local-servers",
        "GET /settings/providers",
        "GET /settings/providers/{provider_name}",
        "POST /settings/providers/{provider_name}",
        "POST /settings/providers/{provider_name}/check",
        "DELETE /settings/providers/{provider_name}",
        "PATCH /devices/{client_id}",
        "DELETE /devices/{client_id}",
        f"POST {_TURN}/approvals",
        "POST /api/sessions/{session_id}/approvals",
    },
}
_ALL: Final = set(chain.from_iterable(OPENED_BY.values()))


def test_the_document_names_the_scopes_of_every_operation_that_programs_may_use() -> None:
    documented = {str(each): each.callers for each in OPERATIONS if "api_key" in each.callers}

    assert documented == {
        name: {"api_key": list(scopes), "bearer": list(scopes)}
        for scopes, names in OPENED_BY.items()
        for name in names
    }


@pytest.mark.parametrize("scope", get_args(KeyScope.__value__))
async def test_a_scope_opens_what_it_says_and_nothing_else(scope: KeyScope, home: Home) -> None:
    made = await home.post("/api-keys", {"name": "Robot", "scopes": [scope]})
    opened, refused = set[str](), dict[str, list[str]]()

    async with open_client(home.app, Authorization=f"Bearer {made['key']}") as client:
        for operation in OPERATIONS:
            if operation.callers:
                path = operation.path_with({})
                answer = await client.request(operation.method, path, json=operation.body)
                if answer.status_code == 403:
                    told = answer.headers["WWW-Authenticate"].partition('scope="')[2]
                    refused[str(operation)] = told.removesuffix('"').split()
                elif answer.status_code != 401:
                    opened.add(str(operation))

    others = {
        name: [each for each in scopes if each != scope]
        for scopes, names in OPENED_BY.items()
        for name in names
        if {scope} != {*scopes}
    }
    assert opened == (_ALL if scope == "admin" else OPENED_BY[(scope,)])
    assert refused == ({} if scope == "admin" else others)


async def test_a_key_with_both_scopes_opens_what_needs_both(home: Home) -> None:
    made = await home.post("/api-keys", {"name": "Robot", "scopes": ["chat", "agents:read"]})

    async with open_client(home.app, Authorization=f"Bearer {made['key']}") as client:
        answer = await client.get("/search", params={"q": "tea"})

    assert answer.status_code == 200


async def test_a_refusal_names_the_scope_in_words_and_in_the_header(home: Home) -> None:
    made = await home.post("/api-keys", {"name": "Robot", "scopes": ["chat"]})

    async with open_client(home.app, **{"X-API-Key": made["key"]}) as client:
        answer = await client.post("/agents", json={})

    assert answer.status_code == 403
    assert answer.json() == {
        "type": "/problems/api-key-scope-missing",
        "title": "Not allowed",
        "status": 403,
        "detail": "This API key lacks the scope 'agents:write'.",
        "scopes": ["agents:write"],
        "path": "/agents",
    }
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_scope", scope="agents:write"'
    )
