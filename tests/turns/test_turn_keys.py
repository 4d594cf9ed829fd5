"""A question that is sent again under its key is not asked again."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smriti.db.table import Action, Put, Table
from smriti.llm.provider import ModelFailed
from tests.fakes.failing_table import FailingTable, puts_message
from tests.fakes.held_provider import HeldProvider
from tests.home import HELLO, Home, events_of, open_home, spoken, types_of
from tests.patience import PATIENCE_S


@pytest.fixture
async def conversation(home: Home) -> dict[str, Any]:
    return await home.conversation(await home.scripted_agent(), title="Tea")


async def send(
    home: Home, conversation: dict[str, Any], key: str, content: str = "Hi"
) -> httpx2.Response:
    path = f"/agents/{conversation['agent_id']}/{conversation['conversation_id']}/send-message"
    headers = {"Idempotency-Key": key}
    return await home.client.post(path, json={"content": content}, headers=headers)


async def test_the_same_message_attaches_to_the_turn_that_it_began(
    home: Home, conversation: dict[str, Any]
) -> None:
    model = home.model = HeldProvider()
    first = asyncio.create_task(send(home, conversation, "k1"))
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()
    second = asyncio.create_task(send(home, conversation, "k1"))
    await asyncio.sleep(0)
    model.released.set()

    heard, again = events_of((await first).text), events_of((await second).text)
    later = events_of((await send(home, conversation, "k1")).text)

    assert heard == again == later
    assert spoken(heard) == "Wait and see."
    assert len(await home.messages(conversation)) == 2


async def test_it_still_does_after_a_restart(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO)
        heard = events_of((await send(home, conversation, "k1")).text)
    async with open_home(table, tmp_path) as home:
        again = events_of((await send(home, conversation, "k1")).text)
        messages = await home.messages(conversation)

    assert types_of(again) == ["MESSAGE_SAVED", "AGENT_RESPONSE_TO_USER", "STREAM_COMPLETE"]
    assert again[-1]["message_id"] == heard[-1]["message_id"]
    assert len(messages) == 2


async def test_another_message_under_the_same_key_is_refused(
    home: Home, conversation: dict[str, Any]
) -> None:
    home.script(HELLO)
    await send(home, conversation, "k1")

    other = await send(home, conversation, "k1", "Something else")

    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_twenty_at_once_are_one_turn(home: Home, conversation: dict[str, Any]) -> None:
    home.script(HELLO)

    responses = await asyncio.gather(*(send(home, conversation, "k1") for _ in range(20)))

    assert {response.status_code for response in responses} == {200}
    assert len({response.text for response in responses}) == 1
    assert len(await home.messages(conversation)) == 2


async def test_a_refused_message_leaves_its_key_free(
    home: Home, conversation: dict[str, Any]
) -> None:
    elsewhere = conversation | {"agent_id": "nobody"}

    refused = await send(home, elsewhere, "k1")
    home.script(HELLO)
    sent = await send(home, conversation, "k1")

    assert (refused.status_code, sent.status_code) == (404, 200)


async def test_a_message_that_was_not_stored_can_be_sent_again(
    tmp_path: Path, table: Table
) -> None:
    failing = FailingTable(table)
    async with open_home(failing, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO, HELLO)
        failing.breaks = puts_message
        failed = events_of((await send(home, conversation, "k1")).text)
        failing.breaks = lambda _: False

        sent = events_of((await send(home, conversation, "k1")).text)
        messages = await home.messages(conversation)

    assert types_of(failed)[-1] == "ERROR"
    assert "MESSAGE_SAVED" not in types_of(failed)
    assert spoken(sent) == "Hello"
    assert len(messages) == 2


async def test_a_turn_that_failed_is_not_tried_again_under_its_key(
    home: Home, conversation: dict[str, Any]
) -> None:
    model = home.script([ModelFailed("Overloaded.")])

    failed = events_of((await send(home, conversation, "k1")).text)
    again = events_of((await send(home, conversation, "k1")).text)

    assert failed == again
    assert len(model.requests) == 1


async def test_a_turn_begun_by_a_process_that_died_before_it_could_say_so_is_found(
    tmp_path: Path, table: Table
) -> None:
    def finishes_claim(action: Action) -> bool:
        return not isinstance(action, Put) and action.key[1].startswith("Idempotency#")

    failing = FailingTable(table)
    async with open_home(failing, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO)
        failing.breaks = finishes_claim
        sent = await send(home, conversation, "k1")
        failing.breaks = lambda _: False
        (claim,) = await home.items_with("Idempotency#")
        await table.bulk(puts=[claim | {"claimed_until": 0}])

        again = await send(home, conversation, "k1")

    assert sent.text == again.text
