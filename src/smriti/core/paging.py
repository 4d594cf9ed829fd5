"""Cursor pages: the one list shape of the contract."""

from typing import Annotated, Self

from pydantic import BaseModel, Field

from smriti.core.errors import BadRequest


class InvalidCursor(BadRequest):
    slug = "invalid-cursor"

    def __init__(self) -> None:
        super().__init__("The cursor is not one that this list gave out. Start without a cursor.")


class PageRequest(BaseModel):
    """How much of a list is wanted, from where. A cursor is opaque; None is the beginning."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=4096)] | None = None


class Page[T](BaseModel):
    """One page: its items, and the cursor of the next one (None on the last)."""

    items: list[T]
    next_cursor: str | None = None
    has_more: bool = False
    total_count: None = Field(
        default=None, description="Always null; counting would read the whole list."
    )

    @classmethod
    def of(cls, items: list[T], next_cursor: str | None) -> Self:
        return cls(items=items, next_cursor=next_cursor, has_more=next_cursor is not None)
