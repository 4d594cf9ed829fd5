"""Which questions count as messages, and what happens when there are no more of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from smriti.auth.models import Asker
from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.core.clock import utc_now
from smriti.core.errors import UpstreamFailed
from smriti.db.table import Action, Put, Table
from smriti.llm.provider import Finished, ProviderEvent, TextChunk, TokensUsed
from smriti.llm.types import Usage
from smriti.messages.models import MessageCreate
from smriti.payments.models import Subscription
from smriti.payments.repository import SubscriptionRepository
from smriti.turns.service import Ask, TurnService
from smriti.usage.service import UsageService
from smriti.users.service import UserService
from tests.fakes.failing_table import FailingTable, puts_message
from tests.fakes.held_provider import HeldProvider
from tests.fakes.paused_provider import Pause, PausedProvider
from tests.home import HELLO, Home, open_home, types_of
from tests.patience import PATIENCE_S
from tests.turns.attaching import path_of, turns_of, until
from tests.turns.crashing import (
    ALICE,
    ANSWER,
    Cluster,
    died,
    only_turn,
    puts,
    sweep,
    talk_of,
    until_ended,
    updates,
)
from tests.usage.counting import limited

type Json = dict[str, Any]

BROKEN = UpstreamFailed("The model is away.")


async def used(home: Home) -> Json:
    found: Json = (await home.get("/usage"))["used"]
    return found


async def messages_used(home: Home) -> int:
    count: int = (await used(home))["messages"]
    return count


async def until_used(home: Home, messages: int) -> None:
    async def so_many() -> bool:
        return await messages_used(home) == messages

    await until(so_many)


async def subscribe(table: Table, plan: str) -> None:
    ends = int((utc_now() + timedelta(days=9)).timestamp())
    bought = Subscription(
        subscription_id="sub_1",
        user_email=ALICE,
        plan_name=plan,
        status="active",
        current_period_end=ends,
    )
    await table.bulk(puts=[SubscriptionRepository(table).item(bought)])


@pytest.fixture
async def poor(table: Table, tmp_path: Path) -> AsyncIterator[Home]:
    """A server on which everybody has two messages a month."""
    async with open_home(table, tmp_path, **limited(tmp_path, messages_per_month=2)) as opened:
        yield opened


async def test_what_a_plan_does_not_allow_is_refused_in_known_words(
    poor: Home, table: Table
) -> None:
    conversation = await talk_of(poor)
    poor.script(HELLO, HELLO, HELLO)
    for _ in range(2):
        assert types_of(await poor.say(conversation, "Hi"))[-1] == "STREAM_COMPLETE"

    refused = [await poor.send(conversation, {"content": "Hi"}) for _ in range(2)]

    for response in refused:
        assert response.status_code == 429
        assert response.json()["detail"] == {
            "message": "Monthly message limit reached (2). Upgrade for more.",
            "limit": 2,
            "current": 2,
            "tier": "free",
            "upgrade_url": "https://app.test/pricing",
        }
        assert response.headers["RateLimit-Limit"] == "2"
        assert response.headers["RateLimit-Remaining"] == "0"
        assert response.headers["Retry-After"] == response.headers["RateLimit-Reset"]
        assert int(response.headers["Retry-After"]) > 0
    assert await messages_used(poor) == 2
    assert len(await poor.messages(conversation)) == 4
    await subscribe(table, "starter")
    assert types_of(await poor.say(conversation, "Hi"))[-1] == "STREAM_COMPLETE"


async def test_of_a_hundred_at_once_the_one_passes_that_is_left(
    poor: Home,
) -> None:
    agent = await poor.scripted_agent()
    talks = [await poor.conversation(agent) for _ in range(20)]
    poor.script(*[HELLO] * 9)
    await poor.say(talks[0], "Hi")

    answers = await asyncio.gather(
        *(poor.send(talks[number % 20], {"content": "Hi"}) for number in range(100))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [429] * 99
    assert await messages_used(poor) == 2


async def test_asking_again_counts_and_looking_on_does_not(home: Home) -> None:
    conversation = await talk_of(home)
    home.script(HELLO, HELLO, HELLO)
    await home.say(conversation, "Hi")
    question, _ = await home.messages(conversation)
    path = f"/conversations/{conversation['conversation_id']}"

    await home.client.post(f"{path}/messages/{question['message_id']}/retry")
    again = f"{path}/messages/{question['message_id']}/edit"
    await home.client.post(again, json={"content": "Ho"})
    await home.get(f"{path}/context")
    await home.client.get(path_of(conversation, question["turn_id"], "/events"))

    assert await messages_used(home) == 3


async def test_a_named_request_counts_once(home: Home) -> None:
    conversation = await talk_of(home)
    home.script(HELLO)
    path = f"/agents/{conversation['agent_id']}/{conversation['conversation_id']}/send-message"

    for _ in range(3):
        named = {"Idempotency-Key": "one"}
        await home.client.post(path, json={"content": "Hi"}, headers=named)

    assert await messages_used(home) == 1


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ([BROKEN], 0),
        ([TextChunk("Hel"), BROKEN], 1),
        ([Finished("stop")], 1),
    ],
)
async def test_a_turn_counts_when_the_model_has_said_something(
    home: Home, script: Sequence[ProviderEvent | Exception], count: int
) -> None:
    conversation = await talk_of(home)
    home.script(script)

    await home.say(conversation, "Hi")

    assert await messages_used(home) == count


async def test_a_cancelled_turn_counts(home: Home) -> None:
    conversation = await talk_of(home)
    home.model = PausedProvider([pause := Pause()])
    sending = asyncio.create_task(home.send(conversation, {"content": "Hi"}))
    async with asyncio.timeout(PATIENCE_S):
        await pause.reached.wait()
    turn = (await turns_of(home, conversation))[0]["turn_id"]

    await home.post(path_of(conversation, turn, "/cancel"), {})
    await sending

    assert await messages_used(home) == 1


async def test_whoever_is_refused_before_it_begins_pays_nothing(home: Home) -> None:
    conversation, other = await talk_of(home), await home.agent(agent_name="Other")
    agent, thread = conversation["agent_id"], conversation["conversation_id"]
    told = f"/conversations/{thread}/messages/nothing"
    hi = {"content": "Hi"}
    await home.client.put(f"/agents/{agent}", json={"agent_provider": "Anthropic"})

    answers = [
        await home.client.post(f"/agents/unknown/{thread}/send-message", json=hi),
        await home.client.post(f"/agents/{agent}/unknown/send-message", json=hi),
        await home.client.post(f"/agents/{other['agent_id']}/{thread}/send-message", json=hi),
        await home.send(conversation, hi),
        await home.client.post(f"{told}/retry"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 409, 409, 409]
    assert await messages_used(home) == 0
    assert await home.items_with("Usage#2") == []


async def test_a_retry_that_must_wait_pays_nothing(home: Home) -> None:
    conversation = await talk_of(home)
    home.model = model = HeldProvider()
    sending = asyncio.create_task(home.send(conversation, {"content": "Hi"}))
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()
    question, *_ = await home.messages(conversation)
    path = f"/conversations/{conversation['conversation_id']}/messages"

    refused = await home.client.post(f"{path}/{question['message_id']}/retry")

    assert (refused.status_code, await messages_used(home)) == (409, 1)
    await home.post(path_of(conversation, question["turn_id"], "/cancel"), {})
    await sending


async def test_a_question_that_waits_counts_when_it_is_asked(poor: Home) -> None:
    conversation = await talk_of(poor)
    poor.model = PausedProvider([pause := Pause(), *HELLO], HELLO)
    first = asyncio.create_task(poor.send(conversation, {"content": "Hi"}))
    async with asyncio.timeout(PATIENCE_S):
        await pause.reached.wait()
    second = asyncio.create_task(poor.send(conversation, {"content": "Ho"}))
    await until_used(poor, 2)

    third = await poor.send(conversation, {"content": "Hu"})
    pause.over.set()

    assert (await first).status_code == (await second).status_code == 200
    assert (third.status_code, await messages_used(poor)) == (429, 2)


def puts_record(action: Action) -> bool:
    return isinstance(action, Put) and action.key[1].startswith("TURN#")


@pytest.mark.parametrize("breaks", [puts_message, puts_record])
async def test_a_question_that_cannot_be_stored_is_given_back_once(
    table: Table, tmp_path: Path, breaks: Any
) -> None:
    failing = FailingTable(table)
    async with open_home(failing, tmp_path) as home:
        conversation = await talk_of(home)
        home.script(HELLO, HELLO, HELLO)
        await home.say(conversation, "Hi")
        failing.breaks = breaks
        assert types_of(await home.say(conversation, "Hi"))[-1] == "ERROR"
        failing.breaks = FailingTable.breaks

        assert await messages_used(home) == 1
        await sweep(home)
        await sweep(home)
        assert await messages_used(home) == 1


async def test_a_store_that_does_not_answer_takes_nothing(table: Table, tmp_path: Path) -> None:
    failing = FailingTable(table)
    async with open_home(failing, tmp_path) as home:
        conversation = await talk_of(home)
        home.script(HELLO)
        failing.reads_break = True
        refused = await home.send(conversation, {"content": "Hi"})
        failing.reads_break = False

        assert (refused.status_code, await messages_used(home)) == (503, 0)
        assert types_of(await home.say(conversation, "Hi"))[-1] == "STREAM_COMPLETE"


async def test_an_old_token_of_a_deleted_account_leaves_nothing(home: Home) -> None:
    conversation = await talk_of(home)
    await home.client.delete("/users/me")
    await home.services.get(UserService).close()

    refused = await home.send(conversation, {"content": "Hi"})

    assert refused.status_code == 401
    assert [item["sk"] for item in await home.items_with(ALICE)] == ["Deleted"]


async def test_tokens_are_counted_with_the_turn(home: Home) -> None:
    conversation = await talk_of(home)
    spent = TokensUsed(Usage(input_tokens=20, output_tokens=5, cached_tokens=10))
    home.script([*HELLO, spent], [*HELLO, spent])
    for _ in range(2):
        await home.say(conversation, "Hi")

    async def both() -> bool:
        return bool((await used(home))["tokens"] == 50)

    await until(both)
    assert len(await home.items_with("UsageEvent#")) == 2


async def test_the_owner_pays_for_whoever_talks_to_the_agent(home: Home) -> None:
    agent = await home.scripted_agent()
    home.script(HELLO)
    talk = Conversation(
        created_by="visitor:1", agent_id=agent["agent_id"], title="Tea", agent_owner=ALICE
    )
    await home.services.get(ConversationRepository).create(talk)
    ask = Ask(Asker(ALICE, "visitor:1"), agent["agent_id"], talk.conversation_id)

    await home.services.get(TurnService).send(ask, MessageCreate(content="Hi"))

    assert await messages_used(home) == 1
    assert await home.items_with("visitor:1#Usage") == []
    assert not [i for i in await home.items_with("Usage#2") if "visitor" in str(i["pk"])]


# What a process leaves that dies.


async def test_a_question_that_was_not_stored_is_given_back_by_the_next_process(
    cluster: Cluster,
) -> None:
    await died(cluster, ANSWER, before=puts("MESSAGE", role="user"))
    home, _ = await cluster.process()

    await sweep(home)
    await until_used(home, 0)
    await sweep(home)

    assert await messages_used(home) == 0


async def test_a_turn_that_is_gone_on_with_counts_once(cluster: Cluster) -> None:
    _, conversation = await died(cluster, ANSWER)
    home, _ = await cluster.process(PausedProvider(ANSWER))

    await sweep(home)
    (turn,) = await until_ended(home, conversation)

    assert (turn["status"], await messages_used(home)) == ("complete", 1)


async def test_a_turn_that_is_gone_on_with_in_vain_is_given_back(cluster: Cluster) -> None:
    _, conversation = await died(cluster, [])
    home, _ = await cluster.process()
    home.script([BROKEN])

    await sweep(home)
    (turn,) = await until_ended(home, conversation)

    assert (turn["status"], await messages_used(home)) == ("failed", 0)


async def test_a_turn_that_failed_and_was_not_closed_is_given_back_once(cluster: Cluster) -> None:
    home, table = await cluster.process()
    home.script([BROKEN])
    conversation = await talk_of(home)
    table.refuses = updates("TURN", "status")
    await home.send(conversation, {"content": "Well?"})
    assert ((await only_turn(home, conversation))["status"], await messages_used(home)) == (
        *("running", 1),
    )
    table.dead = True
    home, _ = await cluster.process()

    for _ in range(3):
        await sweep(home)

    assert (await only_turn(home, conversation))["status"] == "failed"
    assert await messages_used(home) == 0


async def test_a_counter_that_was_set_back_does_not_keep_a_turn_open(cluster: Cluster) -> None:
    home, table = await cluster.process()
    home.script([BROKEN])
    conversation = await talk_of(home)
    table.waits_before = updates("TURN", "status")
    table.meanwhile = partial(home.services.get(UsageService).reset, ALICE)

    await home.send(conversation, {"content": "Well?"})

    assert (await only_turn(home, conversation))["status"] == "failed"
    assert await home.items_with("Usage#2") == []
