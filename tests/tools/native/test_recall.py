"""Earlier messages of a conversation, page by page."""

from datetime import UTC, datetime, timedelta

import pytest

from smriti.core.paging import Page, PageRequest
from smriti.llm.types import ToolCall
from smriti.messages.models import Message
from smriti.tools.native.recall import RecallTools
from smriti.tools.toolset import ToolFailed

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class _Conversation:
    """A conversation of `count` messages; counts how often it is read."""

    def __init__(self, count: int, text: str = "message {}") -> None:
        self.reads = 0
        self._messages = [
            Message(
                conversation_id="c",
                role="assistant" if number % 2 == 0 else "user",
                content=text.format(number),
                created_at=START + timedelta(minutes=number),
            )
            for number in range(count, 0, -1)
        ]

    async def page(self, page: PageRequest) -> Page[Message]:
        self.reads += 1
        start = int(page.cursor or 0)
        end = start + page.limit
        more = str(end) if end < len(self._messages) else None
        return Page[Message].of(self._messages[start:end], more)


async def _recall(conversation: _Conversation, **arguments: object) -> str:
    call = ToolCall(call_id="1", name="recall_conversation", arguments=arguments)
    return await RecallTools(conversation.page).call(call)


async def test_the_newest_ten_come_first() -> None:
    assert await _recall(_Conversation(12)) == (
        "Conversation History (Page 1):\n"
        "\n"
        "[1] (2026-03-01 09:12) assistant: message 12\n"
        "[2] (2026-03-01 09:11) user: message 11\n"
        "[3] (2026-03-01 09:10) assistant: message 10\n"
        "[4] (2026-03-01 09:09) user: message 9\n"
        "[5] (2026-03-01 09:08) assistant: message 8\n"
        "[6] (2026-03-01 09:07) user: message 7\n"
        "[7] (2026-03-01 09:06) assistant: message 6\n"
        "[8] (2026-03-01 09:05) user: message 5\n"
        "[9] (2026-03-01 09:04) assistant: message 4\n"
        "[10] (2026-03-01 09:03) user: message 3\n"
        "\n"
        "(Use page=2 for older messages)"
    )


async def test_the_last_page_has_the_oldest() -> None:
    assert await _recall(_Conversation(12), page=2) == (
        "Conversation History (Page 2):\n"
        "\n"
        "[11] (2026-03-01 09:02) assistant: message 2\n"
        "[12] (2026-03-01 09:01) user: message 1"
    )


async def test_a_page_far_back_takes_few_reads() -> None:
    conversation = _Conversation(250)

    text = await _recall(conversation, page=25)

    assert text.startswith("Conversation History (Page 25):\n\n[241] (2026-03-01 09:10)")
    assert conversation.reads == 3


@pytest.mark.parametrize(("count", "page"), [(0, 1), (10, 2), (100, 11), (12, 100)])
async def test_a_page_after_the_last_is_refused(count: int, page: int) -> None:
    with pytest.raises(ToolFailed, match=f"^Error: There is no page {page}; "):
        await _recall(_Conversation(count), page=page)


@pytest.mark.parametrize("page", [0, -1, 101, "x"])
async def test_a_page_that_makes_no_sense_is_refused(page: object) -> None:
    with pytest.raises(ToolFailed, match="page: Input should be"):
        await _recall(_Conversation(1), page=page)


async def test_long_messages_are_cut() -> None:
    text = await _recall(_Conversation(1, "line\n" + "x" * 300))

    assert text.endswith(f"user: line {'x' * 195}...")
