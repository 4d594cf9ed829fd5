"""The tool that searches past conversations."""

import asyncio
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from smriti.memory.models import MemoryOwner, clean_line
from smriti.memory.recall.models import RecallHit
from smriti.memory.recall.service import RecallService
from smriti.retrieval.documents import Filter
from smriti.retrieval.excerpts import excerpt
from smriti.tools.native.dates import Day, first_moment, last_moment
from smriti.tools.native.function_tool import FunctionToolset
from smriti.tools.toolset import ToolFailed

RESULTS_A_PAGE: Final = 5
PREVIEW_CHARACTERS: Final = 200
_MAX_QUERY_CHARACTERS: Final = 1000


def _given(value: object) -> object:
    """Models like to fill in what they leave open."""
    return None if value == "" else value


class ConversationTools(FunctionToolset):
    """All conversations of one owner."""

    idempotent = frozenset({"conversation_search"})

    def __init__(self, recall: RecallService, owner: MemoryOwner) -> None:
        self._recall = recall
        self._owner = owner

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
        best = await asyncio.to_thread(found.page, first, RESULTS_A_PAGE)
        hits = await self._recall.show(self._owner, best, query)
        shown = [f"[{number}] {_found(hit)}" for number, hit in enumerate(hits, start=first + 1)]
        total = f"{found.total} total"
        head = f'Conversation Search for "{query}" (Page {page} of {pages}, {total}):'
        foot = [f"(Use page={page + 1} for more)"] if page < pages else []
        return "\n\n".join([head, "\n".join(shown), *foot])


def _filter(start: Day, end: Day, role: str | None) -> Filter:
    since, until = first_moment("start_date", start), last_moment("end_date", end)
    if since and until and until <= since:
        raise ToolFailed("Error: end_date is before start_date.")
    return Filter(since=since, until=until, any_of=frozenset({role} if role else ()))


def _found(hit: RecallHit) -> str:
    where = f'"{clean_line(hit.conversation_title)}"'
    text = clean_line(excerpt(hit.content, hit.highlights, PREVIEW_CHARACTERS))
    return f"({hit.created_at:%Y-%m-%d %H:%M}) {hit.role} in {where}: {text}"
