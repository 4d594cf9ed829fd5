"""BM25 over words and parts of words, row by row (`specs/retrieval.md`, *Lexical score*)."""

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

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
_MOST_COUNTED: Final = (1 << _COUNT_BITS) - 1

type Scores = NDArray[np.float64]
type Alive = NDArray[np.bool] | None
"""Which rows are not dropped; None when none is."""


class Field:
    """For each term the rows that have it, and how often: 24 bits and 8 bits of one number.

    A row that is dropped keeps its place in the postings until `keep`.
    """

    def __init__(self) -> None:
        self.postings: dict[str, array[int]] = {}
        self.lengths = array("H")
        self.total = 0
        """The terms of all rows that are not dropped."""

    def append(self, terms: Sequence[str]) -> None:
        """The next row."""
        row = len(self.lengths) << _COUNT_BITS
        for term, count in Counter(terms).items():
            posting = row | min(count, _MOST_COUNTED)
            known = self.postings.get(term)
            if known is None:
                self.postings[term] = array("I", (posting,))
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
        """Of every row, the dropped ones included; `rows` of them are not."""
        found = [
            (np.frombuffer(known, np.uint32), weight)
            for term, weight in idf.items()
            if (known := self.postings.get(term)) is not None
        ]
        if not found:
            return np.zeros(len(self.lengths))
        postings = np.concatenate([each for each, _ in found])
        weights = np.repeat([weight for _, weight in found], [len(each) for each, _ in found])
        where, count = postings >> _COUNT_BITS, postings & _MOST_COUNTED
        norm = K1 * (
            1 - B + B * np.frombuffer(self.lengths, np.uint16) * (rows / max(1, self.total))
        )
        weights *= (K1 + 1) * count / (count + norm[where])
        return np.bincount(where, weights, len(self.lengths))

    def keep(self, kept: NDArray[np.bool]) -> None:
        """Forgets all other rows; those kept close ranks."""
        lengths = [len(known) for known in self.postings.values()]
        postings = np.frombuffer(b"".join(self.postings.values()), np.uint32)
        owners = np.repeat(np.arange(len(lengths)), lengths)
        where = postings >> _COUNT_BITS
        stays = kept[where]
        moved = (np.cumsum(kept) - 1).astype(np.uint32)[where[stays]] << _COUNT_BITS
        postings = moved | (postings[stays] & _MOST_COUNTED)
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
        """Of every row, and what no score reaches. The rarest words count, at most `limit`."""
        asked = query_terms(query, MOST_ASKED)
        known = {stem: self.words.rows_with(stem, alive) for stem in asked}
        chosen = sorted(asked, key=lambda stem: (known[stem] == 0, known[stem], stem))[:limit]
        parts = dict.fromkeys(gram for stem in chosen for gram in asked[stem])
        words = {stem: _idf(known[stem], rows) for stem in chosen}
        grams = {gram: GRAMS * _idf(self.grams.rows_with(gram, alive), rows) for gram in parts}
        bound = (K1 + 1) * (sum(words.values()) + sum(grams.values()))
        return self.words.scores(words, rows) + self.grams.scores(grams, rows), bound


def _idf(known: int, rows: int) -> float:
    return math.log(1 + (rows - known + 0.5) / (known + 0.5))
