"""Notes that lack vectors, an index of them, and an embedder that does as it is told."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from smriti.core.clock import sort_time
from smriti.db.table import Item, Key, Query, Set, Table
from smriti.retrieval.backfill import Backfill
from smriti.retrieval.documents import Corpus, Document
from smriti.retrieval.embeddings.port import EmbeddingFailed, Vectors
from smriti.retrieval.filling import Made
from smriti.retrieval.index import Index
from smriti.retrieval.item_vectors import NO_VECTOR, vectors_of, with_vectors
from smriti.retrieval.text import index_text

DIMENSIONS: Final = 8
MODEL: Final = "toy/1"
_START: Final = datetime(2023, 5, 8, tzinfo=UTC)


def vector_of(text: str, model: str = MODEL) -> bytes:
    """What `ToyEmbedder` makes of a text, as it is stored."""
    return _vector(text, model).astype("<f2").tobytes()


def _vector(text: str, model: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(f"{model} {text}".encode()).digest()[:8])
    raw = np.random.default_rng(seed).standard_normal(DIMENSIONS)
    unit: Vectors = (raw / np.linalg.norm(raw)).astype(np.float32)
    return unit


class ToyEmbedder:
    """`failures` happen first, one a call. A call with a text that has one of the `poisons` in it
    fails always. `meanwhile` happens once, while a call is under way."""

    dimensions = DIMENSIONS

    def __init__(self, model: str = MODEL) -> None:
        self.model = model
        self.failures: list[Exception] = []
        self.poisons: set[str] = set()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.calls: list[list[str]] = []

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        self.calls.append(list(texts))
        if self.failures:
            raise self.failures.pop(0)
        if any(poison in text for text in texts for poison in self.poisons):
            raise EmbeddingFailed("It does not like that.")
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return np.stack([_vector(text, self.model) for text in texts])

    async def close(self) -> None:
        """Nothing is kept."""


def notes(pk: str) -> Corpus:
    return Corpus(pk, "Note#", "Notes", _documents, marker="version")


def _documents(item: Item) -> Sequence[Document]:
    """Each line of a note is a document."""
    return [
        Document(sk=str(item["sk"]), text=line, created_at=_START, part=part)
        for part, line in enumerate(str(item["text"]).split("\n"))
    ]


def shown(text: str) -> str:
    """What is embedded of a line."""
    return index_text(Document(sk="", text=text, created_at=_START))


class Shelf:
    """Notes in a table, and an index of them that may be in memory."""

    def __init__(self, table: Table, pk: str = "Shelf") -> None:
        self.table = table
        self.corpus = notes(pk)
        self.index: Index | None = None
        self._count = 0

    async def add(self, *texts: str) -> list[Key]:
        items: list[Item] = []
        for text in texts:
            self._count += 1
            sk = f"Note#{sort_time(_START + timedelta(seconds=self._count))}#{self._count}"
            items.append({"pk": self.corpus.pk, "sk": sk, "text": text, "version": 1})
        await self.table.bulk(puts=items)
        return [(self.corpus.pk, str(item["sk"])) for item in items]

    async def edit(self, key: Key, text: str) -> None:
        await self.table.update(key, Set("text", text), Set("version", 2), *NO_VECTOR)

    async def items(self) -> list[Item]:
        query = Query(self.corpus.pk, begins=self.corpus.prefix, limit=1_000)
        return (await self.table.query(query)).items

    async def build(self, model: str = MODEL) -> Index:
        """Take the notes into memory."""
        self.index = Index(model=model)
        for item in await self.items():
            for document in with_vectors(item, self.corpus.documents(item)):
                self.index.put(document)
        return self.index

    async def stored(self, model: str = MODEL) -> dict[str, list[bytes] | None]:
        """The vectors in the table by their note's text."""
        return {
            str(item["text"]): vectors_of(item, str(item["text"]).count("\n") + 1, model)
            for item in await self.items()
        }


class Shelves:
    """Holds the indexes of several shelves, as a process does."""

    def __init__(self, *shelves: Shelf) -> None:
        self._shelves = {shelf.corpus.pk: shelf for shelf in shelves}
        self.told: list[Made] = []

    async def lacking(self, corpus: Corpus, limit: int) -> Sequence[str] | None:
        index = self._shelves[corpus.pk].index
        return None if index is None else index.lacking(limit)

    async def set_vectors(self, corpus: Corpus, made: Sequence[Made]) -> None:
        self.told += made
        index = self._shelves[corpus.pk].index
        if index is not None:
            for each in made:
                index.set_vector(each.sk, each.part, each.vector)


class Work:
    """A backfill that only counts how long it rests; `on_rest` happens instead."""

    def __init__(self, embedder: ToyEmbedder, *shelves: Shelf, table: Table | None = None) -> None:
        self.holder = Shelves(*shelves)
        self.rests: list[float] = []
        self.on_rest: Callable[[], Awaitable[object]] = self._go_on
        self.backfill = Backfill(
            table or shelves[0].table,
            embedder,
            self.holder,
            sleep=self._rest,
            chance=lambda: 1.0,
        )
        self._corpora = [shelf.corpus for shelf in shelves]

    async def _rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        await self.on_rest()

    async def _go_on(self) -> None:
        await asyncio.sleep(0)

    async def do_until_it_rests(self) -> None:
        """And end there, as a process that dies."""
        resting = asyncio.Event()

        async def rest() -> None:
            resting.set()
            await asyncio.Event().wait()

        self.on_rest = rest
        for corpus in self._corpora:
            self.backfill.wanted(corpus)
        await resting.wait()
        await self.backfill.close()

    async def do(self) -> None:
        for corpus in self._corpora:
            self.backfill.wanted(corpus)
        await self.backfill.settle()
