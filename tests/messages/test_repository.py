"""Messages in the table, long ones in pieces."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.core.paging import PageRequest
from smriti.db.sqlite import SqliteTable
from smriti.db.table import Query, Table, TableUnavailable
from smriti.llm.types import TextPart, ToolCall, ToolResult
from smriti.messages.models import Attachment, Message
from smriti.messages.repository import MessageRepository
from tests.fakes.failing_table import FailingTable, puts_message


def message(content: str = "Hello", **values: object) -> Message:
    fields = {"conversation_id": "c", "role": "user", "content": content, **values}
    return Message.model_validate(fields)


async def stored(table: Table) -> list[Message]:
    return (await MessageRepository(table).page("c", PageRequest(limit=100))).items


async def test_keys_sort_by_time_and_are_of_fixed_width(table: Table) -> None:
    moment = datetime(2026, 3, 1, 9, 15, tzinfo=UTC)
    one = message(created_at=moment)

    await MessageRepository(table).put(one)

    (item,) = (await table.query(Query("CONVERSATION#c"))).items
    assert item["sk"] == f"MESSAGE#2026-03-01T09:15:00.000000+00:00#{one.message_id}"


async def test_all_kinds_of_parts_come_back_as_they_were(table: Table) -> None:
    one = message(
        role="assistant",
        parts=[
            TextPart(text="Let me see."),
            ToolCall(call_id="1", name="core_memory_read", arguments={"block": "human"}),
            ToolResult(call_id="1", name="core_memory_read", text="Empty.", success=False),
        ],
    )

    await MessageRepository(table).put(one)

    assert await stored(table) == [one]


async def test_arguments_may_be_nested_deeper_than_items(table: Table) -> None:
    deep: dict[str, object] = {}
    for _ in range(100):
        deep = {"deeper": [deep]}
    one = message(
        role="assistant", parts=[ToolCall(call_id="1", name="core_memory_read", arguments=deep)]
    )

    await MessageRepository(table).put(one)

    assert await stored(table) == [one]


@pytest.mark.parametrize("length", [1, 65_000, 66_000, 400_000, 3_000_000])
async def test_a_message_of_any_length_is_read_back_whole(table: Table, length: int) -> None:
    one = message(
        "é" * (length // 2),
        attachments=[Attachment(filename="a.md", size=1, content="x" * (length // 2))],
    )

    await MessageRepository(table).put(one)

    assert await stored(table) == [one]


@pytest.mark.parametrize("length", [70_000, 800_000, 1_600_000])
async def test_a_long_message_stays_whole_when_it_cannot_be_stored_anew(
    table: Table, length: int
) -> None:
    failing = FailingTable(table)
    messages = MessageRepository(failing)
    one = message("a" * 800_000, role="assistant", status="running")
    await messages.put(one)
    failing.breaks = puts_message

    with pytest.raises(TableUnavailable):
        await messages.put(one.model_copy(update={"content": "b" * length}))

    assert await stored(table) == [one]


@given(st.text(), st.lists(st.text(max_size=50), max_size=3))
async def test_any_text_comes_back(content: str, files: list[str]) -> None:
    table = SqliteTable.open()
    attachments = [Attachment(filename="a.md", size=0, content=text) for text in files]
    one = message(content, attachments=attachments)

    await MessageRepository(table).put(one)

    assert await stored(table) == [one]
    await table.close()


async def test_pictures_stand_apart_and_come_back_whole(table: Table) -> None:
    big, small = "QUJD" * 300_000, "QUJD"
    one = message(
        attachments=[
            Attachment(filename="a.png", size=1, content=big),
            Attachment(filename="b.md", size=3, content="tea"),
            Attachment(filename="c.png", size=1, content=small),
        ]
    )
    messages = MessageRepository(table)

    await messages.put(one)

    (light,) = await stored(table)
    assert [file.content for file in light.attachments] == ["", "tea", ""]
    assert await messages.with_pictures([light], limit=2) == [one]
    (first,) = await messages.with_pictures([light], limit=1)
    assert [file.content for file in first.attachments] == [big, "tea", ""]


async def test_the_view_shows_no_content_of_attachments() -> None:
    one = message(attachments=[Attachment(filename="a.md", size=3, content="tea")])

    shown = one.view.model_dump()

    assert shown["attachments"] == [{"filename": "a.md", "size": 3}]
