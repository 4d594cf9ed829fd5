"""A site that embeds an agent, and the visitors of its pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx2

from smriti.widget.keys.models import WidgetKey
from smriti.widget.models import VisitorProfile, VisitorSignedIn
from smriti.widget.tokens import VisitorTokens
from tests.home import BASE_URL, Home, events_of

SITE = "https://shop.example"


@dataclass
class Visit:
    """What a page of the site does for one visitor."""

    http: httpx2.AsyncClient
    visitor_id: str

    async def conversation(self) -> dict[str, Any]:
        made = await self.http.post("/widget/conversations", json={})
        assert made.status_code == 201, made.text
        conversation: dict[str, Any] = made.json()
        return conversation

    async def send(
        self, conversation: dict[str, Any], content: str, **headers: str
    ) -> httpx2.Response:
        path = f"/widget/conversations/{conversation['conversation_id']}/messages"
        return await self.http.post(path, json={"content": content}, headers=headers)

    async def say(self, conversation: dict[str, Any], content: str) -> list[dict[str, Any]]:
        answer = await self.send(conversation, content)
        assert answer.status_code == 200, answer.text
        return events_of(answer.text)


@dataclass
class Shop:
    home: Home
    agent: dict[str, Any]
    key: dict[str, Any]

    @classmethod
    async def opened(cls, home: Home, agent: dict[str, Any] | None = None, **values: Any) -> Self:
        agent = agent or await home.agent()
        body = {"name": "Shop", "allowed_origins": [SITE], **values}
        return cls(home, agent, await home.post(f"/agents/{agent['agent_id']}/api-keys", body))

    @property
    def keys_path(self) -> str:
        return f"/agents/{self.agent['agent_id']}/api-keys"

    @property
    def key_path(self) -> str:
        return f"{self.keys_path}/{self.key['key_id']}"

    def page(self, **headers: str) -> httpx2.AsyncClient:
        """A page of the site that nobody has said a word on. Headers: `_` for `-`."""
        sent = {"X-API-Key": self.key["public_key"], "Origin": SITE}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx2.ASGITransport(app=self.home.app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=sent, timeout=30)

    @asynccontextmanager
    async def visit(self, email: str | None = None) -> AsyncIterator[Visit]:
        """A visitor without a name, or one whom Google has vouched for."""
        async with self.page() as page:
            if email is None:
                entered = (await page.post("/widget/auth/anonymous")).json()
            else:
                entered = self._signed_in(email).model_dump()
            page.headers["Authorization"] = f"Bearer {entered['access_token']}"
            yield Visit(page, entered["visitor"]["visitor_id"])

    def _signed_in(self, email: str) -> VisitorSignedIn:
        profile = VisitorProfile(visitor_id=email, email=email, name=email, picture=None)
        key = WidgetKey.model_validate(self.key)
        return self.home.services.get(VisitorTokens).issue(key, profile)
