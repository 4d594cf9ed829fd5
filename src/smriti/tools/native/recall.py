"""The recall tools: what was said in past conversations, and before what the prompt shows."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from smriti.core.paging import Page, PageRequest
from smriti.memory.models import MemoryOwner, clean_line
from smriti.memory.recall.models import RecallHit
from smriti.memory.recall.service import RecallService
from smriti.messages.models import Message
from smriti.retrieval.documents import Filter
from smriti.retrieval.excerpts import excerpt
from smriti.tools.native.dates import Day, first_moment, last_moment
from smriti.tools.native.function_tool import FunctionToolset
from smriti.tools.toolset import ToolFailed

MESSAGES_A_PAGE: Final = 10
PREVIEW_CHARACTERS: Final = 200
MAX_PAGE: Final = 100
RESULTS_A_PAGE: Final = 5
_MAX_QUERY_CHARACTERS: Final = 1000
_PAGES_A_READ: Final = 10

type RecallSource = Callable[[PageRequest], Awaitable[Page[Message]]]
"""Messages of one conversation, newest first."""


def _given(value: object) -> object:
    """Models like to fill in what they leave open."""
    return None if value == "" else value


class RecallTools(FunctionToolset):
    """`source`: the conversation that goes on; `recall`: all of the owner's with the agent."""

    idempotent = frozenset({"recall_conversation", "conversation_search"})

    def __init__(self, source: RecallSource, recall: RecallService, owner: MemoryOwner) -> None:
        self._source = source
        self._recall = recall
        self._owner = owner

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

    async def conversation_search(
        self,
        query: Annotated[str, Field(description="Words that the messages contain.")],
        page: Annotated[int, Field(ge=1, description="Which page of the results, from 1.")] = 1,
        start_date: Annotated[Day, Field(description="Only from this day on: YYYY-MM-DD.")] = None,
        end_date: Annotated[Day, Field(description="Only up to this day: YYYY-MM-DD.")] = None,
        role: Annotated[
            Literal["user", "assistant"] | None,
            BeforeValidator(_given),
            Field(description="Only what the user, or what you, have said."),
        ] = None,
    ) -> str:
        """Search all conversations with this person, this one and earlier ones, for what was said.
        Answers the messages that match best, five a page, with date, speaker, conversation and
        the part that matches."""
        query = clean_line(query)[:_MAX_QUERY_CHARACTERS]
        where = _filter(start_date, end_date, role)
        found = await self._recall.search(self._owner, query, where=where)
        if not found.total:
            return f'No messages found for "{query}"'
        pages = -(-found.total // RESULTS_A_PAGE)
        if page > pages:
            raise ToolFailed(f'Error: There is no page {page} for "{query}"; the last is {pages}.')
        first = (page - 1) * RESULTS_A_PAGE
        hits = await self._recall.show(self._owner, found.page(first, RESULTS_A_PAGE), query)
        shown = [f"[{number}] {_found(hit)}" for number, hit in enumerate(hits, start=first + 1)]
        total = f"{found.total} total"
        head = f'Conversation Search for "{query}" (Page {page} of {pages}, {total}):'
        foot = [f"(Use page={page + 1} for more)"] if page < pages else []
        return "\n\n".join([head, "\n".join(shown), *foot])

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


def _filter(start: Day, end: Day, role: str | None) -> Filter:
    since, until = first_moment("start_date", start), last_moment("end_date", end)
    if since and until and until <= since:
        raise ToolFailed("Error: end_date is before start_date.")
    return Filter(since=since, until=until, any_of=frozenset({role} if role else ()))


def _found(hit: RecallHit) -> str:
    where = f'"{clean_line(hit.conversation_title)}"'
    text = clean_line(excerpt(hit.content, hit.highlights, PREVIEW_CHARACTERS))
    return f"({hit.created_at:%Y-%m-%d %H:%M}) {hit.role} in {where}: {text}"
