"""Whose memory it is, and what a text of it must be like."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field

VISIBLE: Final = r"[^\s\x00-\x1f\x7f-\x9f]"
"""The pattern of a text in which there is something to see."""

_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and halves of characters: Unicode's categories Cc and Cs."""


@dataclass(frozen=True, slots=True)
class MemoryOwner:
    """Whose memory: one agent's of one user. `since` is the age of the blocks everybody has."""

    agent_id: str
    user_id: str
    since: datetime


def clean_text(text: str) -> str:
    """`text` without outer blanks, and without halves of characters, which cannot be stored."""
    return text.encode("utf-8", "ignore").decode().strip()


def clean_line(text: str) -> str:
    """`text` as one line: line breaks and tabs become blanks, control characters go."""
    parts = (part.strip() for part in text.replace("\t", " ").splitlines())
    folded = " ".join(part for part in parts if part)
    return _UNSEEN.sub("", folded).strip()


def full_line(text: str) -> str:
    """`text` as one line in which there is something to see. `ValueError`."""
    line = clean_line(text)
    if not line:
        raise ValueError("a line must not be empty")
    return line


Line = Annotated[str, Field(pattern=VISIBLE), AfterValidator(full_line)]
