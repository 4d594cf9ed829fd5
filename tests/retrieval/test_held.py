"""An index in memory: what is told of it late, or breaks off, does no harm."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smriti.db.table import Item, Table
from smriti.retrieval.documents import EVERYTHING
from smriti.retrieval.filling import Filler
from smriti.retrieval.following import Follower
from smriti.retrieval.held import Held
from smriti.retrieval.snapshots import Snapshots
from smriti.retrieval.text import index_text
from tests.retrieval.library import Library, notes
from tests.retrieval.shelf import MODEL, ToyEmbedder, vector_of


@pytest.fixture
def held() -> Held:
    return Held(notes(), MODEL)


def files(directory: Path) -> set[Path]:
    return set(directory.iterdir())


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


async def test_an_index_is_built_anew_after_a_change_of_it_broke_off(
    library: Library, tmp_path: Path
) -> None:
    held = Held(library.corpus, "")
    snapshots = Snapshots(tmp_path, most_bytes=2**20, store="sqlite", min_documents=1)
    with ThreadPoolExecutor(1) as pool:
        follower = Follower(library.table, pool)
        await library.add("coffee one")
        await follower.follow(held)
        await library.add("coffee two")
        watched = held.index.rows.view("alive")  # no row can be added while somebody holds it
        with pytest.raises(BufferError):
            await follower.follow(held)
        del watched
        snapshots.save(held)
        assert files(tmp_path) == set()

        await library.add("coffee three")
        assert await follower.follow(held)

    assert found(held, "coffee") == 3
