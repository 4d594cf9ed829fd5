"""What is shown of a long text that was found: the part around the first match."""

from collections.abc import Sequence
from typing import Final

_BEFORE: Final = 4
"""A quarter of what is shown stands before the first match."""


def excerpt(text: str, found: Sequence[tuple[int, int]], characters: int) -> str:
    """At most so many characters of `text`, and signs where it goes on. `found`: the matches."""
    if len(text) <= characters:
        return text
    first = found[0][0] if found else 0
    start = min(max(0, first - characters // _BEFORE), len(text) - characters)
    end = start + characters
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
