"""A client of the older server: it has a program's key, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.api.clients import open_client
from tests.home import Home

SCOPES = ["chat", "agents:read", "agents:write"]
ADA: dict[str, Any] = {
    "name": "Ada",
    "modelProvider": "openai",
    "system": "Be exact.",
    "bio": ["Wrote the first program."],
    "style": {"all": ["short sentences"]},
    "messageExamples": [
        [
            {"user": "{{user1}}", "content": {"text": "What is an engine?"}},
            {"user": "Ada", "content": {"text": "A weaver of numbers."}},
        ]
    ],
    "knowledge": ["The engine has a mill.", "The mill has a store."],
    "settings": {"secrets": {"OPENAI_API_KEY": "sk-character-secret"}},
}
ENV = {"WEATHER_API_KEY": "env-secret"}


class OlderClient:
    def __init__(self, client: httpx2.AsyncClient, key: str) -> None:
        self.http = client
        self.key = key

    async def create(self, name: str = "Ada", **members: Any) -> httpx2.Response:
        body = {
            "character_file": ADA,
            "api_key": self.key,
            "env_json": ENV,
            "multiple_agents_name": "Ada/Byron/",
            "multi_agent_main_name": name,
        }
        return await self.http.post("/create_session", json=body | members)

    async def query(self, text: str, name: str = "Ada", **members: Any) -> httpx2.Response:
        body = {"query": text, "agent_name": name, "api_key": self.key}
        return await self.http.post("/query", json=body | members)

    async def info(self, **members: Any) -> httpx2.Response:
        return await self.http.post("/agent_info", json={"api_key": self.key} | members)


@asynccontextmanager
async def older_client(home: Home, scopes: list[str] | None = None) -> AsyncIterator[OlderClient]:
    made = await home.post("/api-keys", {"name": "Robot", "scopes": scopes or SCOPES})
    async with open_client(home.app) as client:
        yield OlderClient(client, made["key"])


@pytest.fixture
async def older(home: Home) -> AsyncIterator[OlderClient]:
    async with older_client(home) as client:
        yield client
