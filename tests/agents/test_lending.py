"""A program gives no agent what it may not do itself."""

from typing import Any, Final

import httpx2
import pytest

from tests.api.clients import open_client
from tests.home import Home
from tests.transfer.files import agent_file, send_file

_AGENT: Final = agent_file()["agent"] | {"agent_name": "Handy"}
_HANDY: Final = {"capabilities": ["devices"]}


async def _program(home: Home, *scopes: str) -> httpx2.AsyncClient:
    made = await home.post("/api-keys", {"name": "Robot", "scopes": list(scopes)})
    return open_client(home.app, Authorization=f"Bearer {made['key']}")


async def _lent(client: httpx2.AsyncClient, agent: dict[str, Any]) -> list[int]:
    """What somebody hears who makes, changes and imports an agent that works on machines."""
    answers = [
        await client.post("/agents", json=_AGENT | _HANDY),
        await client.put(f"/agents/{agent['agent_id']}", json=_HANDY),
        await send_file(client, agent_file(agent=_AGENT | _HANDY)),
    ]
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        (("agents:write", "chat"), [403, 403, 403]),
        (("agents:write", "devices"), [201, 200, 201]),
        (("admin",), [201, 200, 201]),
    ],
)
async def test_machines_are_lent_by_who_may_use_them(
    home: Home, scopes: tuple[str, ...], statuses: list[int]
) -> None:
    agent = await home.agent()

    async with await _program(home, *scopes) as program:
        assert await _lent(program, agent) == statuses


async def test_what_an_agent_has_it_may_be_given_again(home: Home) -> None:
    agent = await home.agent(**_HANDY)

    async with await _program(home, "agents:write") as program:
        kept = await program.put(f"/agents/{agent['agent_id']}", json=_HANDY)
        taken = await program.put(f"/agents/{agent['agent_id']}", json={"capabilities": "none"})

    assert [kept.status_code, taken.status_code] == [200, 200]
    assert taken.json()["capabilities"] == []
