"""Reading a turn again, as a client that was away does it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import orjson

from smriti.conversations.repository import conversation_key
from tests.home import Home
from tests.patience import PATIENCE_S

type Event = dict[str, Any]


def path_of(conversation: dict[str, Any], turn_id: str, what: str = "") -> str:
    return f"/conversations/{conversation['conversation_id']}/turns/{turn_id}{what}"


async def turns_of(home: Home, conversation: dict[str, Any]) -> list[dict[str, Any]]:
    """Newest first."""
    found = await home.get(f"/conversations/{conversation['conversation_id']}/turns?limit=100")
    items: list[dict[str, Any]] = found["items"]
    return items


async def attach(
    home: Home, conversation: dict[str, Any], turn_id: str, after: int = 0, *, last: str = ""
) -> httpx2.Response:
    """With `last` as a browser does it that connects again."""
    path = path_of(conversation, turn_id, f"/events?after={after}")
    return await home.client.get(path, headers={"Last-Event-ID": last} if last else {})


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what happens in the background."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)


async def until_waiting(home: Home, conversation: dict[str, Any], count: int) -> None:
    async def so_many_wait() -> bool:
        key = conversation_key("alice@local", conversation["conversation_id"])
        item = await home.table.get(key)
        return item is not None and item.get("waiting", 0) == count

    await until(so_many_wait)


def numbered_events(text: str) -> list[Event]:
    """The events of a stream in EventSource form; the number of each is that of its `id:` line."""
    frames = [frame for frame in text.removesuffix("\n\n").split("\n\n") if frame[:1] != ":"]
    events = []
    for frame in frames:
        first, second = frame.split("\n")
        event: Event = orjson.loads(second.removeprefix("data: "))
        assert first == f"id: {event['seq']}"
        events.append(event)
    return events
