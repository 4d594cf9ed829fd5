"""A corpus of notes, whoever writes into it, and what an index built at once would find."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from smriti.core.clock import new_id, sort_time, utc_now
from smriti.db.table import Action, Delete, Get, Item, Put, Query, Set, Table, Update, key_of
from smriti.observability.metrics import Metrics
from smriti.retrieval.changes import changed, inserted
from smriti.retrieval.documents import Corpus, Document, Hit
from smriti.retrieval.embeddings.port import Embedder
from smriti.retrieval.index import Index
from smriti.retrieval.indexes import Indexes
from smriti.retrieval.item_vectors import NO_VECTOR
from smriti.retrieval.port import Found, Retriever
from smriti.retrieval.snapshots import Snapshots

LONG_AGO: Final = datetime(2020, 5, 8, tzinfo=UTC)
_MEGABYTE: Final = 1024 * 1024


def notes(pk: str = "Library", *, counted: bool = False) -> Corpus:
    return Corpus(pk, "Note#", "Notes", _documents, counted, marker="text")


def _documents(item: Item) -> Sequence[Document]:
    """Each line of a note is a document."""
    return [
        Document(
            sk=str(item["sk"]),
            text=line,
            created_at=datetime.fromisoformat(str(item["created_at"])),
            part=part,
            thread=str(item["thread"]) if "thread" in item else None,
        )
        for part, line in enumerate(str(item["text"]).split("\n"))
    ]


class Library:
    """Writes into a corpus as its owner does: whatever is not at the end is told."""

    def __init__(self, table: Table, corpus: Corpus) -> None:
        self.table = table
        self.corpus = corpus

    async def add(self, text: str, **values: str) -> str:
        """A note at the end; its sort key."""
        item = self.item(text, utc_now(), **values)
        counting = [inserted(self.corpus)] if self.corpus.counted else []
        await self.table.write(Put(item), *counting)
        return str(item["sk"])

    async def add_earlier(self, text: str, days: int = 0) -> str:
        """A note of long ago."""
        item = self.item(text, LONG_AGO + timedelta(days=days))
        await self.table.write(Put(item), *changed(self.corpus, [str(item["sk"])]))
        return str(item["sk"])

    async def fill(self, texts: Sequence[str]) -> None:
        """Notes of long ago that nobody is told of: for what is there before the first search."""
        puts = [self.item(text, LONG_AGO) for text in texts]
        await self.table.bulk(puts=puts)

    async def edit(self, sk: str, text: str) -> None:
        await self.table.write(*self._edit(sk, text), *changed(self.corpus, [sk]))

    async def edit_silently(self, sk: str, text: str) -> None:
        """As an older server does: counted, but not told."""
        counting, _ = changed(self.corpus, [sk])
        await self.table.write(*self._edit(sk, text), counting)

    async def delete(self, *sks: str) -> None:
        deletes = [Delete((self.corpus.pk, sk)) for sk in sks]
        await self.table.write(*deletes, *changed(self.corpus, sks))

    async def delete_all(self) -> None:
        """The whole partition."""
        while items := (await self.table.query(Query(self.corpus.pk, limit=1000))).items:
            await self.table.bulk(deletes=[key_of(item) for item in items])

    async def items(self) -> list[Item]:
        query = Query(self.corpus.pk, begins=self.corpus.prefix, limit=100_000)
        page = await self.table.query(query)
        assert page.next is None
        return page.items

    def item(self, text: str, at: datetime, **values: str) -> Item:
        return {
            "pk": self.corpus.pk,
            "sk": f"{self.corpus.prefix}{sort_time(at)}#{new_id()}",
            "text": text,
            "created_at": sort_time(at),
            **values,
        }

    def _edit(self, sk: str, text: str) -> list[Action]:
        return [Update((self.corpus.pk, sk), (Set("text", text), *NO_VECTOR))]

    async def expected(self, query: str) -> list[Hit]:
        """What an index finds that is built now, at once, from the table."""
        index = Index()
        for item in await self.items():
            for document in self.corpus.documents(item):
                index.put(document)
        return hits(index.rank(query))

    async def found(self, retriever: Retriever, query: str) -> list[str]:
        """The texts of the notes found, best first."""
        found = await retriever.search(self.corpus, query)
        items = await self.table.read(*(Get((self.corpus.pk, hit.sk)) for hit in hits(found)))
        return [str(item["text"]) for item in items if isinstance(item, dict)]


def hits(found: Found) -> list[Hit]:
    return list(found.page(0, found.total))


def open_indexes(
    table: Table,
    *,
    budget_bytes: int = 64 * _MEGABYTE,
    snapshots: Snapshots | None = None,
    embedder: Embedder | None = None,
    settle_s: float = 0,
) -> Indexes:
    return Indexes(
        table,
        budget_bytes=budget_bytes,
        metrics=Metrics(),
        snapshots=snapshots,
        embedder=embedder,
        settle_s=settle_s,
    )
