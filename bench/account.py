"""Somebody new on a Smriti under measurement, who calls its API."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2


class Account:
    """Signed up and in: `http` carries her token from now on."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http
        account = {"username": f"bench-{secrets.token_hex(4)}", "password": secrets.token_hex(8)}
        self.token: str = self.post("/auth/local/signup", account)["token"]
        http.headers["authorization"] = f"Bearer {self.token}"

    def post(self, path: str, body: Any) -> Any:
        response = self._http.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def agent(self, provider: str) -> str:
        """A new agent; its id."""
        agent = {
            "agent_name": "Bench",
            "agent_persona": "You are helpful.",
            "agent_architecture": "krishna-memgpt",
            "agent_provider": provider,
        }
        made: str = self.post("/agents", agent)["agent_id"]
        return made


def said(count: int) -> list[dict[str, str]]:
    """Messages to import, a minute apart, the newest one just now: `Message 0.` and so on."""
    began = datetime.now(UTC) - timedelta(minutes=count)
    return [
        {
            "role": "assistant" if number % 2 else "user",
            "content": f"Message {number}. " + "Words that fill a line or two. " * (number % 7),
            "created_at": (began + timedelta(minutes=number)).isoformat(),
        }
        for number in range(count)
    ]
