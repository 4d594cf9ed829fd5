"""BM25 over words and parts of words, row by row (`specs/retrieval.md`, *Lexical score*)."""

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.text import DATE_WORDS, query_terms, terms

K1: Final = 0.9
B: Final = 0.3

GRAMS: Final = 0.15
"""The weight of the parts of words, beside that of words."""

LEAST_SHARED: Final = 0.2
"""Of the parts of a word, by weight. Where no text has any word of the query, those that share less
of each do not match: they would be the best, and hide what is near in meaning."""

MOST_ASKED: Final = 1000
"""Different words of a query that are looked at, to find the rarest."""

_COUNT_BITS: Final = 8
_MOST_COUNTED: Final = (1 << _COUNT_BITS) - 1

type Scores = NDArray[np.float32]
type Numbers = NDArray[Any]
type Alive = NDArray[np.bool] | None
"""Which rows are not dropped; None when none is."""


class Postings(dict[str, "array[int]"]):
    """For each term a number of 32 bits for each row that has it, in the order of the rows."""

    def __missing__(self, term: str) -> "array[int]":
        known = self[term] = array("I")
        return known

    def of(self, term: str) -> NDArray[np.uint32]:
        return np.frombuffer(self.get(term, b""), np.uint32)

    def flat(self) -> tuple[list[str], NDArray[np.int64], NDArray[np.uint32]]:
        """The terms, how many numbers each has, and all numbers, one term after another."""
        sizes = np.array([len(known) for known in self.values()], np.int64)
        return list(self), sizes, np.frombuffer(b"".join(self.values()), np.uint32)

    @classmethod
    def of_flat(
        cls, terms: Sequence[str], sizes: NDArray[np.int64], numbers: NDArray[np.uint32]
    ) -> "Postings":
        each = zip(terms, divided(numbers, sizes), strict=True)
        return cls((term, known) for term, known in each if known)

    def keep(self, kept: NDArray[np.bool], moved: NDArray[np.uint32], bits: int) -> "Postings":
        """Those of the rows that are kept, under their new numbers; a row stands above `bits`."""
        terms, sizes, numbers = self.flat()
        rows = numbers >> bits
        stays = kept[rows]
        owners = np.repeat(np.arange(len(sizes)), sizes)[stays]
        numbers = moved[rows[stays]] << bits | numbers[stays] & ((1 << bits) - 1)
        return self.of_flat(terms, np.bincount(owners, minlength=len(sizes)), numbers)


class Field:
    """The rows that have a term, and, of those that have it more than once, how often (8 bits).

    A row that is dropped keeps its place in the postings until `keep`.
    """

    def __init__(self) -> None:
        self.rows = Postings()
        self.repeated = Postings()
        self.lengths = array("H")
        self.total = 0
        """The terms of all rows that are not dropped."""

    def append(self, terms: Sequence[str]) -> None:
        """The next row."""
        row = len(self.lengths)
        counts = Counter(terms)
        for known in map(self.rows.__getitem__, counts):
            known.append(row)
        if len(counts) < len(terms):
            for term, count in counts.items():
                if count > 1:
                    self.repeated[term].append(row << _COUNT_BITS | min(count, _MOST_COUNTED))
        self.lengths.append(len(terms))
        self.total += len(terms)

    def drop(self, row: int) -> None:
        self.total -= self.lengths[row]

    def rows_with(self, term: str, alive: Alive) -> int:
        known = self.rows.of(term)
        return len(known) if alive is None else int(np.count_nonzero(alive[known]))

    def scores(self, idf: Mapping[str, float], rows: int) -> Scores:
        """Of every row, the dropped ones included, and one 0 more; `rows` of them are not dropped.

        A term that a row has once, as most, weighs what only the row's length decides: it is
        enough to add up the idf of these. What it weighs more if it is there more often comes then.
        """
        lengths = np.frombuffer(self.lengths, np.uint16)
        longer = np.float32(K1 * B * rows / max(1, self.total))
        scores = np.zeros(len(lengths) + 1, np.float32)
        for term, weight in idf.items():
            # Many times slower for numbers of other types.
            np.add.at(scores, self.rows.of(term).astype(np.intp), np.float32(weight))
        scores[:-1] *= _weight(1, lengths * longer)
        often = [self.repeated.of(term) for term in idf]
        if any(map(len, often)):
            known = np.concatenate(often)
            where, count = (known >> _COUNT_BITS).astype(np.intp), known & _MOST_COUNTED
            length = lengths[where] * longer
            weights = np.repeat(np.array(list(idf.values()), np.float32), list(map(len, often)))
            weights *= _weight(count.astype(np.float32), length) - _weight(1, length)
            np.add.at(scores, where, weights)
        return scores

    def keep(self, kept: NDArray[np.bool]) -> None:
        """Forgets all other rows; those kept close ranks."""
        moved = (np.cumsum(kept) - 1).astype(np.uint32)
        self.rows = self.rows.keep(kept, moved, 0)
        self.repeated = self.repeated.keep(kept, moved, _COUNT_BITS)
        self.lengths = array("H", np.frombuffer(self.lengths, np.uint16)[kept].tobytes())


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
        """The next row, as `rows_of` makes it."""
        stems, grams = terms(words, whole=DATE_WORDS)
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
        if not any(known[stem] for stem in chosen):
            alike = [{gram: grams[gram] for gram in asked[stem]} for stem in chosen]
            return self._resembling(alike, rows), bound
        scores = self.words.scores(words, rows)
        scores += self.grams.scores(grams, rows)
        return scores, bound

    def _resembling(self, words: Sequence[Mapping[str, float]], rows: int) -> Scores:
        """Of rows that share enough of a word's parts. `words`: of each, what its parts weigh."""
        scores = self.grams.scores({}, rows)
        for parts in words:
            shared = self.grams.scores(parts, rows)
            shared[shared < LEAST_SHARED * sum(parts.values())] = 0
            scores += shared
        return scores


def _weight(count: Numbers | int, length: Numbers) -> Numbers:
    """How much a term counts that a row has so often. `length`: K1 * B of the average length."""
    return (K1 + 1) * count / (length + (count + K1 * (1 - B)))


def _idf(known: int, rows: int) -> float:
    return math.log(1 + (rows - known + 0.5) / (known + 0.5))
