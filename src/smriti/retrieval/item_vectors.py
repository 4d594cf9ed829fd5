"""Vectors as they stand on the items of a table: of all documents of an item, one after another."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from smriti.db.table import Change, Item, Remove, Set
from smriti.retrieval.documents import Document

_VECTOR: Final = "vector"
_MODEL: Final = "vector_model"
_BYTES: Final = 2
"""Of a number: they are fp16."""

NO_VECTOR: Final[tuple[Change, ...]] = (Remove(_VECTOR), Remove(_MODEL))
"""Belongs to every change of what an item says."""


def with_vectors(item: Item, documents: Sequence[Document]) -> Sequence[Document]:
    """The documents of the item, each with its own part of the item's vectors."""
    model = item.get(_MODEL)
    vectors = vectors_of(item, len(documents), model) if isinstance(model, str) else None
    if vectors is None:
        return documents
    return [
        replace(document, vector=vector, vector_model=str(model))
        for document, vector in zip(documents, vectors, strict=True)
    ]


def vectors_of(item: Item, count: int, model: str) -> list[bytes] | None:
    """The vectors of its `count` documents; None unless `model` has made one for each."""
    stored = item.get(_VECTOR)
    if item.get(_MODEL) != model or not isinstance(stored, bytes) or not stored or not count:
        return None
    size, rest = divmod(len(stored), count)
    if rest or size % _BYTES:
        return None
    return [stored[start : start + size] for start in range(0, len(stored), size)]


def stored_vectors(model: str, vectors: Sequence[bytes]) -> tuple[Change, ...]:
    return Set(_VECTOR, b"".join(vectors)), Set(_MODEL, model)
