"""The tool that searches past conversations, as a model meets it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smriti.conversations.models import Conversation
from smriti.conversations.repository import ConversationRepository
from smriti.db.table import Table
from smriti.llm.types import ToolCall
from smriti.memory.recall.models import Exchange, Talk
from smriti.memory.recall.repository import RecallRepository
from smriti.memory.recall.service import RecallService
from smriti.messages.models import Message
from smriti.messages.repository import MessageRepository
from smriti.observability.metrics import Metrics
from smriti.retrieval.indexes import Indexes
from smriti.tools.native.conversations import ConversationTools
from smriti.tools.toolset import ToolFailed
from tests.memory.house import ADA, House

MARCH = datetime(2026, 3, 1, 9, 15, tzinfo=UTC)
TALK = Talk(ADA.agent_id, ADA.user_id, "Librarian", "Ada")


class Past:
    """Conversations of Ada's, and the tool over them."""

    def __init__(self, table: Table) -> None:
        self._messages = MessageRepository(table)
        self._conversations = ConversationRepository(table)
        self.recall = RecallService(
            RecallRepository(table),
            House(table).owners,
            Indexes(table, budget_bytes=2**26, metrics=Metrics()),
            self._messages,
            self._conversations,
        )

    async def talk(self, title: str, at: datetime, *exchanges: tuple[str, str]) -> Sequence[str]:
        conversation = await self._conversations.create(
            Conversation(agent_id=ADA.agent_id, created_by=ADA.user_id, title=title)
        )
        said = []
        for number, texts in enumerate(exchanges):
            question, answer = (
                Message(
                    conversation_id=conversation.conversation_id,
                    role="user" if place == 0 else "assistant",
                    content=text,
                    created_at=at + timedelta(minutes=number, microseconds=place),
                )
                for place, text in enumerate(texts)
            )
            await self._messages.put_all([question, answer])
            said.append(Exchange.of(question.message_id, question, answer, TALK))
        await self.recall.remember_all(said)
        return [exchange.turn_id for exchange in said]

    async def search(self, query: str, **arguments: Any) -> str:
        tools = ConversationTools(self.recall, ADA)
        call = ToolCall(
            call_id="1", name="conversation_search", arguments={"query": query} | arguments
        )
        return await tools.call(call)


@pytest.fixture
def past(table: Table) -> Past:
    return Past(table)


def test_the_schema_stands_by_itself(past: Past) -> None:
    [spec] = ConversationTools(past.recall, ADA).specs()

    assert "$ref" not in json.dumps(spec.parameters)


async def test_the_answer_says_when_who_where_and_what(past: Past) -> None:
    await past.talk("Trip", MARCH, ("We fly to\nLisbon", "Enjoy the tiles"))
    await past.talk("Music", MARCH, ("I play the cello", "Fine"))

    assert await past.search("Lisbon") == (
        'Conversation Search for "Lisbon" (Page 1 of 1, 2 total):\n'
        "\n"
        '[1] (2026-03-01 09:15) user in "Trip": We fly to Lisbon\n'
        '[2] (2026-03-01 09:15) assistant in "Trip": Enjoy the tiles'
    )


async def test_nothing_is_found(past: Past) -> None:
    await past.talk("Trip", MARCH, ("We fly to Lisbon", "Enjoy"))

    assert await past.search("xylophone") == 'No messages found for "xylophone"'
    assert await past.search("  ") == 'No messages found for ""'


async def test_pages_of_five(past: Past) -> None:
    await past.talk("Tea", MARCH, *((f"Tea {number}", f"Cup {number}") for number in range(6)))

    first, last = await past.search("tea"), await past.search("tea", page="3")

    assert first.startswith('Conversation Search for "tea" (Page 1 of 3, 12 total):\n\n[1] (')
    assert first.endswith("\n\n(Use page=2 for more)")
    assert last.count("\n[1") == 2
    with pytest.raises(ToolFailed, match=r'^Error: There is no page 4 for "tea"; the last is 3\.$'):
        await past.search("tea", page=4)


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ({"start_date": "2026-03-02"}, ["2026-03-10"]),
        ({"end_date": "2026-03-01"}, ["2026-03-01"]),
        ({"start_date": "2026-03-01", "end_date": "2026-03-10"}, ["2026-03-01", "2026-03-10"]),
        ({"start_date": "2026-03-10T09:16:00Z"}, []),
        ({"start_date": "", "end_date": "", "role": ""}, ["2026-03-01", "2026-03-10"]),
    ],
)
async def test_days_are_taken_whole(past: Past, where: dict[str, str], shown: list[str]) -> None:
    for days in (0, 9):
        await past.talk("Tea", MARCH + timedelta(days=days), ("Green tea", "Yes"))

    answer = await past.search("tea", **{"role": "user"} | where)

    assert [day for day in ("2026-03-01", "2026-03-10") if day in answer] == shown


async def test_only_one_side(past: Past) -> None:
    await past.talk("Tea", MARCH, ("Which tea?", "Green tea"))

    assert "Which" not in await past.search("tea", role="assistant")
    assert "Green" not in await past.search("tea", role="user")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"start_date": "yesterday"}, "start_date must be a day like 2026-03-01, not 'yesterday'"),
        ({"end_date": "2026-13-01"}, "end_date must be a day like 2026-03-01"),
        ({"start_date": "2026-03-02", "end_date": "2026-03-01"}, "end_date is before start_date"),
        ({"role": "system"}, "role: Input should be 'user' or 'assistant'"),
        ({"page": 0}, "page: Input should be"),
    ],
)
async def test_what_makes_no_sense_is_told(past: Past, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ToolFailed, match=told):
        await past.search("tea", **wrong)


async def test_of_a_long_message_the_part_that_matches_is_shown(past: Past) -> None:
    await past.talk("Long", MARCH, ("word " * 200 + "zanzibar " + "word " * 200, "Hm"))

    answer = await past.search("zanzibar", role="user")

    line = answer.splitlines()[-1].partition(": ")[2]
    assert "zanzibar" in line
    assert line.startswith("…")
    assert line.endswith("…")
    assert len(line) <= 202
