"""What is searched: texts, the corpus that they are in, and what a search may leave out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from smriti.db.table import Item, Key

type Kernel = tuple[float, ...]
"""How much a text that matches lifts its neighbours: the nearest on both sides first."""

MESSAGES: Final[Kernel] = (0.3, 0.3, 0.15, 0.15)
"""For what was said, and for the parts of one text: `specs/retrieval.md`, *Neighbours*."""

FACTS: Final[Kernel] = (0.2, 0.1)
"""For facts that an agent wrote in one conversation; the same source."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text of an item. `part`: which of them, when the item has several.

    Documents of one `thread` and one `kernel` are neighbours in the order of their `place`; without
    a thread there are none. `labels` are what a search may ask for. `vector`: fp16, of unit length,
    made by `vector_model`; None while there is none.
    """

    sk: str
    text: str
    created_at: datetime
    part: int = 0
    author: str = ""
    thread: str | None = None
    place: int = 0
    kernel: Kernel = FACTS
    labels: frozenset[str] = frozenset()
    vector: bytes | None = None
    vector_model: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where the documents of one index are: the items of a partition whose keys begin alike.

    After the prefix the keys go on with a time of fixed width, as `sort_time` writes it. Whatever
    becomes visible otherwise than at the end (edits, deletions, items of an earlier time) is told
    by `changes.changed`, in the same transaction where that can be. `counted`: so is every insert,
    by `changes.inserted`; then a search that finds nothing new reads a single item.
    `marker`: an attribute that differs whenever what an item says does; None where that never
    changes.
    """

    pk: str
    prefix: str
    name: str
    documents: Callable[[Item], Sequence[Document]]
    counted: bool = False
    marker: str | None = None

    @property
    def state_key(self) -> Key:
        """The item that counts `inserts` and `changes`."""
        return self.pk, f"{self.name}State"

    @property
    def changes_prefix(self) -> str:
        """Of the items that tell which keys were changed."""
        return f"{self.name}Change#"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents are wanted: made from `since` on, before `until`, with these labels."""

    since: datetime | None = None
    until: datetime | None = None
    any_of: frozenset[str] = frozenset()
    all_of: frozenset[str] = frozenset()


EVERYTHING: Final = Filter()


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that matches. `score` is above 0, at most 1, and comparable between corpora."""

    sk: str
    part: int
    created_at: datetime
    thread: str | None
    score: float
