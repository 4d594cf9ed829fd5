"""Pages of a ranking: they neither overlap nor skip, whatever is deleted in between."""

import asyncio
import base64
import binascii
import json
from collections.abc import Sequence
from typing import Final

from smriti.core.paging import InvalidCursor, PageRequest
from smriti.retrieval.documents import Hit
from smriti.retrieval.port import Found

_FURTHEST: Final = 2**31


async def ranked_hits(found: Found, page: PageRequest) -> tuple[Sequence[Hit], str | None]:
    """The hits of one page, and the cursor of the next one, None on the last. `InvalidCursor`."""
    return await asyncio.to_thread(_ranked_hits, found, page)  # far behind, it takes long


def _ranked_hits(found: Found, page: PageRequest) -> tuple[Sequence[Hit], str | None]:
    start = _after(found, page.cursor)
    hits = found.page(start, page.limit)
    end = start + len(hits)
    return hits, _cursor(end, hits[-1]) if hits and end < found.total else None


def _cursor(position: int, last: Hit) -> str:
    """Where a page of a ranking ended: the document, and its place should that be gone later."""
    text = json.dumps([position, last.sk, last.part])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(found: Found, cursor: str | None) -> int:
    """The place in the ranking at which to go on; `InvalidCursor`."""
    if cursor is None:
        return 0
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place, sk, part = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise InvalidCursor from error
    sound = type(place) is int and isinstance(sk, str) and type(part) is int
    if not (sound and 0 < place < _FURTHEST):
        raise InvalidCursor
    return found.after(sk, part, place - 1)
