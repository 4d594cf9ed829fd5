"""One index in memory, shared by the threads that fill it and rank with it."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from smriti.db.table import Item
from smriti.retrieval.documents import Corpus, Document, Filter
from smriti.retrieval.filling import Made
from smriti.retrieval.index import Index
from smriti.retrieval.item_vectors import with_vectors
from smriti.retrieval.place import Place
from smriti.retrieval.ranking import Ranking

SLICE_S: Final = 0.02
"""How long the index is filled at a time: whoever wants to rank waits no longer."""

OVERHEAD_BYTES: Final = 10_000
"""What a held index takes beside its documents."""

log = structlog.get_logger()


class Held:
    """The index of a corpus. `place`: how far it has followed it; None before it was built.
    `moved_at`: when it last read what may have been seen in part; None when that is settled.

    `changes`: how many documents were ever put, replaced or dropped. `unsaved`: the same, and what
    got a vector, since it was written to disk. `broken`: a change of it broke off, and it must be
    built anew. `forgotten`: all of the corpus was deleted. The methods block; they belong into
    threads.
    """

    def __init__(self, corpus: Corpus, model: str) -> None:
        self.corpus = corpus
        self.index = Index(model=model)
        self.place: Place | None = None
        self.moved_at: datetime | None = None
        self.bytes = OVERHEAD_BYTES
        self.changes = 0
        self.unsaved = 0
        self.saving = False
        self.broken = False
        self.forgotten = False
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.index)

    def restore(self, index: Index, place: Place) -> None:
        """Begin with what a snapshot held."""
        with self._lock:
            self.index, self.place = index, place
            self._weigh()

    def renew(self) -> None:
        """Begin with nothing."""
        with self._lock:
            self.index, self.place, self.broken = Index(model=self.index.model), None, False
            self._weigh()

    def absorb(self, items: Iterator[Item]) -> bool:
        """Take items in, for a short while; whether there was time for all."""
        until = time.perf_counter() + SLICE_S
        with self._changing():
            for item in items:
                self._hold(str(item["sk"]), item)
                if time.perf_counter() > until:
                    return False
            return True

    def correct(self, found: Mapping[str, Item | None]) -> None:
        """Take in what stands under these sort keys now; None: nothing."""
        with self._changing():
            for sk, item in found.items():
                self._hold(sk, item)

    def keep_only(self, keys: Collection[str]) -> None:
        """Drop the items whose sort keys are not among these."""
        with self._changing():
            for sk in set(self.index.keys()).difference(keys):
                self._count(self.index.remove(sk))

    def rank(
        self, query: str, vector: NDArray[np.float32] | None, where: Filter, most_terms: int | None
    ) -> Ranking:
        with self._lock:
            return self.index.rank(query, vector, where=where, most_terms=most_terms)

    def lacking(self, limit: int) -> list[str]:
        """Sort keys of items, at most so many, of which a document has no vector."""
        with self._lock:
            return self.index.lacking(limit)

    def set_vectors(self, made: Sequence[Made]) -> None:
        """Take vectors of documents; those of others, or of what they said before, are nothing."""
        with self._changing():
            for each in made:
                if self.index.digest(each.sk, each.part) == each.digest:
                    self.unsaved += self.index.set_vector(each.sk, each.part, each.vector)

    def compact(self) -> None:
        """Keep no word of what was dropped."""
        with self._changing():
            self.index.compact()

    def with_index(self, use: Callable[[Index], object]) -> bool:
        """Use the index while nobody changes it; False when it is broken."""
        with self._lock:
            if not self.broken:
                use(self.index)
            return not self.broken

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """What breaks off may have changed half of something."""
        with self._lock:
            try:
                yield
            except BaseException:
                self.broken = True
                raise
            finally:
                self._weigh()

    def _hold(self, sk: str, item: Item | None) -> None:
        documents = [] if item is None else self._documents(sk, item)
        parts = self.index.rows.columns["part"]
        if {parts[row] for row in self.index.rows.of(sk)} - {each.part for each in documents}:
            self._count(self.index.remove(sk))
        self._count(sum(self.index.put(document) for document in documents))

    def _documents(self, sk: str, item: Item) -> Sequence[Document]:
        """None of an item that is unlike all that this program writes: it hides no others."""
        try:
            return with_vectors(item, self.corpus.documents(item))
        except (KeyError, TypeError, ValueError) as error:
            log.warning("index.item_unreadable", sk=sk, error=type(error).__name__)
            return []

    def _count(self, changes: int) -> None:
        self.changes += changes
        self.unsaved += changes

    def _weigh(self) -> None:
        self.bytes = OVERHEAD_BYTES + self.index.bytes
