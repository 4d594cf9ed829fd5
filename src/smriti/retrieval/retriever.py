"""The retrieval port: one complete, stable ranking of a corpus per query."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from smriti.db.table import Item, Key, Query


@dataclass(frozen=True, slots=True)
class Document:
    """One text of a corpus. Documents of one `thread`, in key order, are neighbours."""

    key: Key
    text: str
    created_at: datetime
    author: str = ""
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """The texts that one search ranks: a query of the table, and how to read its items."""

    query: Query
    document: Callable[[Item], Document]


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that matches, with its score: above 0, the best of a ranking has at most 1."""

    document: Document
    score: float


class Retriever(Protocol):
    async def rank(self, corpus: Corpus, query: str) -> Sequence[Hit]:
        """Every match, best first, then newest first: its pages neither overlap nor skip."""
        ...
