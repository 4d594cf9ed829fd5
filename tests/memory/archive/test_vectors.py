"""Vectors of passages: whatever is edited meanwhile, a text never has the vector of another."""

import asyncio

from smriti.core.paging import PageRequest
from smriti.db.table import Query, Table
from smriti.memory.archive.items import archive_corpus
from smriti.memory.archive.models import ArchivalMemoryUpdate, Draft
from smriti.memory.archive.repository import ArchiveRepository
from smriti.memory.archive.service import ArchiveService
from smriti.memory.owners import MemoryOwnerRepository
from smriti.retrieval.item_vectors import vectors_of
from smriti.retrieval.text import index_text
from tests.memory.house import ADA
from tests.retrieval.library import open_indexes
from tests.retrieval.shelf import MODEL, ToyEmbedder, vector_of


async def test_an_edit_during_embedding_does_not_get_the_vector_of_what_was_there_before(
    table: Table,
) -> None:
    embedder, edited = ToyEmbedder(), asyncio.Event()
    indexes = open_indexes(table, embedder=embedder)
    archive = ArchiveService(ArchiveRepository(table), MemoryOwnerRepository(table), indexes)
    corpus = archive_corpus(ADA.agent_id, ADA.user_id)

    async def edit() -> None:
        [memory] = (await archive.page(ADA, PageRequest())).items
        await archive.edit(ADA, memory.memory_id, ArchivalMemoryUpdate(content="She drinks tea"))
        edited.set()

    embedder.meanwhile = edit
    await archive.insert(ADA, Draft("She drinks coffee"))
    await edited.wait()
    await indexes.close()  # lets the batch end

    [item] = (await table.query(Query(corpus.pk, begins=corpus.prefix))).items
    [document] = corpus.documents(item)
    assert document.text == "She drinks tea"
    assert vectors_of(item, 1, MODEL) == [vector_of(index_text(document))]
