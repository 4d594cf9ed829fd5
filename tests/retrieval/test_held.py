"""An index in memory: what is told of it late, or breaks off, does no harm."""

import pytest

from smriti.db.table import Item, Table
from smriti.retrieval.documents import EVERYTHING
from smriti.retrieval.filling import Filler
from smriti.retrieval.held import Held
from smriti.retrieval.text import index_text
from tests.retrieval.library import Library, notes
from tests.retrieval.shelf import MODEL, ToyEmbedder, vector_of


@pytest.fixture
def held() -> Held:
    return Held(notes(), MODEL)


def found(held: Held, query: str) -> int:
    return held.rank(query, None, EVERYTHING, None).total


async def test_a_vector_of_what_a_document_said_before_is_not_taken(
    table: Table, held: Held
) -> None:
    library = Library(table, held.corpus)
    await library.fill(["coffee"])
    [before] = await library.items()
    made = await Filler(table, ToyEmbedder()).fill(held.corpus, [before])
    after: Item = {**before, "text": "tea"}
    held.absorb(iter([before]))
    held.absorb(iter([after]))

    held.set_vectors(made)
    assert held.lacking(9) == [before["sk"]]

    [document] = held.corpus.documents(after)
    vector = vector_of(index_text(document))
    held.absorb(iter([{**after, "vector": vector, "vector_model": MODEL}]))
    assert held.lacking(9) == []
