"""BM25 over words and parts of words, row by row (`specs/retrieval.md`, *Lexical score*)."""

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.text import query_terms, terms

K1: Final = 0.9
B: Final = 0.3

GRAMS: Final = 0.15
"""The weight of the parts of words, beside that of words."""

MOST_ASKED: Final = 1000
"""Different words of a query that are looked at, to find the rarest."""

_COUNT_BITS: Final = 8
_BLOCK: Final = 1 << 15
_MOST_REPEATED: Final = (1 << _COUNT_BITS) - 1

type Scores = NDArray[np.float32]
type Numbers = NDArray[Any]
type Alive = NDArray[np.bool] | None
"""Which rows are not dropped; None when none is."""


class Field:
    """For each term the rows that have it (24 bits), and how often more than once (8 bits).

    A row that is dropped keeps its place in the postings until `keep`.
    """

    def __init__(self) -> None:
        self.postings: dict[str, array[int]] = {}
        self.lengths = array("H")
        self.total = 0
        """The terms of all rows that are not dropped."""

    def append(self, terms: Sequence[str]) -> None:
        """The next row."""
        row = (len(self.lengths) << _COUNT_BITS) - 1
        postings = self.postings
        for term, count in Counter(terms).items():
            posting = row + count if count <= _MOST_REPEATED else row + _MOST_REPEATED
            known = postings.get(term)
            if known is None:
                postings[term] = array("I", (posting,))
            else:
                known.append(posting)
        self.lengths.append(len(terms))
        self.total += len(terms)

    def drop(self, row: int) -> None:
        self.total -= self.lengths[row]

    def rows_with(self, term: str, alive: Alive) -> int:
        known = self.postings.get(term)
        if known is None or alive is None:
            return 0 if known is None else len(known)
        return int(np.count_nonzero(alive[np.frombuffer(known, np.uint32) >> _COUNT_BITS]))

    def scores(self, idf: Mapping[str, float], rows: int) -> Scores:
        """Of every row, the dropped ones included, and one 0 more; `rows` of them are not dropped.

        A term that a row has once, as most, weighs what only the row's length decides: it is
        enough to add up the idf of these. What it weighs more if it is there more often comes then.
        """
        lengths = np.frombuffer(self.lengths, np.uint16)
        longer = K1 * B * rows / max(1, self.total)
        scores = np.zeros(len(lengths) + 1, np.float32)
        often = []
        for postings, weights in self._blocks(idf):
            where = (postings >> _COUNT_BITS).astype(np.intp)
            np.add.at(scores, where, weights)
            more = np.flatnonzero((postings & _MOST_REPEATED) != 0)
            often.append((where[more], 1 + (postings[more] & _MOST_REPEATED), weights[more]))
        for start in range(0, len(lengths), _BLOCK):
            scores[:-1][start : start + _BLOCK] *= _weight(
                1, lengths[start : start + _BLOCK] * longer
            )
        for where, count, weights in often:
            length = lengths[where] * longer
            np.add.at(scores, where, weights * (_weight(count, length) - _weight(1, length)))
        return scores

    def _blocks(self, idf: Mapping[str, float]) -> Iterator[tuple[NDArray[np.uint32], Scores]]:
        """Postings and the idf of each, not too many at a time.

        Larger arrays would be fetched from the system, page by page, at every search.
        """
        some: list[NDArray[np.uint32]] = []
        weights: list[float] = []
        for term, weight in idf.items():
            known = np.frombuffer(self.postings.get(term, b""), np.uint32)
            for start in range(0, len(known), _BLOCK):
                some.append(known[start : start + _BLOCK])
                weights.append(weight)
                if sum(map(len, some)) >= _BLOCK:
                    yield _block(some, weights)
                    some, weights = [], []
        if some:
            yield _block(some, weights)

    def keep(self, kept: NDArray[np.bool]) -> None:
        """Forgets all other rows; those kept close ranks."""
        lengths = [len(known) for known in self.postings.values()]
        postings = np.frombuffer(b"".join(self.postings.values()), np.uint32)
        owners = np.repeat(np.arange(len(lengths)), lengths)
        where = postings >> _COUNT_BITS
        stays = kept[where]
        moved = (np.cumsum(kept) - 1).astype(np.uint32)[where[stays]] << _COUNT_BITS
        postings = moved | (postings[stays] & _MOST_REPEATED)
        counts = np.bincount(owners[stays], minlength=len(lengths))
        self.restore(list(self.postings), counts, postings)
        self.lengths = array("H", np.frombuffer(self.lengths, np.uint16)[kept].tobytes())

    def restore(
        self, terms: Sequence[str], counts: NDArray[np.int64], postings: NDArray[np.uint32]
    ) -> None:
        """Takes postings that stand one term after another, so many of each."""
        each = zip(terms, divided(postings, counts), strict=True)
        self.postings = {term: known for term, known in each if known}


def divided(values: NDArray[np.uint32], sizes: NDArray[np.int64]) -> Iterator[array[int]]:
    """The values, as arrays of these sizes."""
    raw = values.tobytes()
    ends = (4 * np.cumsum(sizes)).tolist()
    for start, end in pairwise([0, *ends]):
        yield array("I", raw[start:end])


class Lexical:
    """Both fields. Rows are numbered as they come."""

    def __init__(self) -> None:
        self.words = Field()
        self.grams = Field()

    def append(self, words: Sequence[str]) -> None:
        stems, grams = terms(words)
        self.words.append(stems)
        self.grams.append(grams)

    def drop(self, row: int) -> None:
        self.words.drop(row)
        self.grams.drop(row)

    def keep(self, kept: NDArray[np.bool]) -> None:
        self.words.keep(kept)
        self.grams.keep(kept)

    def scores(self, query: str, limit: int, alive: Alive, rows: int) -> tuple[Scores, float]:
        """Of every row, one 0 more, and what no score reaches. At most `limit` words count."""
        asked = query_terms(query, MOST_ASKED)
        known = {stem: self.words.rows_with(stem, alive) for stem in asked}
        chosen = sorted(asked, key=lambda stem: (known[stem] == 0, known[stem], stem))[:limit]
        parts = dict.fromkeys(gram for stem in chosen for gram in asked[stem])
        words = {stem: _idf(known[stem], rows) for stem in chosen}
        grams = {gram: GRAMS * _idf(self.grams.rows_with(gram, alive), rows) for gram in parts}
        bound = (K1 + 1) * (sum(words.values()) + sum(grams.values()))
        scores = self.words.scores(words, rows)
        scores += self.grams.scores(grams, rows)
        return scores, bound


def _block(
    postings: list[NDArray[np.uint32]], weights: list[float]
) -> tuple[NDArray[np.uint32], Scores]:
    sizes = [len(each) for each in postings]
    return np.concatenate(postings), np.repeat(np.array(weights, np.float32), sizes)


def _weight(count: Numbers | int, length: Numbers) -> Numbers:
    """How much a term counts that a row has so often. `length`: K1 * B of the average length."""
    return (K1 + 1) * count / (length + (count + K1 * (1 - B)))


def _idf(known: int, rows: int) -> float:
    return math.log(1 + (rows - known + 0.5) / (known + 0.5))
