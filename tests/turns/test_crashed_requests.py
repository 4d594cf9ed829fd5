"""What a client asked of a process that died comes to a good end, or to a clear one."""

import asyncio
from functools import partial
from typing import Any

import pytest

from smriti.db.table import Set, key_of
from smriti.llm.provider import TextChunk
from smriti.users.service import UserService
from tests.fakes.paused_provider import Pause, PausedProvider
from tests.home import HELLO, Home, events_of, spoken, types_of
from tests.patience import PATIENCE_S
from tests.turns.attaching import until
from tests.turns.crashing import (
    ANSWER,
    STEP,
    Cluster,
    Json,
    died,
    heard,
    items_with,
    puts,
    shape_of,
    sweep,
    talk_of,
    until_ended,
    updates,
)


async def send_named(home: Home, conversation: Json, key: str = "one") -> Any:
    path = f"/agents/{conversation['agent_id']}/{conversation['conversation_id']}/send-message"
    headers = {"Idempotency-Key": key}
    return await home.client.post(path, json={"content": "Well?"}, headers=headers)


async def claims_end(cluster: Cluster) -> None:
    """As if the minute had passed that an attempt may take."""
    for item in await items_with(cluster, "Idempotency#"):
        await cluster.table.update(key_of(item), Set("claimed_until", 0))


async def test_a_named_request_is_not_begun_twice_when_its_turn_was(cluster: Cluster) -> None:
    pause = Pause()
    home, table = await cluster.process(PausedProvider([TextChunk("Hel"), pause]))
    conversation = await talk_of(home)
    sending = asyncio.ensure_future(send_named(home, conversation))
    async with asyncio.timeout(PATIENCE_S):
        await pause.reached.wait()
    table.dead = True
    sending.cancel()
    await cluster.lease_ends(conversation)
    await claims_end(cluster)
    model = PausedProvider(HELLO)
    home, _ = await cluster.process(model)
    (turn,) = await until_ended(home, conversation)

    response = await send_named(home, conversation)

    events = events_of(response.text)
    assert {event["turn_id"] for event in events} == {turn["turn_id"]}
    assert spoken(events) == "Hello"
    assert len(model.requests) == 1


@pytest.mark.parametrize("path", ["/agents/{agent_id}", "/settings/providers/OpenAI"])
async def test_a_dead_turn_fails_when_it_cannot_be_gone_on_with(
    cluster: Cluster, path: str
) -> None:
    _, conversation = await died(cluster, STEP, [TextChunk("Hel")], lease_ends=False)
    home, _ = await cluster.process()
    await home.client.delete(path.format(**conversation))
    await cluster.lease_ends(conversation)

    await sweep(home)
    (turn,) = await until_ended(home, conversation)
    events = await heard(home, conversation, turn["turn_id"], after=3)
    _, answer = await home.messages(conversation)

    assert turn["status"] == "failed"
    assert types_of(events) == [
        *("TURN_RESUMED", "MESSAGE_SAVED", "AGENT_RESPONSE_TO_USER", "TOOL_CALL_START"),
        *("TOOL_CALL_RESULT", "ERROR"),
    ]
    assert (answer["content"], answer["status"]) == ("Noted.", "failed")
    assert (await cluster.conversation_item(conversation)).get("lease_by") is None


async def test_of_a_dead_turn_whose_conversation_is_deleted_nothing_is_left(
    cluster: Cluster,
) -> None:
    _, conversation = await died(cluster, STEP, [TextChunk("Hel")], lease_ends=False)
    home, _ = await cluster.process()
    conversation_id = conversation["conversation_id"]

    response = await home.client.delete(f"/conversations/{conversation_id}")
    await sweep(home)

    assert response.status_code == 204
    assert await home.items_with(conversation_id) == []


async def test_of_a_dead_turn_whose_owner_is_deleted_nothing_is_left(cluster: Cluster) -> None:
    _, conversation = await died(cluster, STEP, [TextChunk("Hel")], lease_ends=False)
    home, _ = await cluster.process()

    await home.client.delete("/users/me")
    await home.services.get(UserService).close()
    await sweep(home)

    assert await home.items_with(conversation["conversation_id"]) == []


async def test_a_retry_that_said_nothing_does_not_bring_back_what_was_left(
    cluster: Cluster,
) -> None:
    home, _ = await cluster.process(PausedProvider(HELLO, [], ANSWER))
    conversation = await talk_of(home)
    await home.say(conversation, "Well?")
    question, _ = await home.messages(conversation)
    await cluster.asking_again(home, conversation, question)
    await cluster.asking_again(home, conversation, question)
    model = PausedProvider(HELLO)
    other, _ = await cluster.process(model)

    await other.say(conversation, "And?")

    assert [message.text.rpartition("\n")[2] for message in model.requests[0].messages] == [
        *("Well?", "Hello Alice", "And?"),
    ]


@pytest.mark.parametrize("edited", [None, "Really?"], ids=["retry", "edit"])
@pytest.mark.parametrize("left", ["branch left", "branch not left"])
async def test_a_question_that_was_asked_again_is(
    cluster: Cluster, edited: str | None, left: str
) -> None:
    pause = Pause()
    home, table = await cluster.process(PausedProvider(HELLO, [TextChunk("Hel"), pause]))
    conversation = await talk_of(home)
    await home.say(conversation, "Well?")
    question, _ = await home.messages(conversation)
    asking = cluster.asking_again(home, conversation, question, edited=edited)
    async with asyncio.timeout(PATIENCE_S):
        if left == "branch left":
            await pause.reached.wait()
        else:
            table.dies_before = updates("CONVERSATION", "left_behind")
            await asyncio.wait([asking])
    table.dead = True
    await cluster.lease_ends(conversation)
    model = PausedProvider(ANSWER, HELLO)
    home, _ = await cluster.process(model)

    *_, turn = await until_ended(home, conversation)
    await home.say(conversation, "And?")

    assert (turn["status"], turn["attempt"]) == ("complete", 1)
    asked, later = model.requests
    assert shape_of(asked) == [("user", ["text"])]
    assert edited is None or edited in asked.messages[0].text
    assert [message.text.rpartition("\n")[2] for message in later.messages] == [
        *(edited or "Well?", "Hello Alice", "And?"),
    ]


async def test_a_conversation_that_is_deleted_while_its_turn_is_taken_up(cluster: Cluster) -> None:
    _, conversation = await died(cluster, [TextChunk("Hel")], lease_ends=False)
    home, table = await cluster.process()
    path = f"/conversations/{conversation['conversation_id']}"
    table.waits_before = updates("TURN", "attempt")
    table.meanwhile = partial(home.client.delete, path)
    await cluster.lease_ends(conversation)

    await sweep(home)

    async def nothing_is_left() -> bool:  # the process may be looking by itself, too
        return await home.items_with(conversation["conversation_id"]) == []

    await until(nothing_is_left)


@pytest.mark.parametrize(
    "deadly", [puts("TURN"), puts("MESSAGE", role="user")], ids=["record", "question"]
)
async def test_a_named_request_whose_process_died_can_be_sent_again(
    cluster: Cluster, deadly: Any
) -> None:
    home, table = await cluster.process(PausedProvider(HELLO))
    conversation = await talk_of(home)
    table.dies_before = deadly
    await send_named(home, conversation)
    table.dead = True
    await cluster.lease_ends(conversation)
    await claims_end(cluster)
    home, _ = await cluster.process(PausedProvider(HELLO))
    await until_ended(home, conversation)  # what the dead one left has been put away

    response = await send_named(home, conversation)

    assert response.status_code == 200
    assert spoken(events_of(response.text)) == "Hello"
    assert [m["content"] for m in await home.messages(conversation)] == ["Well?", "Hello"]
