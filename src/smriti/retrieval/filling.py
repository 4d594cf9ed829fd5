"""Gives vectors to items that have none, whatever the model and other writers do meanwhile."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Final

import structlog

from smriti.db.table import (
    EXISTS,
    Absent,
    Condition,
    ConditionFailed,
    Item,
    ItemTooLarge,
    Table,
    eq,
    key_of,
)
from smriti.retrieval.documents import Corpus, Document
from smriti.retrieval.embeddings.port import Embedder, EmbeddingFailed
from smriti.retrieval.item_vectors import stored_vectors, vectors_of
from smriti.retrieval.rows import digest_of
from smriti.retrieval.text import index_text

REFUSED_S: Final = 3600.0
"""For so long nothing is tried again with an item that cannot get a vector."""

MAX_REFUSED: Final = 10_000
LOOKS: Final = 4
"""How often an item is looked at again that somebody changes all the while."""

_WRITES: Final = 16
_HARMLESS: Final = "A harmless text."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Made:
    """The vector, fp16 and of unit length, of a document as it was when `digest` was taken."""

    sk: str
    part: int
    digest: int
    vector: bytes


@dataclass(frozen=True, slots=True)
class _Lacking:
    item: Item
    documents: Sequence[Document]


class Filler:
    def __init__(
        self, table: Table, embedder: Embedder, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._table = table
        self._embedder = embedder
        self._clock = clock
        self._refused: OrderedDict[tuple[str, str], float] = OrderedDict()

    def may_have(self, corpus: Corpus, sk: str) -> bool:
        """False while it is known that the item under this key cannot get a vector."""
        until = self._refused.get((corpus.pk, sk))
        return until is None or self._clock() > until

    def lacks(self, corpus: Corpus, item: Item) -> bool:
        documents = corpus.documents(item)
        model = self._embedder.model
        return bool(documents) and vectors_of(item, len(documents), model) is None

    async def fill(self, corpus: Corpus, items: Sequence[Item]) -> list[Made]:
        """The vectors of these items, as they stand in the table now; those that were lacking are
        made. `EmbeddingFailed` when the model does not work at all, `TableError`."""
        made: list[Made] = []
        for _ in range(LOOKS):
            lacking = []
            for item in items:
                documents = corpus.documents(item)
                vectors = vectors_of(item, len(documents), self._embedder.model)
                if vectors is not None:
                    made += map(_made, documents, vectors)
                elif documents:
                    lacking.append(_Lacking(item, documents))
            if not lacking:
                break
            items = await self._written(corpus, await self._embedded(corpus, lacking))
        return made

    async def _embedded(
        self, corpus: Corpus, lacking: Sequence[_Lacking]
    ) -> list[tuple[Item, list[bytes]]]:
        """Whatever fails is asked in halves, as long as the model works otherwise, until it is
        known which item is to blame."""
        texts = [index_text(document) for each in lacking for document in each.documents]
        try:
            rows = iter(await self._embedder.embed(texts))
        except EmbeddingFailed as failure:
            await self._embedder.embed([_HARMLESS])
            if len(lacking) == 1:
                self._refuse(corpus, lacking[0].item, failure)
                return []
            middle = len(lacking) // 2
            first = await self._embedded(corpus, lacking[:middle])
            return first + await self._embedded(corpus, lacking[middle:])
        return [
            (each.item, [next(rows).astype("<f2").tobytes() for _ in each.documents])
            for each in lacking
        ]

    async def _written(
        self, corpus: Corpus, embedded: Sequence[tuple[Item, list[bytes]]]
    ) -> list[Item]:
        """The items as they are now: with these vectors, or changed by somebody else."""
        items: list[Item] = []
        for some in batched(embedded, _WRITES, strict=False):
            writes = (self._write(corpus, item, vectors) for item, vectors in some)
            for outcome in await asyncio.gather(*writes, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
                if outcome is not None:
                    items.append(outcome)
        return items

    async def _write(self, corpus: Corpus, item: Item, vectors: Sequence[bytes]) -> Item | None:
        try:
            return await self._table.update(
                key_of(item),
                *stored_vectors(self._embedder.model, vectors),
                when=_unchanged(item, corpus.marker),
            )
        except ConditionFailed as changed:
            return changed.old
        except ItemTooLarge as failure:
            self._refuse(corpus, item, failure)
            return None

    def _refuse(self, corpus: Corpus, item: Item, why: Exception) -> None:
        sk = str(item["sk"])
        log.warning("embedding.refused", sk=sk, error=str(why))
        self._refused[corpus.pk, sk] = self._clock() + REFUSED_S
        if len(self._refused) > MAX_REFUSED:
            self._refused.popitem(last=False)


def _made(document: Document, vector: bytes) -> Made:
    return Made(document.sk, document.part, digest_of(document), vector)


def _unchanged(item: Item, marker: str | None) -> Condition:
    if marker is None:
        return EXISTS
    return EXISTS & (eq(marker, item[marker]) if marker in item else Absent(marker))
