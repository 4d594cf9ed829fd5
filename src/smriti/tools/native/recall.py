"""The recall tool: earlier messages of a conversation, which the prompt may no longer show."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from pydantic import Field

from smriti.core.paging import Page, PageRequest
from smriti.memory.models import clean_line
from smriti.messages.models import Message
from smriti.tools.native.function_tool import FunctionToolset
from smriti.tools.toolset import ToolFailed

MESSAGES_A_PAGE: Final = 10
PREVIEW_CHARACTERS: Final = 200
MAX_PAGE: Final = 100
_PAGES_A_READ: Final = 10

type RecallSource = Callable[[PageRequest], Awaitable[Page[Message]]]
"""Messages of one conversation, newest first."""


class RecallTools(FunctionToolset):
    idempotent = frozenset({"recall_conversation"})

    def __init__(self, source: RecallSource) -> None:
        self._source = source

    async def recall_conversation(
        self,
        page: Annotated[
            int, Field(ge=1, le=MAX_PAGE, description="Which page, from 1, the newest.")
        ] = 1,
    ) -> str:
        """Read earlier messages of this conversation, newest first, ten a page, each cut to 200
        characters."""
        found = await self._page(page)
        if not found.items:
            raise ToolFailed(
                f"Error: There is no page {page}; this conversation has fewer messages."
            )
        first = (page - 1) * MESSAGES_A_PAGE + 1
        shown = [
            f"[{number}] ({message.created_at:%Y-%m-%d %H:%M}) {message.role}: {_preview(message)}"
            for number, message in enumerate(found.items, start=first)
        ]
        foot = [f"(Use page={page + 1} for older messages)"] if found.has_more else []
        return "\n\n".join([f"Conversation History (Page {page}):", "\n".join(shown), *foot])

    async def _page(self, number: int) -> Page[Message]:
        """The messages of a page: as there is no counting in a cursor, all newer ones are read."""
        reads, place = divmod(number - 1, _PAGES_A_READ)
        cursor = None
        for _ in range(reads):
            newer = await self._source(_request(cursor))
            if newer.next_cursor is None:
                return Page[Message].of([], None)
            cursor = newer.next_cursor
        found = await self._source(_request(cursor))
        start = place * MESSAGES_A_PAGE
        items = found.items[start : start + MESSAGES_A_PAGE]
        more = found.has_more or start + MESSAGES_A_PAGE < len(found.items)
        return Page[Message](items=items, has_more=more and number < MAX_PAGE)


def _request(cursor: str | None) -> PageRequest:
    return PageRequest(limit=MESSAGES_A_PAGE * _PAGES_A_READ, cursor=cursor)


def _preview(message: Message) -> str:
    line = clean_line(message.content)
    return line if len(line) <= PREVIEW_CHARACTERS else f"{line[:PREVIEW_CHARACTERS]}..."
