"""Somebody with an account, and what she has said to her agents."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from playwright.async_api import APIResponse, BrowserContext, Route

from account import said
from smriti.auth.sessions import COOKIE
from tests.e2e.server import Caller, Json, ServerProcess

PASSWORD = "a long enough password"


@dataclass
class Person:
    """`caller` speaks for her with the API."""

    name: str
    token: str
    site: ServerProcess
    caller: Caller

    @classmethod
    @contextmanager
    def signed_up(cls, site: ServerProcess, name: str) -> Iterator[Self]:
        with site.client() as http:
            account = {"username": name, "password": PASSWORD}
            answer = http.post("/auth/local/signup", json=account)
            assert answer.is_success, answer.text
            token = answer.json()["token"]
            http.cookies.clear()
            http.headers["Authorization"] = f"Bearer {token}"
            yield cls(name, token, site, Caller(http))

    async def enter(self, windows: BrowserContext) -> None:
        """Be signed in in this browser, as by a link."""
        await windows.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": self.token,
                    "url": self.site.url,
                    "httpOnly": True,
                    "sameSite": "Strict",
                }
            ]
        )

    @property
    def app(self) -> str:
        """The address of the app."""
        return f"{self.site.url}/app/"

    def at(self, *path: str) -> str:
        """The address of a view, as in `at("agents", agent_id)`."""
        return f"{self.app}#/{'/'.join(path)}"

    async def answer_to(self, route: Route) -> APIResponse:
        """What the server says to what a page of hers asks. It is asked with her token: a cookie is
        taken only where the browser tells that it is our page that asks, and here it does not."""
        headers = await route.request.all_headers()
        answer = await route.fetch(headers=headers | {"authorization": f"Bearer {self.token}"})
        assert answer.ok, await answer.text()
        return answer

    def seed(self, agent: Json, *, messages: int = 500) -> Json:
        """A conversation that has been going on for a while: so many messages, a minute apart."""
        conversation = self.caller.conversation(agent)
        path = f"/conversations/{conversation['conversation_id']}/messages:import"
        self.caller.post(path, {"messages": said(messages)})
        return conversation
