"""Archived passages, and what a caller may send to make or change one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from smriti.core.clock import EPOCH, Id, Moment, utc_now
from smriti.memory.models import VISIBLE, clean_text, full_line

MAX_CHARACTERS: Final = 100_000
"""At four bytes a character, a passage with its tags still fits an item of the table."""

MAX_TAGS: Final = 20
MAX_TAG_CHARACTERS: Final = 50
MAX_BATCH: Final = 1000
_EARLY: Final = timedelta(days=1)
"""What a caller's clock may be fast by, and the time zone that it leaves out."""


def _full_text(text: str) -> str:
    cleaned = clean_text(text)
    if not cleaned:
        raise ValueError("must not be empty")
    return cleaned


def _past(moment: datetime) -> datetime:
    """A time that the id of a passage can tell."""
    if not EPOCH <= moment <= utc_now() + _EARLY:
        raise ValueError("must lie between 1970-01-01 and now")
    return moment


Passage = Annotated[
    str, Field(max_length=MAX_CHARACTERS, pattern=VISIBLE), AfterValidator(_full_text)
]
Tag = Annotated[
    str, Field(max_length=MAX_TAG_CHARACTERS, pattern=VISIBLE), AfterValidator(full_line)
]
Author = Annotated[str, Field(max_length=200, pattern=VISIBLE), AfterValidator(full_line)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS)]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a passage comes from: nothing when a person wrote it.

    With `sequence`, its place in the conversation, it is something that was said there; else
    something that an agent noted meanwhile.
    """

    conversation_id: str | None = None
    turn_id: str | None = None
    author: str | None = None
    sequence: int | None = None


NO_ORIGIN: Final = Origin()


@dataclass(frozen=True, slots=True)
class Draft:
    """A passage that shall be stored; `created_at` is now when it is None."""

    content: str
    tags: tuple[str, ...] = ()
    origin: Origin = NO_ORIGIN
    created_at: datetime | None = None


class ArchivalMemory(BaseModel):
    """A passage kept for later, and the conversation and turn it came from."""

    memory_id: str
    content: str
    content_hash: str
    created_at: datetime
    updated_at: datetime | None = None
    author: str | None = Field(default=None, description="Who said it, when somebody did.")
    conversation_id: str | None = None
    sequence: int | None = Field(default=None, description="Its place in the conversation.")
    turn_id: str | None = None
    tags: list[str] = Field(default_factory=list)


class FoundMemory(ArchivalMemory):
    """A passage in a list or, with `score` and `highlights`, among what a search has found."""

    score: float | None = Field(
        default=None, description="Above 0, at most 1; null when nothing was searched for."
    )
    highlights: list[tuple[int, int]] = Field(
        default_factory=list,
        description="Where words of the query stand in `content`, in characters: from, and up to "
        "before. Of a long passage its beginning is looked at.",
    )


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


class ArchivalMemoryImport(BaseModel):
    """A passage from elsewhere."""

    content: Passage
    author: Author | None = Field(default=None, description="Who said it; is searched, too.")
    created_at: Annotated[Moment, AfterValidator(_past)] | None = Field(
        default=None,
        description="When it was said, to the millisecond; UTC unless it says otherwise. "
        "By default now. Is searched, too.",
    )
    conversation_id: Annotated[Id, Field(pattern=VISIBLE)] | None = Field(
        default=None, description="Of any conversation, here or elsewhere."
    )
    sequence: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = Field(
        default=None,
        description="Its place in the conversation: a search looks at its neighbours there.",
    )
    tags: Tags = Field(default_factory=list)

    def draft(self) -> Draft:
        origin = Origin(self.conversation_id, None, self.author, self.sequence)
        return Draft(self.content, tuple(self.tags), origin, self.created_at)


class ArchivalMemoryBatch(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "content": "I adopted a beagle, his name is Biscuit!",
                        "author": "Caroline",
                        "created_at": "2023-05-08T13:56:00Z",
                        "conversation_id": "session-1",
                        "sequence": 12,
                        "tags": ["pets"],
                    }
                ]
            }
        }
    )

    items: Annotated[list[ArchivalMemoryImport], Field(max_length=MAX_BATCH)]


class ImportedMemory(BaseModel):
    """Under which id an item of a batch is stored, and whether this batch did that."""

    memory_id: str
    created: bool


class ImportedBatch(BaseModel):
    """In the order of the batch."""

    items: list[ImportedMemory]
