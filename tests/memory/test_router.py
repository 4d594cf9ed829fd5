"""Memory over HTTP, through the whole application."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.home import Home


class _Memory:
    """The routes of one agent's memory, as somebody's client reaches them."""

    def __init__(self, client: httpx2.AsyncClient, agent_id: str) -> None:
        self._client = client
        self.agent_id = agent_id

    async def __call__(
        self, method: str, path: str, status: int, body: object = None, **query: str | int
    ) -> Any:
        """The answer's JSON; its status must be this one."""
        url = f"/agents/{self.agent_id}/{path}"
        response = await self._client.request(method, url, json=body, params=query)
        assert response.status_code == status, response.text
        return response.json() if response.content else None

    async def put(self, name: str, *lines: str, status: int = 200) -> Any:
        return await self("PUT", f"memory-blocks/{name}/content", status, {"lines": lines})

    async def store(self, content: str, *, status: int = 201) -> Any:
        return await self("POST", "archival-memory", status, {"content": content})


@pytest.fixture
async def agent(home: Home) -> dict[str, Any]:
    return await home.agent()


@pytest.fixture
def memory(home: Home, agent: dict[str, Any]) -> _Memory:
    return _Memory(home.client, agent["agent_id"])


async def test_the_blocks_of_a_new_agent(memory: _Memory, agent: dict[str, Any]) -> None:
    await memory.put("human", "Drinks tea")

    assert await memory("GET", "memory-blocks", 200) == [
        {
            "block_name": "human",
            "description": "Facts about the user",
            "word_limit": 5000,
            "is_default": True,
            "word_count": 2,
            "capacity_percent": 0.04,
            "created_at": agent["created_at"],
        },
        {
            "block_name": "persona",
            "description": "Your traits and characteristics",
            "word_limit": 5000,
            "is_default": True,
            "word_count": 0,
            "capacity_percent": 0.0,
            "created_at": agent["created_at"],
        },
    ]


async def test_a_block_is_made_once(memory: _Memory) -> None:
    new = {"name": "projects", "description": " What she\nworks on ", "word_limit": 100}

    made = await memory("POST", "memory-blocks", 201, new)
    again = await memory("POST", "memory-blocks", 400, new)
    default = await memory("POST", "memory-blocks", 400, new | {"name": "human"})

    assert made | {"created_at": ""} == {
        "block_name": "projects",
        "description": "What she works on",
        "word_limit": 100,
        "is_default": False,
        "word_count": 0,
        "capacity_percent": 0.0,
        "created_at": "",
    }
    assert again["detail"] == "Memory block 'projects' already exists"
    assert default["detail"] == "Memory block 'human' already exists"
    assert made in await memory("GET", "memory-blocks", 200)


async def test_a_block_that_cannot_be(memory: _Memory) -> None:
    cases: list[dict[str, object]] = [
        {"name": ""},
        {"name": "Projects"},
        {"name": "1st"},
        {"name": "a b"},
        {"name": "notes\n"},
        {"name": "x" * 51},
        {"name": None},
        {"description": ""},
        {"description": " \n "},
        {"description": "x" * 201},
        {"word_limit": 99},
        {"word_limit": 50_001},
        {"word_limit": "many"},
    ]

    for wrong in cases:
        await memory("POST", "memory-blocks", 422, {"name": "notes", "description": "x"} | wrong)


async def test_a_block_is_deleted_and_again(memory: _Memory) -> None:
    await memory("POST", "memory-blocks", 201, {"name": "notes", "description": "x"})
    await memory.put("notes", "one")

    await memory("DELETE", "memory-blocks/notes", 204)
    await memory("DELETE", "memory-blocks/notes", 204)

    await memory("GET", "memory-blocks/notes/content", 404)
    await memory("DELETE", "memory-blocks/persona", 400)


async def test_the_lines_of_a_block(memory: _Memory) -> None:
    put = await memory.put("human", " Name: Alice ", "two\nlines")

    assert put == await memory("GET", "memory-blocks/human/content", 200)
    assert put.pop("updated_at")
    assert put == {
        "block_name": "human",
        "lines": ["Name: Alice", "two lines"],
        "word_count": 4,
        "word_limit": 5000,
        "capacity_percent": 0.08,
        "is_default": True,
        "version": 1,
        "updated_by": "alice@local",
        "turn_id": None,
    }


async def test_lines_that_cannot_be(memory: _Memory) -> None:
    cases: list[dict[str, object]] = [
        {},
        {"lines": "text"},
        {"lines": [1]},
        {"lines": [""]},
        {"lines": ["\n\t"]},
        {"lines": ["\x00"]},
        {"lines": ["word " * 5001]},
        {"lines": ["x" * 200_000]},
        {"lines": ["x"], "version": -1},
    ]

    for wrong in cases:
        await memory("PUT", "memory-blocks/human/content", 422, wrong)

    assert (await memory("GET", "memory-blocks/human/content", 200))["lines"] == []


async def test_half_a_character_is_refused(home: Home, memory: _Memory) -> None:
    response = await home.client.put(
        f"/agents/{memory.agent_id}/memory-blocks/human/content",
        content=b'{"lines": ["\\ud800"]}',
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code == 422


async def test_who_edits_an_old_version_is_told(memory: _Memory) -> None:
    await memory.put("human", "one")
    update = {"lines": ["two"], "version": 1}

    await memory("PUT", "memory-blocks/human/content", 200, update)
    conflict = await memory("PUT", "memory-blocks/human/content", 409, update)

    assert (conflict["type"], conflict["version"]) == ("/problems/memory-block-changed", 2)


async def test_an_earlier_version_is_found_and_restored(memory: _Memory) -> None:
    for line in ("one", "two", "three"):
        await memory.put("human", line)

    first = await memory("GET", "memory-blocks/human/history", 200, limit=2)
    second = await memory(
        "GET", "memory-blocks/human/history", 200, limit=2, cursor=first["next_cursor"]
    )
    restored = await memory("POST", "memory-blocks/human/restore", 200, {"version": 1})

    assert [(v["version"], v["lines"]) for v in first["items"] + second["items"]] == [
        (2, ["two"]),
        (1, ["one"]),
        (0, []),
    ]
    assert (restored["lines"], restored["version"]) == (["one"], 4)
    await memory("POST", "memory-blocks/human/restore", 404, {"version": 9})
    await memory("POST", "memory-blocks/human/restore", 422, {"version": 10**10})
    await memory("GET", "memory-blocks/human/history", 400, cursor="nonsense")


@pytest.mark.parametrize("name", ["nothing", "Human", "a%23b", "x" * 2000])
async def test_an_unknown_block_is_not_found(memory: _Memory, name: str) -> None:
    await memory("GET", f"memory-blocks/{name}/content", 404)
    await memory("GET", f"memory-blocks/{name}/history", 404)
    await memory("POST", f"memory-blocks/{name}/restore", 404, {"version": 0})
    await memory.put(name, "x", status=404)
    await memory("DELETE", f"memory-blocks/{name}", 204)


async def test_a_passage_is_stored_once(memory: _Memory) -> None:
    new = {"content": "  Drinks tea\nand coffee ", "tags": ["food"]}

    stored = await memory("POST", "archival-memory", 201, new)
    again = await memory("POST", "archival-memory", 200, new)

    assert again == stored
    assert stored == await memory("GET", f"archival-memory/{stored['memory_id']}", 200)
    assert stored | {"memory_id": "", "content_hash": "", "created_at": ""} == {
        "memory_id": "",
        "content": "Drinks tea\nand coffee",
        "content_hash": "",
        "created_at": "",
        "updated_at": None,
        "author": None,
        "conversation_id": None,
        "sequence": None,
        "turn_id": None,
        "tags": ["food"],
    }


async def test_many_who_store_a_passage_at_once_get_the_same(home: Home, memory: _Memory) -> None:
    url = f"/agents/{memory.agent_id}/archival-memory"

    answers = await asyncio.gather(
        *(home.client.post(url, json={"content": "Drinks tea"}) for _ in range(8))
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["memory_id"] for answer in answers}) == 1


async def test_passages_are_listed_and_searched(memory: _Memory) -> None:
    for content in ("Likes green tea", "Likes Coffee", "Coffee shops: Monmouth"):
        await memory.store(content)

    listed = await memory("GET", "archival-memory", 200, limit=2)
    rest = await memory("GET", "archival-memory", 200, limit=2, cursor=listed["next_cursor"])
    found = await memory("GET", "archival-memory", 200, query="coffee", limit=1)
    more = await memory(
        "GET", "archival-memory", 200, query="coffee", limit=1, cursor=found["next_cursor"]
    )

    assert len(listed["items"]) == 2
    assert (listed["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)
    assert {item["content"] for item in found["items"] + more["items"]} == {
        "Likes Coffee",
        "Coffee shops: Monmouth",
    }
    assert (found["has_more"], more["has_more"]) == (True, False)
    await memory("GET", "archival-memory", 400, query="coffee", cursor="nonsense")
    await memory("GET", "archival-memory", 422, limit=101)


async def test_a_passage_is_changed(memory: _Memory) -> None:
    tea, coffee = await memory.store("Drinks tea"), await memory.store("Drinks coffee")
    path = f"archival-memory/{tea['memory_id']}"

    changed = await memory("PATCH", path, 200, {"content": "Drinks water", "tags": ["food"]})
    untouched = await memory("PATCH", path, 200, {"content": None})
    conflict = await memory("PATCH", path, 409, {"content": "Drinks coffee"})

    assert (changed["content"], changed["tags"]) == ("Drinks water", ["food"])
    assert untouched == changed
    assert conflict["memory_id"] == coffee["memory_id"]
    assert (await memory.store("Drinks water", status=200))["memory_id"] == tea["memory_id"]


async def test_a_passage_that_cannot_be(memory: _Memory) -> None:
    path = f"archival-memory/{(await memory.store('Drinks tea'))['memory_id']}"
    cases: list[dict[str, object]] = [
        {"content": ""},
        {"content": " \n"},
        {"content": "x" * 100_001},
        {"content": 1},
        {"tags": ["x"] * 21},
        {"tags": ["x" * 51]},
        {"tags": [""]},
    ]

    for wrong in cases:
        await memory("POST", "archival-memory", 422, {"content": "x"} | wrong)
        await memory("PATCH", path, 422, wrong)


async def test_a_passage_is_deleted_and_again(memory: _Memory) -> None:
    path = f"archival-memory/{(await memory.store('Drinks tea'))['memory_id']}"

    await memory("DELETE", path, 204)
    await memory("DELETE", path, 204)

    await memory("GET", path, 404)
    await memory("PATCH", path, 404, {"tags": []})


async def test_memory_of_another_users_agent_is_not_found(home: Home, memory: _Memory) -> None:
    memory_id = (await memory.store("Drinks tea"))["memory_id"]
    await memory.put("human", "Name: Alice")
    lines = {"lines": ["x"]}

    async with home.sign_up("mallory") as client:
        theirs = _Memory(client, memory.agent_id)
        answers = [
            await theirs("GET", "memory-blocks", 404),
            await theirs("POST", "memory-blocks", 404, {"name": "x", "description": "x"}),
            await theirs("DELETE", "memory-blocks/human", 404),
            await theirs("GET", "memory-blocks/human/content", 404),
            await theirs("PUT", "memory-blocks/human/content", 404, lines),
            await theirs("GET", "memory-blocks/human/history", 404),
            await theirs("POST", "memory-blocks/human/restore", 404, {"version": 0}),
            await theirs("GET", "archival-memory", 404),
            await theirs("POST", "archival-memory", 404, {"content": "x"}),
            await theirs("GET", f"archival-memory/{memory_id}", 404),
            await theirs("PATCH", f"archival-memory/{memory_id}", 404, {"content": "x"}),
            await theirs("DELETE", f"archival-memory/{memory_id}", 404),
        ]

    assert {answer["detail"] for answer in answers} == {"Agent not found"}
    assert (await memory("GET", "memory-blocks/human/content", 200))["lines"] == ["Name: Alice"]
    assert len((await memory("GET", "archival-memory", 200))["items"]) == 1


async def test_deleting_an_agent_deletes_its_memory(home: Home, memory: _Memory) -> None:
    await memory("POST", "memory-blocks", 201, {"name": "notes", "description": "x"})
    await memory.put("notes", "one")
    await memory.put("notes", "two")
    await memory.store("Drinks tea")
    before = await home.items_with(f"Agent#{memory.agent_id}")

    response = await home.client.delete(f"/agents/{memory.agent_id}")

    assert response.status_code == 204
    assert len(before) >= 6
    assert await home.items_with(memory.agent_id) == []
