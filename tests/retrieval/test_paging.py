"""Pages of a ranking, wherever they begin."""

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import get_ident

from smriti.core.paging import PageRequest
from smriti.retrieval.documents import Hit
from smriti.retrieval.paging import ranked_hits

HITS = [
    Hit(f"Note#{number}", 0, datetime(2026, 3, 1, tzinfo=UTC), None, 1.0) for number in range(5)
]


class Listed:
    """A ranking that knows which threads it was asked in."""

    total = len(HITS)
    relevance = 1.0

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def page(self, start: int, count: int) -> Sequence[Hit]:
        self.threads.add(get_ident())
        return HITS[start : start + count]

    def after(self, sk: str, part: int, otherwise: int) -> int:
        self.threads.add(get_ident())
        return next((n + 1 for n, hit in enumerate(HITS) if hit.sk == sk), otherwise)


async def test_pages_are_found_without_keeping_the_event_loop_waiting() -> None:
    found = Listed()

    first, more = await ranked_hits(found, PageRequest(limit=3))
    second, end = await ranked_hits(found, PageRequest(limit=3, cursor=more))

    assert ([*first, *second], end) == (HITS, None)
    assert get_ident() not in found.threads
