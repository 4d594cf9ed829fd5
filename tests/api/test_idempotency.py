"""The table of the contract's section 15: what the same call a second time is answered."""

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from tests.devices.line import plug_in_machine
from tests.home import PASSWORD, Home

type Outcome = Literal["same", "another", "gone", "refused"]


@dataclass(frozen=True)
class Row:
    """A call, its first and second status, and what the second answer is to the first."""

    method: str
    path: str
    statuses: tuple[int, int]
    outcome: Outcome
    body: dict[str, Any] | None = None
    ignored: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


_AGENT = {
    "agent_name": "Gardener",
    "agent_architecture": "krishna-mini",
    "agent_provider": "Demo",
    "agent_persona": "Knows every plant.",
}
_BLOCKS = "/agents/{agent_id}/memory-blocks"
_ARCHIVE = "/agents/{agent_id}/archival-memory"
_PROVIDER = "/settings/providers/OpenAI"

_ROWS = [
    Row("POST", "/agents", (201, 201), "same", _AGENT),
    Row("PUT", "/agents/{agent_id}", (200, 200), "same", {"agent_persona": "New"}, {"updated_at"}),
    Row("DELETE", "/agents/{agent_id}", (204, 204), "gone"),
    Row("DELETE", "/agents/unknown", (204, 204), "gone"),
    Row("POST", _PROVIDER, (201, 201), "same", {"base_url": "http://m.test/v1"}, {"updated_at"}),
    Row("DELETE", _PROVIDER, (204, 204), "gone"),
    Row("POST", "/conversations/", (201, 201), "another", {"agent_id": "{agent_id}"}),
    Row("DELETE", "/conversations/{conversation_id}", (204, 404), "gone"),
    Row(
        "POST",
        "/agents/{agent_id}/{conversation_id}/send-message",
        (200, 200),
        "another",
        {"content": "Hello"},
    ),
    Row("POST", _BLOCKS, (201, 400), "refused", {"name": "plans", "description": "Hers"}),
    Row("PUT", f"{_BLOCKS}/human/content", (200, 200), "same", {"lines": ["Name: Alice"]}),
    Row("DELETE", f"{_BLOCKS}/projects", (204, 204), "gone"),
    Row("GET", _BLOCKS, (200, 200), "same"),
    Row("POST", _ARCHIVE, (201, 200), "same", {"content": "Drinks tea"}),
    Row("PATCH", f"{_ARCHIVE}/{{memory_id}}", (200, 200), "same", {"content": "Coffee"}),
    Row("DELETE", f"{_ARCHIVE}/{{memory_id}}", (204, 204), "gone"),
    Row("POST", "/devices/keys", (201, 201), "another", {"name": "Laptop", "kind": "device"}),
    Row("DELETE", "/devices/keys/{key_id}", (204, 404), "gone"),
    Row("PATCH", "/devices/lab-7", (200, 200), "same", {"label": "Hers"}, {"last_seen_at"}),
    Row("DELETE", "/devices/lab-7", (204, 404), "gone"),
    Row(
        "POST",
        "/auth/local/signup",
        (200, 400),
        "refused",
        {"username": "bob", "password": PASSWORD},
    ),
    Row("POST", "/auth/sign-out", (204, 204), "gone"),
    Row("POST", "/auth/sign-out-everywhere", (204, 401), "gone"),
    Row("DELETE", "/users/me", (200, 401), "gone"),
]


@pytest.fixture
async def ids(home: Home) -> dict[str, str]:
    agent = await home.agent()
    conversation = await home.conversation(agent, title="Tea")
    base = f"/agents/{agent['agent_id']}"
    await home.post(f"{base}/memory-blocks", {"name": "projects", "description": "Hers"})
    memory = await home.post(f"{base}/archival-memory", {"content": "Likes chess"})
    key = await home.post("/devices/keys", {"name": "Laptop", "kind": "device"})
    await plug_in_machine(home.services, "lab-7")
    return {
        "key_id": key["key_id"],
        "agent_id": agent["agent_id"],
        "conversation_id": conversation["conversation_id"],
        "memory_id": memory["memory_id"],
    }


@pytest.mark.parametrize("row", _ROWS, ids=str)
async def test_the_same_call_twice(row: Row, home: Home, ids: dict[str, str]) -> None:
    path = row.path.format_map(ids)
    body = row.body and {
        name: value.format_map(ids) if isinstance(value, str) else value
        for name, value in row.body.items()
    }

    first = await home.client.request(row.method, path, json=body)
    second = await home.client.request(row.method, path, json=body)

    assert (first.status_code, second.status_code) == row.statuses
    match row.outcome:
        case "same":
            assert _without(row, second.json()) == _without(row, first.json())
        case "another":
            assert second.text != first.text
        case "refused":
            assert "already" in second.json()["detail"]
        case "gone":
            assert first.status_code == 200 or first.text == ""


def _without(row: Row, answer: Any) -> Any:
    if not isinstance(answer, dict):
        return answer
    return {name: value for name, value in answer.items() if name not in row.ignored}


async def test_what_was_created_twice_is_there_once(home: Home) -> None:
    base = f"/agents/{(await home.agent())['agent_id']}"
    for _ in range(3):
        await home.agent()
        await home.post(f"{base}/archival-memory", {"content": "Drinks tea"})
        await home.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})

    assert len(await home.get("/agents")) == 1
    assert len((await home.get(f"{base}/archival-memory"))["items"]) == 1
    assert len(await home.get(f"{base}/memory-blocks")) == 2
    assert len(await home.items_with("ProviderSettings#")) == 1


async def test_what_a_tool_is_told_twice_it_keeps_once(home: Home) -> None:
    conversation = await home.conversation(await home.agent())

    for _ in range(2):
        await home.say(conversation, "I live in Paris")

    content = await home.get(f"/agents/{conversation['agent_id']}/memory-blocks/human/content")
    assert content["lines"] == ["Lives in: Paris"]


async def test_two_questions_of_the_same_words_are_two_messages(home: Home) -> None:
    conversation = await home.conversation(await home.agent())

    for _ in range(2):
        await home.say(conversation, "Hello")

    roles = [message["role"] for message in await home.messages(conversation)]
    assert roles == ["user", "assistant", "user", "assistant"]
