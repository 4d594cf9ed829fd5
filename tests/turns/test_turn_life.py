"""A turn belongs to the server: what may happen around it while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from smriti.conversations.repository import conversation_key
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Action, Put, Set, Table, TableUnavailable
from smriti.llm.provider import CallRequested, Finished
from smriti.llm.types import ToolCall
from smriti.turns.runner import TurnRunner
from tests.fakes.failing_table import FailingTable, puts_answer, puts_message
from tests.fakes.held_provider import HeldProvider
from tests.fakes.scripted_provider import ScriptedProvider
from tests.home import HELLO, Home, events_of, open_home, spoken, types_of
from tests.patience import PATIENCE_S
from tests.turns.attaching import until_waiting


@asynccontextmanager
async def speaking(
    home: Home, conversation: dict[str, Any], *calls: CallRequested
) -> AsyncIterator[tuple[HeldProvider, asyncio.Task[httpx2.Response]]]:
    """A turn that has said its first word and waits; then it makes the calls."""
    model = HeldProvider(*calls)
    home.model = model
    sending = asyncio.create_task(home.send(conversation, {"content": "Well?"}))
    async with asyncio.timeout(PATIENCE_S):
        await model.speaking.wait()
    try:
        yield model, sending
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending


@pytest.fixture
async def conversation(home: Home) -> dict[str, Any]:
    return await home.conversation(await home.scripted_agent(), title="Tea")


async def until_answered(home: Home, conversation: dict[str, Any], status: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            messages = await home.messages(conversation)
            if messages and messages[-1]["status"] == status and len(messages) > 1:
                return messages[-1]
            await asyncio.sleep(0)


async def test_a_client_that_leaves_does_not_stop_the_turn(
    home: Home, conversation: dict[str, Any]
) -> None:
    async with speaking(home, conversation) as (model, sending):
        sending.cancel()
        model.released.set()

        answer = await until_answered(home, conversation, "complete")

    assert answer["content"] == "Wait and see."


async def test_every_log_line_of_a_turn_names_it(
    table: Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_home(table, tmp_path, log_level="INFO", log_format="json") as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO)
        events = await home.say(conversation, "Hi")

    lines = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    of_turn = {line["event"]: line for line in lines if line["event"].startswith("turn.")}
    assert of_turn.keys() == {"turn.started", "turn.finished"}
    assert {line["turn_id"] for line in of_turn.values()} == {events[0]["turn_id"]}


async def test_deleting_an_agent_stops_its_turns(home: Home, conversation: dict[str, Any]) -> None:
    async with speaking(home, conversation) as (model, sending):
        response = await home.client.delete(f"/agents/{conversation['agent_id']}")
        events = events_of((await sending).text)

    assert response.status_code == 204
    assert model.cancelled
    assert events[-1]["event_type"] == "ERROR"


async def test_a_turn_whose_agent_another_process_deleted_leaves_no_memory(
    home: Home, conversation: dict[str, Any], tmp_path: Path
) -> None:
    agent_id = conversation["agent_id"]
    fact = {"block": "human", "content": "Name: Alice"}
    call = CallRequested(ToolCall(call_id="1", name="core_memory_append", arguments=fact))
    async with speaking(home, conversation, call) as (model, sending):
        async with open_home(home.table, tmp_path) as other:
            await other.client.delete(f"/agents/{agent_id}")
        model.released.set()
        events = events_of((await sending).text)

    assert [e["success"] for e in events if e["event_type"] == "TOOL_CALL_RESULT"] == [True]
    await home.services.get(TurnRunner).close()  # what follows the answer ends, too
    assert await home.items_with(agent_id) == []


async def test_a_second_message_waits_for_the_answer_to_the_first(
    home: Home, conversation: dict[str, Any]
) -> None:
    async with speaking(home, conversation) as (model, sending):
        second = asyncio.create_task(home.send(conversation, {"content": "And?"}))
        await until_waiting(home, conversation, 1)
        assert len(model.requests) == 1
        model.released.set()

        first_events = events_of((await sending).text)
        second_events = events_of((await second).text)

    assert spoken(first_events) == spoken(second_events) == "Wait and see."
    assert "Waiting for the answer before this one..." in [e["content"] for e in second_events]
    assert [message["content"] for message in await home.messages(conversation)] == [
        "Well?",
        "Wait and see.",
        "And?",
        "Wait and see.",
    ]
    assert len(model.requests[1].messages) == 3


async def test_deleting_a_conversation_stops_its_turn_and_leaves_nothing(
    home: Home, conversation: dict[str, Any]
) -> None:
    conversation_id = conversation["conversation_id"]
    async with speaking(home, conversation) as (model, sending):
        response = await home.client.delete(f"/conversations/{conversation_id}")
        events = events_of((await sending).text)

    assert response.status_code == 204
    assert model.cancelled
    assert events[-1]["event_type"] == "ERROR"
    assert await home.items_with(conversation_id) == []


async def test_a_turn_whose_conversation_another_process_deleted_leaves_nothing(
    home: Home, conversation: dict[str, Any], tmp_path: Path
) -> None:
    conversation_id = conversation["conversation_id"]
    async with speaking(home, conversation) as (model, sending):
        async with open_home(home.table, tmp_path) as other:
            await other.client.delete(f"/conversations/{conversation_id}")
        model.released.set()
        events = events_of((await sending).text)

    assert types_of(events)[-1] == "STREAM_COMPLETE"
    assert await home.items_with(conversation_id) == []


async def test_a_turn_that_lost_its_conversation_does_not_disturb_the_next(
    home: Home, conversation: dict[str, Any]
) -> None:
    key = conversation_key("alice@local", conversation["conversation_id"])
    async with speaking(home, conversation) as (model, sending):
        await home.table.update(key, Set("lease_by", "another"), Set("fence", 99))
        model.released.set()
        await sending

    item = await home.table.get(key)
    assert item is not None
    assert item["lease_by"] == "another"


async def test_a_conversation_that_a_killed_server_held_is_free_after_its_lease(
    home: Home, conversation: dict[str, Any]
) -> None:
    key = conversation_key("alice@local", conversation["conversation_id"])
    past = "2020-01-01T00:00:00.000000+00:00"
    await home.table.update(key, Set("lease_by", "killed"), Set("lease_until", past))
    home.script(HELLO)

    events = await home.say(conversation, "Hi")

    assert spoken(events) == "Hello"


async def test_a_turn_that_a_stop_interrupts_goes_on_after_it(table: Table, tmp_path: Path) -> None:
    async with open_home(table, tmp_path, shutdown_grace_s=0) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        model = home.model = HeldProvider()
        sending = asyncio.create_task(home.send(conversation, {"content": "Well?"}))
        await model.speaking.wait()
    events = events_of((await sending).text)
    async with open_home(table, tmp_path, model=ScriptedProvider([HELLO])) as home:
        answer = await until_answered(home, conversation, "complete")
        question, *_ = await home.messages(conversation)

    assert events[-1]["content"] == "The server restarts. The answer goes on after that."
    assert question["content"] == "Well?"
    assert answer["content"] == "Hello"


async def test_a_question_that_cannot_be_stored_is_not_answered(tmp_path: Path) -> None:
    table = FailingTable(SqliteTable.open())
    async with open_home(table, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO, HELLO)
        table.breaks = puts_message

        events = await home.say(conversation, "Hi")

        assert types_of(events) == ["LIFECYCLE_NOTIFICATION"] * 2 + ["ERROR"]
        table.breaks = lambda _: False
        assert spoken(await home.say(conversation, "Hi")) == "Hello"
    await table.close()


async def test_a_turn_that_cannot_be_opened_does_not_keep_the_conversation(tmp_path: Path) -> None:
    table = FailingTable(SqliteTable.open())
    async with open_home(table, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO)
        table.reads_break = True

        refused = await home.send(conversation, {"content": "Hi"})

        table.reads_break = False
        again = await home.say(conversation, "Hi")
    await table.close()

    assert refused.status_code == 503
    assert "Waiting for the answer before this one..." not in [e["content"] for e in again]


@pytest.mark.parametrize(
    ("error", "slug"),
    [(TableUnavailable("Gone."), "unavailable"), (ZeroDivisionError(), "internal-error")],
)
async def test_an_answer_that_cannot_be_stored_is_an_error_and_gives_the_conversation_back(
    tmp_path: Path, error: Exception, slug: str
) -> None:
    table = FailingTable(SqliteTable.open())
    async with open_home(table, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        home.script(HELLO, HELLO)
        table.breaks, table.error = puts_answer, error

        events = await home.say(conversation, "Hi")

        assert types_of(events)[-1] == "ERROR"
        assert events[-1]["problem"]["type"] == f"/problems/{slug}"
        table.breaks = lambda _: False
        again = await home.say(conversation, "Hi")
        assert "Waiting for the answer before this one..." not in [e["content"] for e in again]
    await table.close()


async def test_a_store_that_fails_under_a_tool_is_told_as_such(tmp_path: Path) -> None:
    def puts_version(action: Action) -> bool:
        return isinstance(action, Put) and action.key[1].startswith("BlockVersion#")

    table = FailingTable(SqliteTable.open())
    async with open_home(table, tmp_path) as home:
        conversation = await home.conversation(await home.scripted_agent(), title="Tea")
        learned = {"block": "human", "content": "Name: Alice"}
        call = ToolCall(call_id="1", name="core_memory_append", arguments=learned)
        home.script([CallRequested(call), Finished("tool_calls")])
        table.breaks = puts_version

        events = await home.say(conversation, "I am Alice")

        assert events[-1]["problem"]["type"] == "/problems/unavailable"
    await table.close()


async def test_more_turns_than_the_server_may_run_wait_and_then_are_refused(
    table: Table, tmp_path: Path
) -> None:
    async with open_home(table, tmp_path, max_concurrent_turns=1) as home:
        agent = await home.scripted_agent()
        conversations = [await home.conversation(agent, title="Tea") for _ in range(6)]
        model = home.model = HeldProvider()
        sending = [asyncio.create_task(home.send(c, {"content": "Hi"})) for c in conversations]
        async with asyncio.timeout(PATIENCE_S):
            await model.speaking.wait()
            done, _ = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        asked = len(model.requests)
        model.released.set()

        responses = await asyncio.gather(*sending)

    (refused,) = [task.result() for task in done]
    assert asked == 1
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert refused.json()["type"] == "/problems/too-many-turns"
    answered = [response for response in responses if response is not refused]
    assert [spoken(events_of(response.text)) for response in answered] == ["Wait and see."] * 5
