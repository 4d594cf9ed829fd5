"""The index of one corpus in memory: BM25 on two fields, vectors, and neighbours."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.documents import EVERYTHING, Document, Filter
from smriti.retrieval.fusion import (
    NEAREST,
    Near,
    Scores,
    Vector,
    dense_scores,
    fit_of,
    fuse,
    smooth,
)
from smriti.retrieval.lexical import Lexical
from smriti.retrieval.ranking import Ranking
from smriti.retrieval.rows import Rows, digest_of, microseconds
from smriti.retrieval.text import rows_of

if TYPE_CHECKING:  # faiss takes long to import: only an index that has vectors does it
    from smriti.retrieval.vectors import Vectors

MOST_TERMS: Final = 64
"""Words of a query that count: the rarest."""

_DEAD_SHARE: Final = 5
"""When a fifth of the rows is dead, the others close ranks. *Lexical score*."""

FEW_DEAD: Final = 64
"""So many rows may be dead in any case."""

_ROW_BYTES: Final = 240
_THREAD_BYTES: Final = 500
_LABEL_BYTES: Final = 230
"""Of each label of each set that differs."""

type Fp16 = bytes


class Index:
    """Documents by key and part, found by what they say. Not for two threads at a time.

    `model`: whose vectors count; without one there are none.
    """

    def __init__(self, *, model: str = "", few_dead: int = FEW_DEAD) -> None:
        self.model = model
        self._few_dead = few_dead
        self.rows = Rows()
        self.lexical = Lexical()
        self.vectors: Vectors | None = None

    def __len__(self) -> int:
        """Documents."""
        return self.rows.documents

    def __contains__(self, sk: str) -> bool:
        return sk in self.rows.heads

    def keys(self) -> Iterable[str]:
        return self.rows.heads.keys()

    @property
    def bytes(self) -> int:
        """What it takes in memory, nearly."""
        lexical = self.lexical.bytes
        vectors = len(self.vectors) * (17 * self.vectors.dimensions // 8) if self.vectors else 0
        threads = _THREAD_BYTES * len(self.rows.orders)
        labels = _LABEL_BYTES * sum(map(len, self.rows.labels.values))
        return lexical + vectors + threads + labels + _ROW_BYTES * len(self.rows)

    def put(self, document: Document) -> bool:
        """Takes the document in, or in place of its older self; False when there is no change."""
        digest = digest_of(document)
        held = self._document(document.sk, document.part)
        if held and self.rows.columns["digest"][held[0]] == digest:
            return self._put_vector(held[0], document)
        if held:
            self._drop(held)
        texts = rows_of(document)
        first = self.rows.append(document, digest, len(texts))
        for words in texts:
            self.lexical.append(words)
        self._put_vector(first, document)
        self._tidy()
        return True

    def remove(self, sk: str) -> bool:
        """Forgets all documents of the item; False when there is none."""
        held = list(self.rows.of(sk))
        first = self.rows.columns["first"]
        for document in {first[row] for row in held}:
            self._drop([row for row in held if first[row] == document])
        self._tidy()
        return bool(held)

    def lacking(self, limit: int) -> list[str]:
        """Keys of items, at most so many, of which a document has no vector."""
        if not self.model:
            return []
        lacking = self.rows.view("alive") > 0
        lacking[np.frombuffer(self.rows.continued, np.uint32)] = False
        if self.vectors is not None:
            lacking[np.frombuffer(self.vectors.rows, np.int32)] = False
        sks = (self.rows.sks[row] for row in np.flatnonzero(lacking).tolist())
        found: dict[str, None] = {}
        for sk in sks:
            if len(found) >= limit:
                break
            found[sk] = None
        return list(found)

    def digest(self, sk: str, part: int) -> int | None:
        """That of the document as it is held; None when it is not there."""
        held = self._document(sk, part)
        return self.rows.columns["digest"][held[0]] if held else None

    def set_vector(self, sk: str, part: int, vector: Fp16) -> bool:
        """Takes the fp16 vector, of unit length, that `model` made of a document.

        False when the document is not there, or the vector is none: not finite, not of unit
        length, or not of the others' dimensions.
        """
        held = self._document(sk, part)
        return bool(held) and self._take_vector(held[0], vector)

    def restore_vectors(
        self, dimensions: int, arrays: Mapping[str, NDArray[Any]], centred_at: int
    ) -> None:
        """Takes what `Vectors.arrays` gave."""
        from smriti.retrieval.vectors import Vectors

        self.vectors = Vectors(dimensions)
        self.vectors.restore(arrays, centred_at)

    def rank(
        self,
        query: str,
        vector: Vector | None = None,
        *,
        where: Filter = EVERYTHING,
        most_terms: int | None = None,
    ) -> Ranking:
        """Every document that matches. `vector`: the query's, of `model`, of unit length."""
        rows = self.rows
        alive = rows.view("alive") > 0 if rows.dead else None
        limit = MOST_TERMS if most_terms is None else most_terms
        scores, bound = self.lexical.scores(query, limit, alive, len(rows) - rows.dead)
        if alive is not None:
            scores[:-1] *= alive
        near = self._near(vector)
        wanted = self._wanted(where)
        fit = fit_of(float(scores.max()), bound, near)
        fit_wanted = fit
        if wanted is not None:
            lexical = float(scores[:-1].max(where=wanted, initial=0))
            fit_wanted = fit_of(lexical, bound, near and near.only(wanted))
        fuse(scores, near, rows.view("first"))
        links = rows.view("before"), rows.view("after")
        smooth(scores, *links, rows.kernels.values, rows.view("kernel"))
        self._one_each(scores)
        best = float(scores.max())
        if wanted is not None:
            scores[:-1] *= wanted
        # What is wanted may match by itself not at all, but be lifted by what is not wanted.
        return Ranking(fit_wanted or fit * float(scores.max()) / (best or 1), scores[:-1], rows)

    def _near(self, vector: Vector | None) -> Near | None:
        if vector is None or not self.vectors or vector.shape != (self.vectors.dimensions,):
            return None
        if not np.isfinite(vector).all():
            return None
        query = np.ascontiguousarray(vector, np.float32)
        cosines, rows = self.vectors.search(query, NEAREST)
        return Near(cosines, rows, dense_scores(cosines, self.vectors.usual(query)))

    def _one_each(self, scores: Scores) -> None:
        """Leaves of the rows of each document only the best score, at the first row."""
        continued = np.frombuffer(self.rows.continued, np.uint32)
        np.maximum.at(scores, self.rows.view("first")[continued], scores[continued])
        scores[continued] = 0

    def _wanted(self, where: Filter) -> NDArray[np.bool] | None:
        if where == EVERYTHING:
            return None
        rows = self.rows
        created = rows.view("created")
        wanted = np.ones(len(rows), np.bool)
        if where.since is not None:
            wanted &= created >= microseconds(where.since)
        if where.until is not None:
            wanted &= created < microseconds(where.until)
        if where.any_of or where.all_of:
            fitting = [
                where.all_of <= labels and (not where.any_of or bool(where.any_of & labels))
                for labels in rows.labels.values
            ]
            wanted &= np.array(fitting, np.bool)[rows.view("labels")]
        return wanted

    def _document(self, sk: str, part: int) -> list[int]:
        """Its rows, the first one first; none when there is no such document."""
        if sk not in self.rows.heads:
            return []
        parts = self.rows.columns["part"]
        return sorted(row for row in self.rows.of(sk) if parts[row] == part)

    def _put_vector(self, row: int, document: Document) -> bool:
        """False when that changes nothing."""
        if document.vector is None or not self.model or document.vector_model != self.model:
            return False
        return not self._has_vector(row) and self._take_vector(row, document.vector)

    def _has_vector(self, row: int) -> bool:
        return self.vectors is not None and row in self.vectors

    def _take_vector(self, row: int, raw: Fp16) -> bool:
        from smriti.retrieval.vectors import Vectors, unit

        vector = unit(raw)
        if vector is None:
            return False
        if not self.vectors:
            self.vectors = Vectors(len(vector))
        if len(vector) != self.vectors.dimensions:
            return False
        self.vectors.remove(row)
        self.vectors.put(row, vector)
        return True

    def _drop(self, held: list[int]) -> None:
        self.rows.drop(held)
        for row in held:
            self.lexical.drop(row)
        if self.vectors is not None:
            self.vectors.remove(held[0])

    def _tidy(self) -> None:
        """Lets the living close ranks when a good part of the rows is dead."""
        if self.rows.dead > max(self._few_dead, len(self.rows) // _DEAD_SHARE):
            self.compact()

    def compact(self) -> None:
        """Lets the living close ranks: nothing is left of what was dropped."""
        if not self.rows.dead:
            return
        kept = self.rows.view("alive") > 0
        moved = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
        self.lexical.keep(kept)
        self.rows.keep(kept, moved)
        if self.vectors is not None:
            self.vectors.keep(moved)
