"""Vectors as they stand on items."""

from datetime import UTC, datetime

import pytest

from smriti.db.table import Item
from smriti.retrieval.documents import Document
from smriti.retrieval.item_vectors import vectors_of, with_vectors

DOCUMENTS = [
    Document(sk="a", text=text, part=part, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    for part, text in enumerate(["one", "two"])
]


def test_each_document_gets_its_own_part_of_an_items_vectors() -> None:
    item: Item = {"vector": b"aabbccdd", "vector_model": "m"}

    found = [(each.vector, each.vector_model) for each in with_vectors(item, DOCUMENTS)]

    assert found == [(b"aabb", "m"), (b"ccdd", "m")]


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"vector": b"aabb"},
        {"vector_model": "m"},
        {"vector": b"", "vector_model": "m"},
        {"vector": "aabb", "vector_model": "m"},
        {"vector": b"aabbc", "vector_model": "m"},
        {"vector": b"aabbcc", "vector_model": "m"},
    ],
)
def test_what_is_no_vector_for_each_document_is_none(item: Item) -> None:
    assert vectors_of(item, 2, "m") is None
    assert with_vectors(item, DOCUMENTS) == DOCUMENTS


def test_vectors_of_another_model_do_not_count() -> None:
    assert vectors_of({"vector": b"aabb", "vector_model": "m"}, 1, "other") is None


def test_an_item_without_documents_has_no_vectors() -> None:
    assert list(with_vectors({"vector": b"aabb", "vector_model": "m"}, [])) == []
