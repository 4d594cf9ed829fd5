"""Earlier messages become part of a conversation: in order, once, and found again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smriti.db.sqlite import SqliteTable
from smriti.db.table import Item, Key, Table
from smriti.llm.provider import Finished, TextChunk
from tests.api.dump import dump
from tests.fakes.held_provider import HeldProvider
from tests.fakes.mortal_table import MortalTable
from tests.home import HELLO, Home, open_home, spoken
from tests.patience import PATIENCE_S
from tests.turns.attaching import turns_of
from tests.turns.crashing import Cluster, puts

type Json = dict[str, Any]

YEAR_AGO = datetime(2025, 3, 1, 9, 15, tzinfo=UTC)


def user(content: str, at: datetime | None = None) -> Json:
    return {"role": "user", "content": content} | (
        {} if at is None else {"created_at": at.isoformat()}
    )


def assistant(content: str, at: datetime | None = None) -> Json:
    return user(content, at) | {"role": "assistant"}


async def imported(home: Home, conversation: Json, *messages: Json) -> list[Json]:
    response = await sent(home, conversation, *messages)
    assert response.status_code == 200, response.text
    items: list[Json] = response.json()["items"]
    return items


async def sent(home: Home, conversation: Json, *messages: Json) -> httpx2.Response:
    path = f"/conversations/{conversation['conversation_id']}/messages:import"
    return await home.client.post(path, json={"messages": list(messages)})


async def said(home: Home, conversation: Json) -> list[str]:
    return [message["content"] for message in await home.messages(conversation)]


async def recalled(home: Home, conversation: Json, query: str) -> list[Json]:
    found = await home.get(f"/agents/{conversation['agent_id']}/recall?query={query}&limit=100")
    items: list[Json] = found["items"]
    return items


@pytest.fixture
async def conversation(home: Home) -> Json:
    agent = await home.scripted_agent(session_timeout_minutes=0)
    return await home.conversation(agent, title="Old times")


async def test_messages_come_in_with_their_times_and_are_found(
    home: Home, conversation: Json
) -> None:
    items = await imported(
        home,
        conversation,
        user("I play the cello", YEAR_AGO),
        assistant("Since when?", YEAR_AGO),
        user("Since May"),
    )

    messages = await home.messages(conversation)
    assert [(m["role"], m["content"], m["created_at"]) for m in messages] == [
        ("user", "I play the cello", "2025-03-01T09:15:00Z"),
        ("assistant", "Since when?", "2025-03-01T09:15:00.000001Z"),
        ("user", "Since May", "2025-03-01T09:15:00.000002Z"),
    ]
    assert items == [{"message_id": m["message_id"], "created": True} for m in messages]
    first, *_ = await recalled(home, conversation, "cello")
    assert (first["content"], first["author"]) == ("I play the cello", "alice")
    assert first["message_id"] == items[0]["message_id"]
    turns = await turns_of(home, conversation)
    assert {t["status"] for t in turns} == {"complete"}
    assert {t["answer_id"] for t in turns} == {None, items[1]["message_id"]}


@pytest.mark.parametrize("dated", [True, False])
async def test_the_same_import_again_brings_nothing(
    home: Home, conversation: Json, dated: bool
) -> None:
    at = YEAR_AGO if dated else None
    messages = [user("One", at), assistant("1", at), user("One", at)]
    first = await imported(home, conversation, *messages)
    before = await _contents(home.table)

    again = await imported(home, conversation, *messages)

    assert [item["message_id"] for item in again] == [item["message_id"] for item in first]
    assert {item["created"] for item in again} == {False}
    assert len({item["message_id"] for item in first}) == 3
    assert await _contents(home.table) == before


async def test_without_times_one_import_follows_the_other(home: Home, conversation: Json) -> None:
    await imported(home, conversation, user("One"), assistant("1"))
    await imported(home, conversation, user("Two"), assistant("2"))

    assert await said(home, conversation) == ["One", "1", "Two", "2"]


async def test_what_is_older_comes_before_what_was_said_here(
    home: Home, conversation: Json
) -> None:
    home.script(HELLO, HELLO)
    await home.say(conversation, "Now")
    newest = (await home.messages(conversation))[-1]

    await imported(home, conversation, user("Then", YEAR_AGO), assistant("Ages ago"))
    model = home.script(HELLO)
    await home.say(conversation, "And?")

    assert await said(home, conversation) == ["Then", "Ages ago", "Now", "Hello", "And?", "Hello"]
    assert [m.text.rpartition("\n")[2] for m in model.requests[0].messages] == [
        *("Then", "Ages ago", "Now", "Hello", "And?")
    ]
    assert (await home.messages(conversation))[-2]["created_at"] > newest["created_at"]


async def test_what_is_imported_can_be_asked_again_and_deleted(
    home: Home, conversation: Json
) -> None:
    items = await imported(
        home, conversation, assistant("Welcome", YEAR_AGO), user("Which cello?"), assistant("Old")
    )
    base = f"/conversations/{conversation['conversation_id']}"
    home.script([TextChunk("The red cello"), Finished("stop")])

    greeting = await home.client.post(f"{base}/messages/{items[0]['message_id']}/retry")
    retried = await home.client.post(f"{base}/messages/{items[2]['message_id']}/retry")

    assert greeting.status_code == 400
    assert retried.status_code == 200
    assert await said(home, conversation) == ["Welcome", "Which cello?", "The red cello"]
    found = {hit["content"] for hit in await recalled(home, conversation, "cello")}
    assert found == {"Welcome", "Which cello?", "The red cello"}
    await home.client.delete(base)
    assert await home.items_with("Recall#") == []


async def test_nothing_is_imported_while_the_agent_answers(home: Home, conversation: Json) -> None:
    model = home.model = HeldProvider()
    sending = asyncio.create_task(home.send(conversation, {"content": "Well?"}))
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()

    response = await sent(home, conversation, user("Old", YEAR_AGO))
    model.released.set()
    await sending

    assert response.status_code == 409
    assert response.json()["type"] == "/problems/conversation-busy"
    await imported(home, conversation, user("Old", YEAR_AGO))


async def test_what_cannot_be_imported(home: Home, conversation: Json) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    cases: list[list[Json]] = [
        [],
        [user("x")] * 1001,
        [user("x") | {"role": "system"}],
        [user("x", later)],
        [user("x") | {"created_at": "yesterday"}],
        [{"role": "user"}],
    ]

    for messages in cases:
        assert (await sent(home, conversation, *messages)).status_code == 422
    assert await said(home, conversation) == []
    home.script(HELLO)
    assert spoken(await home.say(conversation, "Free?")) == "Hello"


async def test_a_thousand_messages_and_long_ones(home: Home, conversation: Json) -> None:
    long = "wörter " * 40_000
    messages = [user(f"Number {n}", YEAR_AGO + timedelta(minutes=n)) for n in range(999)]

    items = await imported(home, conversation, *messages, assistant(long))

    assert len({item["message_id"] for item in items}) == 1000
    newest = await home.get(f"/conversations/{conversation['conversation_id']}/messages?limit=2")
    assert [m["content"] for m in newest["items"]] == [long, "Number 998"]
    assert len(await home.items_with("Recall#")) == 999


async def test_a_summary_of_what_lies_around_is_made_anew(home: Home, conversation: Json) -> None:
    pk = f"CONVERSATION#{conversation['conversation_id']}"
    await imported(home, conversation, user("One", YEAR_AGO), assistant("1"))
    *_, last = await home.items_with("MESSAGE#")
    summary: Item = {
        "pk": pk,
        "sk": "SUMMARY",
        "conversation_id": conversation["conversation_id"],
        "text": "They counted.",
        "words": 2,
        "messages": 2,
        "model": "m",
        "first_at": "2025-03-01T09:15:00Z",
        "upto_at": "2025-03-01T09:15:00Z",
        "upto_key": last["sk"],
        "version": 1,
        "left_behind": [],
    }
    await home.table.bulk(puts=[summary])

    await imported(home, conversation, user("Two", YEAR_AGO + timedelta(days=1)))
    assert await home.items_with("SUMMARY") != []
    await imported(home, conversation, user("Zero", YEAR_AGO - timedelta(days=1)))

    assert await home.items_with("SUMMARY") == []


@pytest.mark.parametrize("deadly", ["MESSAGE", "Recall", "TURN", "IMPORT", "CONVERSATION"])
async def test_after_a_crash_the_same_import_is_made_whole(cluster: Cluster, deadly: str) -> None:
    home, table = await cluster.process()
    conversation = await home.conversation(await home.scripted_agent(), title="Old times")
    messages = [user("One"), assistant("1"), user("Two")]
    _die_at(table, deadly)
    assert (await sent(home, conversation, *messages)).status_code == 503
    home, _ = await cluster.process()

    await imported(home, conversation, *messages)

    assert await said(home, conversation) == ["One", "1", "Two"]
    assert len(await home.items_with("Recall#")) == 2
    assert len(await turns_of(home, conversation)) == 2
    home.script(HELLO)
    assert spoken(await home.say(conversation, "Free?")) == "Hello"
    assert await said(home, conversation) == ["One", "1", "Two", "Free?", "Hello"]


def _die_at(table: MortalTable, kind: str) -> None:
    """Dies at the first write of such an item, many at once or one."""
    bulk = table.bulk

    async def deadly(*, puts: Any = (), deletes: Any = ()) -> None:
        if any(str(item["sk"]).startswith(f"{kind}#") for item in puts):
            await bulk(puts=puts[:1])
            table.dead = True
        await bulk(puts=puts, deletes=deletes)

    table.bulk = deadly  # type: ignore[method-assign]
    if kind == "CONVERSATION":
        table.dies_before = lambda action: "last_message_at" in str(action)
    elif kind == "IMPORT":
        table.dies_after = puts("IMPORT")


async def test_another_import_waits_for_the_end_of_a_dead_one(cluster: Cluster) -> None:
    home, table = await cluster.process()
    conversation = await home.conversation(await home.scripted_agent(), title="Old times")
    _die_at(table, "MESSAGE")
    await sent(home, conversation, user("One", YEAR_AGO), assistant("1"))
    home, _ = await cluster.process()

    busy = await sent(home, conversation, user("Two"))
    await cluster.lease_ends(conversation)
    await imported(home, conversation, user("Two"))

    assert busy.status_code == 409
    assert "Two" in await said(home, conversation)


_messages = st.lists(
    st.builds(
        lambda role, content, minutes: (
            {"role": role, "content": content}
            | ({} if minutes is None else {"created_at": f"2025-03-01T09:{minutes:02}:00Z"})
        ),
        st.sampled_from(["user", "assistant"]),
        st.sampled_from(["", "a", "b", "ä" * 10]),
        st.none() | st.integers(0, 59),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(_messages)
def test_whatever_is_imported_twice_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, messages: list[Json]
) -> None:
    async def check() -> None:
        table = SqliteTable.open()
        async with open_home(table, tmp_path_factory.mktemp("data")) as home:
            conversation = await home.conversation(await home.agent(), title="Old times")
            first = await imported(home, conversation, *messages)
            before = await _contents(table)
            again = await imported(home, conversation, *messages)

            shown = await home.messages(conversation)
            ids = [item["message_id"] for item in first]
            assert [message["message_id"] for message in shown] == ids
            assert [(m["role"], m["content"]) for m in shown] == [
                (m["role"], m["content"]) for m in messages
            ]
            assert [item["message_id"] for item in again] == ids
            assert not any(item["created"] for item in again)
            assert await _contents(table) == before
        await table.close()

    asyncio.run(check())


async def _contents(table: Table) -> dict[Key, Item]:
    """All that is stored, but for what says when."""
    items = await dump(table)
    return {
        key: {name: value for name, value in item.items() if name not in {"updated_at", "fence"}}
        for key, item in items.items()
    }
