"""Two people on one server: what is one's is never shown to, or changed by, the other.

Every operation of the document is tried, with every mixture of the two people's ids.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import httpx2
import pytest

from smriti.db.table import Item, Key
from smriti.devices.sessions import Sessions as DeviceSessions
from smriti.users.service import UserService
from tests.api.document import OPERATIONS, Operation
from tests.api.dump import dump
from tests.devices.line import plug_in_machine
from tests.home import Home

MARK: Final = "zanzibar"
"""Stands in everything that alice writes, and in nothing else."""

_OWNED: Final = (
    "agent_id",
    "client_id",
    "conversation_id",
    "key_id",
    "memory_id",
    "message_id",
    "name",
    "session_id",
    "turn_id",
)

# What is not 404 with ids of somebody else, and why.
_ANSWERS: Final = {
    "DELETE /agents/{agent_id}": 204,  # always, by contract; nothing is deleted
    "GET /agents/update-schema/{agent_id}": 200,  # for any id, by contract
    "GET /payments/stripe/session/{session_id}": 503,  # for any id: no Stripe is configured here
}
# What is not 404 with bob's own agent and something of alice's: gone already, by contract.
_ANSWERS_OF_OWN_AGENT: Final = {
    "DELETE /agents/{agent_id}/api-keys/{key_id}": 204,
    "DELETE /agents/{agent_id}/archival-memory/{memory_id}": 204,
    "DELETE /agents/{agent_id}/memory-blocks/{name}": 204,
    "GET /payments/stripe/session/{session_id}": 503,  # the same
}

type Ids = dict[str, str]


@dataclass(frozen=True)
class Neighbours:
    """Alice, who owns one of everything, and bob, who owns other things."""

    home: Home
    alice: Ids
    bob: Ids
    client: httpx2.AsyncClient
    """Bob's."""

    async def state(self) -> dict[Key, Item]:
        """The table without bob's own partitions."""
        own = {"User#bob@local", "USER#bob@local"} | {
            "DeviceSessions#bob@local",
            f"CONVERSATION#{self.bob['conversation_id']}",
            f"Agent#{self.bob['agent_id']}",
            f"Agent#{self.bob['agent_id']}#User#bob@local",
        }
        items = await dump(self.home.table)
        return {
            key: item
            for key, item in items.items()
            if key[0] not in own
            and not key[0].startswith(tuple(f"{pk}#Hash#" for pk in own))
            and not (key[0].startswith("ApiKey#") and item["created_by"] == "bob@local")
        }


async def _furnish(home: Home, mark: str) -> Ids:
    """One of everything for the signed-in person, with `mark` in it."""
    agent = await home.agent(agent_name=f"Agent {mark}", agent_persona=f"Persona {mark}")
    conversation = await home.conversation(agent, title=f"Title {mark}")
    events = await home.say(conversation, f"My name is {mark}")
    await home.say(conversation, f"Remember this: {mark} " * 3000)  # stored in pieces
    base = f"/agents/{agent['agent_id']}"
    block = "projects" if mark == MARK else "plans"
    await home.post(f"{base}/memory-blocks", {"name": block, "description": f"About {mark}"})
    for lines in ([f"First {mark}"], [f"Second {mark}"]):
        put = await home.client.put(f"{base}/memory-blocks/{block}/content", json={"lines": lines})
        assert put.status_code == 200
    memory = await home.post(f"{base}/archival-memory", {"content": f"Passage {mark}"})
    await home.post("/settings/providers/OpenAI", {"base_url": f"http://{mark}.test/v1"})
    key = await home.post("/devices/keys", {"name": f"Key {mark}", "kind": "device"})
    device = await _device(home, mark)
    return device | {
        "key_id": key["key_id"],
        "message_id": events[2]["message_id"],
        "turn_id": events[-1]["turn_id"],
        "agent_id": agent["agent_id"],
        "conversation_id": conversation["conversation_id"],
        "memory_id": memory["memory_id"],
        "name": block,
        "provider_name": "OpenAI",
        "number": "0",
    }


async def _device(home: Home, mark: str) -> Ids:
    """A machine that is online, and a task of it that has ended."""
    owner = (await home.get("/auth/me"))["email"]
    client_id, task_name = f"lab-of-{owner}", f"is-{mark}"
    await plug_in_machine(home.services, client_id, owner=owner)
    await home.client.patch(f"/devices/{client_id}", json={"label": f"Label {mark}"})
    task = {"client_id": client_id, "request": f"Find {mark}", "task_name": task_name}
    session_id = (await home.post("/api/dispatch", task))["session_id"]
    await home.services.get(DeviceSessions).ended(owner, session_id)
    return {"client_id": client_id, "session_id": session_id, "task_name": task_name}


@pytest.fixture
async def neighbours(home: Home) -> AsyncIterator[Neighbours]:
    alice = await _furnish(home, MARK)
    async with home.sign_up("bob") as client:
        bob = await _furnish(Home(home.app, client, home.table), "tasmania")
        yield Neighbours(home, alice, bob, client)


def _foreign(operation: Operation, alice: Ids, bob: Ids) -> Iterator[Ids]:
    """Every choice of path parameters in which at least one is alice's."""
    owned = [name for name in operation.path_parameters if name in _OWNED]
    for owners in product((alice, bob), repeat=len(owned)):
        if alice in owners:
            yield bob | {name: ids[name] for name, ids in zip(owned, owners, strict=True)}


def _expected(operation: Operation, ids: Ids, bob: Ids) -> int:
    if "widget_key" in operation.callers:
        return 401  # these want a visitor: see `tests/widget`
    if ids["agent_id"] == bob["agent_id"]:
        return _ANSWERS_OF_OWN_AGENT.get(str(operation), 404)
    return _ANSWERS.get(str(operation), 404)


async def test_everybody_elses_things_are_not_found_and_stay_as_they_are(
    neighbours: Neighbours,
) -> None:
    before = await neighbours.state()
    wrong: list[Any] = []
    tried = 0

    for operation in OPERATIONS:
        for ids in _foreign(operation, neighbours.alice, neighbours.bob):
            path = operation.path_with(ids)
            response = await neighbours.client.request(operation.method, path, json=operation.body)
            tried += 1
            if response.status_code != _expected(operation, ids, neighbours.bob):
                wrong.append((str(operation), ids, response.status_code))
            if MARK in response.text or await neighbours.state() != before:
                wrong.append((str(operation), ids, "told or changed something"))

    assert wrong == []
    assert tried > 30


async def test_an_unknown_id_is_answered_as_somebody_elses(neighbours: Neighbours) -> None:
    """Nobody can find out which ids exist."""
    unknown = {name: f"01900000-0000-7000-8000-{number:012}" for number, name in enumerate(_OWNED)}
    unknown["number"] = "0"
    differing = []

    for operation in OPERATIONS:
        if not set(operation.path_parameters) & set(_OWNED):
            continue
        answers = []
        for ids in (neighbours.alice, unknown):
            response = await neighbours.client.request(
                operation.method, operation.path_with(ids), json=operation.body
            )
            text = response.text
            for name in _OWNED:
                text = text.replace(ids[name], name)
            answers.append((response.status_code, text))
        if answers[0] != answers[1]:
            differing.append((str(operation), answers))

    assert differing == []


async def test_lists_and_pages_show_only_the_callers_own(neighbours: Neighbours) -> None:
    shown = {}

    for operation in OPERATIONS:
        if operation.method == "GET" and not set(operation.path_parameters) & set(_OWNED):
            path = operation.path_with(neighbours.alice)
            shown[str(operation)] = (await neighbours.client.get(path)).text

    assert [name for name, text in shown.items() if MARK in text] == []
    for name in ("GET /agents", "GET /conversations/"):
        assert "tasmania" in shown[name]
        assert not any(neighbours.alice[each] in shown[name] for each in _OWNED[:2])


async def test_ids_in_bodies_are_looked_at_too(neighbours: Neighbours) -> None:
    alice, bob, client = neighbours.alice, neighbours.bob, neighbours.client
    before = await neighbours.state()
    body = {"agent_id": alice["agent_id"]}

    created = await client.post("/conversations/", json=body)
    moved = await client.put(f"/conversations/{bob['conversation_id']}", json=body)

    assert [created.status_code, moved.status_code] == [404, 404]
    assert (await client.get(f"/conversations/{bob['conversation_id']}")).json()["agent_id"] == bob[
        "agent_id"
    ]
    assert await neighbours.state() == before


async def test_each_has_settings_of_their_own(neighbours: Neighbours) -> None:
    client = neighbours.client

    await client.delete("/settings/providers/OpenAI")

    mine = await neighbours.home.get("/settings/providers/OpenAI")
    his = (await client.get("/settings/providers/OpenAI")).json()
    assert (mine["is_configured"], his["is_configured"]) == (True, False)


async def test_names_are_unique_only_among_ones_own(neighbours: Neighbours) -> None:
    body = {
        "agent_name": f"Agent {MARK}",
        "agent_architecture": "krishna-mini",
        "agent_provider": "Demo",
        "agent_persona": "Bob's.",
    }

    agent = (await neighbours.client.post("/agents", json=body)).json()

    assert agent["created_by"] == "bob@local"
    assert agent["agent_id"] != neighbours.alice["agent_id"]


async def test_signing_out_everywhere_signs_nobody_else_out(neighbours: Neighbours) -> None:
    await neighbours.client.post("/auth/sign-out-everywhere")

    assert (await neighbours.client.get("/auth/me")).status_code == 401
    assert (await neighbours.home.client.get("/auth/me")).status_code == 200


async def test_deleting_an_account_leaves_the_others_untouched(neighbours: Neighbours) -> None:
    before = await neighbours.state()

    await neighbours.client.delete("/users/me")
    await neighbours.home.services.get(UserService).close()

    assert await neighbours.state() == before
