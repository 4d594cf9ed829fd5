"""Exports as tests look at them, and imports as tests ask for them."""

import json
from typing import Any

import httpx2

type Json = dict[str, Any]


async def export_agent(client: httpx2.AsyncClient, agent_id: str, *, talks: bool = True) -> Json:
    response = await client.get(
        f"/agents/{agent_id}/export", params={"conversations": str(talks).lower()}
    )
    assert response.status_code == 200, response.text
    document: Json = response.json()
    return document


async def send_file(
    client: httpx2.AsyncClient, file: Json | bytes, key: str | None = None
) -> httpx2.Response:
    content = file if isinstance(file, bytes) else json.dumps(file).encode()
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    return await client.post("/agents/import", content=content, headers=headers)


async def import_file(
    client: httpx2.AsyncClient, file: Json | bytes, key: str | None = None
) -> Json:
    response = await send_file(client, file, key)
    assert response.status_code == 201, response.text
    imported: Json = response.json()
    return imported


def agent_file(**members: Any) -> Json:
    """The smallest file of an agent, and these members."""
    agent = {
        "agent_name": "Librarian",
        "agent_architecture": "krishna-memgpt",
        "agent_provider": "Demo",
        "agent_persona": "Knows every shelf.",
    }
    return {"format": "smriti-agent", "version": 1, "agent": agent} | members


def talk_file(*messages: Json, **members: Any) -> Json:
    """The file of an agent with one conversation."""
    talk = {"title": "Tea", "created_at": "2026-03-01T09:00:00Z"} | members
    return agent_file(conversations=[talk | {"messages": list(messages)}])


def told(role: str, content: str, minute: int, **members: Any) -> Json:
    moment = f"2026-03-01T{minute // 60:02}:{minute % 60:02}:00Z"
    return {"role": role, "content": content, "created_at": moment} | members


def comparable(agent: Json) -> Json:
    """The file of an agent without its date, the agent's, and with ids by their order."""
    numbers: dict[str, str] = {}

    def numbered(entry: Json) -> Json:
        known = entry.get("conversation_id")
        if known is None:
            return entry
        return entry | {"conversation_id": numbers.setdefault(known, f"#{len(numbers)}")}

    talks = [numbered(talk) for talk in agent["conversations"]]
    archive = [numbered(passage) for passage in agent["memory"]["archive"]]
    definition = {
        name: value for name, value in agent["agent"].items() if not name.endswith("ed_at")
    }
    blocks = [
        {name: value for name, value in block.items() if name != "created_at"}
        for block in agent["memory"]["blocks"]
    ]
    return {
        "agent": definition,
        "memory": {"blocks": blocks, "archive": archive},
        "conversations": talks,
    }
