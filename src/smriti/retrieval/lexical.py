"""BM25 over words and parts of words, row by row (`specs/retrieval.md`, *Lexical score*)."""

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.text import parts_of_name, query_terms, terms

K1: Final = 0.9
B: Final = 0.3

GRAMS: Final = 0.15
"""The weight of the parts of words, beside that of words."""

LEAST_SHARED: Final = 0.2
"""Of the parts of a word, by weight. Where no text has any word of the query, those that share less
of each do not match: they would be the best, and hide what is near in meaning."""

TOO_COMMON: Final = 10_000
"""Parts that more rows have, and more than half of all, do not count: they would weigh at most 0.1
of some 40, and take the most time."""

MOST_ASKED: Final = 1000
"""Different words of a query that are looked at, to find the rarest."""

_COUNT_BITS: Final = 8
_MOST_COUNTED: Final = (1 << _COUNT_BITS) - 1

type Scores = NDArray[np.float32]
type Sizes = NDArray[np.int64]
type Alive = NDArray[np.bool] | None
"""Which rows are not dropped; None when none is."""


class Postings(dict[str, "array[int]"]):
    """For each term a number of 32 bits for each row that has it, in the order of the rows.

    `names`: of each part, the names that have it and are terms.
    """

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}

    def __missing__(self, term: str) -> "array[int]":
        for part in parts_of_name(term):
            self.names.setdefault(part, []).append(term)
        known = self[term] = array("I")
        return known

    def extend(self, terms: Sequence[str], sizes: Sizes, numbers: NDArray[np.uint32]) -> None:
        """So many numbers of later rows for each of the terms, one term after another."""
        some = np.flatnonzero(sizes)
        for place, more in zip(some.tolist(), divided(numbers, sizes[some]), strict=True):
            self[terms[place]].frombytes(more)

    def of(self, term: str) -> NDArray[np.uint32]:
        return np.frombuffer(self.get(term, b""), np.uint32)

    def flat(self) -> tuple[list[str], Sizes, NDArray[np.uint32]]:
        """The terms, how many numbers each has, and all numbers, one term after another."""
        sizes = np.array([len(known) for known in self.values()], np.int64)
        return list(self), sizes, np.frombuffer(b"".join(self.values()), np.uint32)

    def keep(self, kept: NDArray[np.bool], moved: NDArray[np.uint32], bits: int) -> "Postings":
        """Those of the rows that are kept, under their new numbers; a row stands above `bits`."""
        terms, sizes, numbers = self.flat()
        rows = numbers >> bits
        stays = kept[rows]
        owners = np.repeat(np.arange(len(sizes)), sizes)[stays]
        numbers = moved[rows[stays]] << bits | numbers[stays] & ((1 << bits) - 1)
        fewer = Postings()
        fewer.extend(terms, np.bincount(owners, minlength=len(sizes)), numbers)
        return fewer


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
        scores = np.zeros(len(self.lengths) + 1, np.float32)
        for term, weight in idf.items():
            # Many times slower for numbers of other types.
            np.add.at(scores, self.rows.of(term).astype(np.intp), np.float32(weight))
        longer = np.float32(K1 * B * rows / max(1, self.total))
        norms = np.frombuffer(self.lengths, np.uint16) * longer + np.float32(K1 * (1 - B))
        often = [self.repeated.of(term) for term in idf]
        if any(map(len, often)):
            known = np.concatenate(often)
            where, more = (known >> _COUNT_BITS).astype(np.intp), (known & _MOST_COUNTED) - 1
            weights = np.repeat(np.array(list(idf.values()), np.float32), list(map(len, often)))
            norm = norms[where]
            np.add.at(scores, where, weights * norm * more / (norm + more + 1))
        scores[:-1] *= np.float32(K1 + 1) / (norms + 1)
        return scores

    def keep(self, kept: NDArray[np.bool]) -> None:
        """Forgets all other rows; those kept close ranks."""
        moved = (np.cumsum(kept) - 1).astype(np.uint32)
        self.rows = self.rows.keep(kept, moved, 0)
        self.repeated = self.repeated.keep(kept, moved, _COUNT_BITS)
        self.lengths = array("H", np.frombuffer(self.lengths, np.uint16)[kept].tobytes())


def divided(values: NDArray[np.uint32], sizes: Sizes) -> Iterator[bytes]:
    """The values in pieces of these sizes."""
    raw = values.tobytes()
    ends = (4 * np.cumsum(sizes)).tolist()
    return (raw[start:end] for start, end in pairwise([0, *ends]))


class Lexical:
    """Both fields. Rows are numbered as they come."""

    def __init__(self) -> None:
        self.words = Field()
        self.grams = Field()

    def append(self, words: Sequence[str]) -> None:
        """The next row, as `rows_of` makes it."""
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
        words = {stem: _idf(known[stem], rows) for stem in chosen}
        grams = {gram: self._weight(gram, alive, rows) for stem in chosen for gram in asked[stem]}
        bound = (K1 + 1) * (sum(words.values()) + sum(grams.values()))
        if not any(known[stem] for stem in chosen):
            alike = [{gram: grams[gram] for gram in asked[stem]} for stem in chosen]
            return self._resembling(alike, rows), bound
        scores = self.words.scores(words, rows)
        scores += self.grams.scores(self._with_names(grams), rows)
        return scores, bound

    def _resembling(self, words: Sequence[Mapping[str, float]], rows: int) -> Scores:
        """Of rows that share enough of a word's parts. `words`: of each, what its parts weigh."""
        scores = self.grams.scores({}, rows)
        for parts in words:
            shared = self.grams.scores(self._with_names(parts), rows)
            shared[shared < LEAST_SHARED * sum(parts.values())] = 0
            scores += shared
        return scores

    def _weight(self, gram: str, alive: Alive, rows: int) -> float:
        """What it weighs, whether the text has it or the author's name."""
        terms = gram, *self.grams.rows.names.get(gram, ())
        known = min(rows, sum(self.grams.rows_with(term, alive) for term in terms))
        return 0.0 if known > max(TOO_COMMON, rows // 2) else GRAMS * _idf(known, rows)

    def _with_names(self, grams: Mapping[str, float]) -> dict[str, float]:
        """Those that count, and the names that have some of them."""
        weights = {gram: weight for gram, weight in grams.items() if weight}
        for gram, weight in list(weights.items()):
            for name in self.grams.rows.names.get(gram, ()):
                weights[name] = weights.get(name, 0.0) + weight
        return weights


def _idf(known: int, rows: int) -> float:
    return math.log(1 + (rows - known + 0.5) / (known + 0.5))
