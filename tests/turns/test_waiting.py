"""One turn at a time: who comes meanwhile waits in line, and is answered in order."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from smriti.conversations.repository import conversation_key
from smriti.db.table import Set, Table
from smriti.llm.provider import Finished, ModelInfo, ProviderEvent, TextChunk
from smriti.llm.types import ModelRequest
from smriti.turns.queue import MAX_WAITING
from smriti.turns.starter import Starter
from tests.fakes.held_provider import HeldProvider
from tests.home import Home, events_of, open_home, spoken
from tests.patience import PATIENCE_S
from tests.turns.attaching import turns_of, until, until_waiting

LONG_AGO = "2020-01-01T00:00:00.000000+00:00"


class Echo:
    """Answers every question with itself."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        await asyncio.sleep(0)
        yield TextChunk(f"You said: {request.messages[-1].text.rpartition('\n')[2]}")
        yield Finished("stop")

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        return


@pytest.fixture
async def conversation(home: Home) -> dict[str, Any]:
    return await home.conversation(await home.scripted_agent(), title="Tea")


async def test_fifty_at_once_are_all_answered_one_after_another(
    home: Home, conversation: dict[str, Any]
) -> None:
    home.model = Echo()

    responses = await asyncio.gather(
        *(home.send(conversation, {"content": f"number {n}"}) for n in range(50))
    )

    assert {response.status_code for response in responses} == {200}
    answers = [spoken(events_of(response.text)) for response in responses]
    assert answers == [f"You said: number {n}" for n in range(50)]
    messages = await home.messages(conversation)
    contents = [message["content"] for message in messages]
    assert sorted(contents[::2]) == sorted(f"number {n}" for n in range(50))
    assert contents[1::2] == [f"You said: {question}" for question in contents[::2]]
    item = await home.table.get(conversation_key("alice@local", conversation["conversation_id"]))
    assert item is not None
    assert (item["waiting"], item.get("lease_by")) == (0, None)


async def test_they_are_answered_in_the_order_in_which_they_came(
    home: Home, conversation: dict[str, Any]
) -> None:
    model = home.model = HeldProvider()
    sending = [asyncio.create_task(home.send(conversation, {"content": "0"}))]
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()
        for number in range(1, 6):
            sending.append(asyncio.create_task(home.send(conversation, {"content": str(number)})))
            await until_waiting(home, conversation, number)
    model.released.set()
    await asyncio.gather(*sending)

    said = [m["content"] for m in await home.messages(conversation) if m["role"] == "user"]
    assert said == ["0", "1", "2", "3", "4", "5"]


async def test_more_than_the_line_holds_are_told_to_come_again(
    home: Home, conversation: dict[str, Any]
) -> None:
    model = home.model = HeldProvider()
    count = MAX_WAITING + 6
    sending = [
        asyncio.create_task(home.send(conversation, {"content": str(number)}))
        for number in range(count)
    ]
    done: set[asyncio.Task[Any]] = set()
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()
        while len(done) < count - 1 - MAX_WAITING:
            done, _ = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    model.released.set()
    responses = await asyncio.gather(*sending)

    refused = [response for response in responses if response.status_code == 429]
    assert len(refused) == count - 1 - MAX_WAITING
    assert refused[0].json()["type"] == "/problems/too-many-waiting"
    assert refused[0].headers["retry-after"] == "5"
    answered = [response for response in responses if response.status_code == 200]
    assert {spoken(events_of(response.text)) for response in answered} == {"Wait and see."}
    assert len(await home.items_with("MESSAGE#")) == 2 * (MAX_WAITING + 1)


async def test_who_waits_when_the_server_stops_is_answered_by_the_next(
    table: Table, tmp_path: Path
) -> None:
    async with open_home(table, tmp_path, shutdown_grace_s=0) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        model = home.model = HeldProvider()
        first = asyncio.create_task(home.send(conversation, {"content": "first"}))
        async with asyncio.timeout(PATIENCE_S):
            await model.speaking.wait()
            second = asyncio.create_task(home.send(conversation, {"content": "second"}))
            await until_waiting(home, conversation, 1)
            for _ in range(5):  # the stream of who waits begins meanwhile
                await turns_of(home, conversation)
    events = events_of((await second).text)
    await first
    async with open_home(table, tmp_path, model=Echo()) as home:

        async def all_are_answered() -> bool:
            return {t["status"] for t in await turns_of(home, conversation)} == {"complete"}

        await until(all_are_answered)
        messages = await home.messages(conversation)

    assert events[-1]["content"] == "The server restarts. The answer goes on after that."
    assert [message["content"] for message in messages] == [
        "first",
        "You said: first",
        "second",
        "You said: second",
    ]


async def test_a_conversation_that_a_killed_process_left_is_free_when_its_lease_ends(
    home: Home, conversation: dict[str, Any]
) -> None:
    key = conversation_key("alice@local", conversation["conversation_id"])
    await home.table.update(key, Set("lease_by", "nobody knows"), Set("lease_until", LONG_AGO))

    await home.services.get(Starter).start_next("alice@local", conversation["conversation_id"])

    item = await home.table.get(key)
    assert item is not None
    assert "lease_by" not in item
