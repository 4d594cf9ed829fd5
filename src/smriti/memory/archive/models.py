"""Archived passages, and what a caller may send to make or change one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from smriti.memory.models import VISIBLE, Line, clean_text

MAX_CHARACTERS: Final = 100_000
"""At four bytes a character, a passage with its tags still fits an item of the table."""


def _full_text(text: str) -> str:
    cleaned = clean_text(text)
    if not cleaned:
        raise ValueError("must not be empty")
    return cleaned


Passage = Annotated[
    str, Field(max_length=MAX_CHARACTERS, pattern=VISIBLE), AfterValidator(_full_text)
]
Tags = Annotated[list[Annotated[Line, Field(max_length=50)]], Field(max_length=20)]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a passage comes from; nothing when a person wrote it."""

    conversation_id: str | None = None
    turn_id: str | None = None


NO_ORIGIN: Final = Origin()


class ArchivalMemory(BaseModel):
    """A passage kept for later, and the conversation and turn it came from."""

    memory_id: str
    content: str
    content_hash: str
    created_at: datetime
    updated_at: datetime | None = None
    conversation_id: str | None = None
    turn_id: str | None = None
    tags: list[str] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Inserted:
    """What an insert ended in: the passage that has this text, and whether it is a new one."""

    memory: ArchivalMemory
    created: bool


class ArchivalMemoryCreate(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"content": "Prefers dark roast coffee", "tags": ["food"]}}
    )

    content: Passage
    tags: Tags = Field(default_factory=list)


class ArchivalMemoryUpdate(BaseModel):
    """What is absent or null stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": {"content": "Prefers light roast"}})

    content: Passage | None = None
    tags: Tags | None = None
