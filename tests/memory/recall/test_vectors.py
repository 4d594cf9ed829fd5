"""Vectors of exchanges: what a later attempt has put in their place gets its own."""

from smriti.core.clock import new_id
from smriti.db.table import Query, Table
from smriti.memory.recall.models import Exchange, Talk
from smriti.memory.recall.repository import RecallRepository, recall_corpus
from smriti.messages.models import Message
from smriti.retrieval.filling import Filler
from smriti.retrieval.item_vectors import vectors_of
from smriti.retrieval.text import index_text
from tests.retrieval.shelf import MODEL, ToyEmbedder, vector_of


async def test_what_is_replaced_during_embedding_does_not_get_the_vector_of_before(
    table: Table,
) -> None:
    recall, embedder = RecallRepository(table), ToyEmbedder()
    corpus = recall_corpus("agent", "ada@example.com")
    question = Message(conversation_id="c", role="user", content="Before")
    talk = Talk("agent", "ada@example.com", "Librarian", "Ada")
    exchange = Exchange.of(new_id(), question, None, talk)
    await recall.put(exchange, fence=1)
    after = exchange.model_copy(update={"question": "After"})
    embedder.meanwhile = lambda: recall.put(after, fence=2)
    query = Query(corpus.pk, begins=corpus.prefix)

    await Filler(table, embedder).fill(corpus, (await table.query(query)).items)

    [item] = (await table.query(query)).items
    [document] = corpus.documents(item)
    assert document.text == "After"
    assert vectors_of(item, 1, MODEL) == [vector_of(index_text(document))]
