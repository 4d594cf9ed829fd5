"""BM25 over words and parts of words, row by row (`specs/retrieval.md`, *Lexical score*)."""

import math
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.lists import FEW, MANY, SHARE, Lists, Numbers
from smriti.retrieval.text import names, parts_of_name, query_terms, terms

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
_NONE: Final = np.zeros(0, np.uint32)

_NAME_BYTES: Final = 1000

type Scores = NDArray[np.float32]
type Alive = NDArray[np.bool] | None
"""Which rows are not dropped; None when none is."""


class Found(NamedTuple):
    """The rows that have a term, and those that have it more than once, and how often (8 bits)."""

    rows: list[Numbers]
    repeated: list[Numbers]

    def known(self, alive: Alive) -> int:
        """How many rows have it."""
        if alive is None:
            return sum(map(len, self.rows))
        return sum(int(np.count_nonzero(alive[rows])) for rows in self.rows)


type Weighed = tuple[Found, float]


class Field:
    """The rows of terms. A row that is dropped keeps its place until `keep`."""

    def __init__(self) -> None:
        self.rows = Lists()
        self.repeated = Lists()
        self.lengths = array("H")
        self.total = 0
        """The terms of all rows that are not dropped."""
        self._waiting = array("Q")
        """The terms of the last rows, which are in no list yet."""
        self._listed = 0
        self._shared: tuple[tuple[int, int, int], Scores] | None = None

    @property
    def bytes(self) -> int:
        return self.rows.bytes + self.repeated.bytes + 8 * len(self._waiting)

    def append(self, terms: Sequence[int]) -> None:
        """The next row."""
        self._waiting.extend(terms)
        self.lengths.append(len(terms))
        self.total += len(terms)
        if len(self._waiting) > MANY + len(self.rows.values) // SHARE:
            self.settle()

    def settle(self) -> None:
        """Puts into the lists what waits."""
        if len(self._waiting) > FEW:
            self._list_many()
        start = 0
        for row in range(self._listed, len(self.lengths)):
            counts = Counter(self._waiting[start : start + self.lengths[row]])
            start += self.lengths[row]
            self.rows.append(counts, repeat(row))
            often = {term: min(count, _MOST_COUNTED) for term, count in counts.items() if count > 1}
            self.repeated.append(often, (row << _COUNT_BITS | count for count in often.values()))
        self._listed, self._waiting = len(self.lengths), array("Q")

    def _list_many(self) -> None:
        terms = np.frombuffer(self._waiting, np.uint64)
        lengths = np.frombuffer(self.lengths, np.uint16)[self._listed :]
        rows = np.repeat(np.arange(self._listed, len(self.lengths), dtype=np.uint32), lengths)
        order = np.argsort(terms, kind="stable")
        terms, rows = terms[order], rows[order]
        new = np.ones(len(terms), np.bool)
        new[1:] = (terms[1:] != terms[:-1]) | (rows[1:] != rows[:-1])
        first = np.flatnonzero(new)
        counts = np.diff(first, append=len(terms))
        self.rows.extend(terms[first], rows[first])
        often, counts = first[counts > 1], np.minimum(counts[counts > 1], _MOST_COUNTED)
        counted = rows[often].astype(np.int64) << _COUNT_BITS | counts
        self.repeated.extend(terms[often], counted.astype(np.uint32))
        self._listed, self._waiting = len(self.lengths), array("Q")

    def drop(self, row: int) -> None:
        self.total -= self.lengths[row]

    def find(self, terms: Collection[int]) -> list[Found]:
        """Where each of the terms is."""
        self.settle()
        return list(map(Found, self.rows.of(terms), self.repeated.of(terms)))

    def scores(self, weighed: Sequence[Weighed], rows: int) -> Scores:
        """Of every row, the dropped ones included, and one 0 more; `rows` of them are not dropped.

        A term that a row has once, as most, weighs what only the row's length decides: it is
        enough to add up the idf of these. What it weighs more if it is there more often comes then.
        """
        idf = np.array([weight for _, weight in weighed], np.float32)
        scores = np.zeros(len(self.lengths) + 1, np.float32)
        # Many times slower for numbers of other types.
        np.add.at(scores, *_flat([found.rows for found, _ in weighed], idf))
        shares = self._shares(rows)
        counted, weight = _flat([found.repeated for found, _ in weighed], idf)
        row, more = counted >> _COUNT_BITS, (counted & _MOST_COUNTED).astype(np.float32) - 1
        norm = np.float32(K1 + 1) / shares[row] - 1
        np.add.at(scores, row, weight * norm * more / (norm + more + 1))
        scores[:-1] *= shares
        return scores

    def _shares(self, rows: int) -> Scores:
        """Of each row, what of the idf of a term counts that it has once."""
        if self._shared is None or self._shared[0] != (rows, self.total, len(self.lengths)):
            longer = np.float32(K1 * B * rows / max(1, self.total))
            norms = np.frombuffer(self.lengths, np.uint16) * longer
            norms += np.float32(K1 * (1 - B) + 1)
            shares = np.float32(K1 + 1) / norms
            self._shared = (rows, self.total, len(self.lengths)), shares
        return self._shared[1]

    def keep(self, kept: NDArray[np.bool]) -> None:
        """Forgets all other rows, and terms that only these have; those kept close ranks."""
        self.settle()
        moved = np.cumsum(kept) - 1
        self.rows.keep(kept, moved, 0)
        self.repeated.keep(kept, moved, _COUNT_BITS)
        self.lengths = array("H", np.frombuffer(self.lengths, np.uint16)[kept].tobytes())
        self._listed = len(self.lengths)

    def restore(self, lengths: NDArray[np.uint16], total: int) -> None:
        """Takes the lengths of rows that are listed, and the sum of those not dropped."""
        self.lengths = array("H", lengths.tobytes())
        self.total, self._listed = total, len(lengths)


class Lexical:
    """Both fields. Rows are numbered as they come."""

    def __init__(self) -> None:
        self.words = Field()
        self.grams = Field()
        self.names: dict[str, None] = {}
        """Names of authors: each is a term, whose parts are looked up in `_named`."""
        self._named: dict[int, list[int]] = {}
        """Of a part, the names that have it, as terms."""

    @property
    def bytes(self) -> int:
        """What it takes in memory, nearly, beside what it takes for each row."""
        return self.words.bytes + self.grams.bytes + _NAME_BYTES * len(self.names)

    def append(self, words: Sequence[str]) -> None:
        """The next row, as `rows_of` makes it."""
        stems, grams = terms(words)
        self.words.append(stems)
        self.grams.append(grams)
        self.add_names(names(words))

    def add_names(self, found: Iterable[str]) -> None:
        for name in found:
            if name not in self.names:
                self.names[name] = None
                (term,) = terms([name])[1]
                for part in parts_of_name(name):
                    self._named.setdefault(part, []).append(term)

    def drop(self, row: int) -> None:
        self.words.drop(row)
        self.grams.drop(row)

    def keep(self, kept: NDArray[np.bool]) -> None:
        self.words.keep(kept)
        self.grams.keep(kept)
        known = [
            name for name in self.names if any(map(len, self.grams.rows.of(terms([name])[1])[0]))
        ]
        self.names, self._named = {}, {}
        self.add_names(known)

    def scores(self, query: str, limit: int, alive: Alive, rows: int) -> tuple[Scores, float]:
        """Of every row, one 0 more, and what no score reaches. At most `limit` words count."""
        asked = query_terms(query, MOST_ASKED)
        stems = dict(zip(asked, self.words.find(asked), strict=True))
        known = {stem: found.known(alive) for stem, found in stems.items()}
        chosen = sorted(asked, key=lambda stem: (known[stem] == 0, known[stem], stem))[:limit]
        words = [(stems[stem], _idf(known[stem], rows)) for stem in chosen]
        parts = [asked[stem] for stem in chosen]
        grams = self._grams(chain.from_iterable(parts))
        weights = self._weights(dict.fromkeys(chain.from_iterable(parts)), grams, alive, rows)
        bound = (K1 + 1) * (sum(idf for _, idf in words) + sum(weights.values()))
        if not any(known[stem] for stem in chosen):
            alike = [{part: weights[part] for part in each} for each in parts]
            return self._resembling(alike, grams, rows), bound
        scores = self.words.scores(words, rows)
        scores += self.grams.scores(self._with_names(weights, grams), rows)
        return scores, bound

    def _resembling(
        self, words: Sequence[Mapping[int, float]], grams: Mapping[int, Found], rows: int
    ) -> Scores:
        """Of rows that share enough of a word's parts. `words`: of each, what its parts weigh."""
        scores = self.grams.scores([], rows)
        for parts in words:
            shared = self.grams.scores(self._with_names(parts, grams), rows)
            shared[shared < LEAST_SHARED * sum(parts.values())] = 0
            scores += shared
        return scores

    def _grams(self, parts: Iterable[int]) -> dict[int, Found]:
        """Where these are, and the names that have some of them."""
        terms = dict.fromkeys(term for part in parts for term in (part, *self._names_of(part)))
        return dict(zip(terms, self.grams.find(terms), strict=True))

    def _names_of(self, part: int) -> Sequence[int]:
        return self._named.get(part, ())

    def _weights(
        self, parts: Iterable[int], grams: Mapping[int, Found], alive: Alive, rows: int
    ) -> dict[int, float]:
        """What each weighs, whether the text has it or the author's name."""
        known = {term: found.known(alive) for term, found in grams.items()}
        common = max(TOO_COMMON, rows // 2)
        weights: dict[int, float] = {}
        for part in parts:
            each = min(rows, known[part] + sum(known[name] for name in self._names_of(part)))
            weights[part] = 0.0 if each > common else GRAMS * _idf(each, rows)
        return weights

    def _with_names(self, parts: Mapping[int, float], grams: Mapping[int, Found]) -> list[Weighed]:
        """Those that count, and the names that have some of them."""
        weights = {part: weight for part, weight in parts.items() if weight}
        for part, weight in list(weights.items()):
            for name in self._names_of(part):
                weights[name] = weights.get(name, 0.0) + weight
        return [(grams[term], weight) for term, weight in weights.items()]


def _flat(lists: Sequence[Sequence[Numbers]], weights: Scores) -> tuple[NDArray[np.intp], Scores]:
    """All numbers of the lists, and the weight of the list of each."""
    pieces = [_NONE, *chain.from_iterable(lists)]
    sizes = [sum(map(len, pieces)) for pieces in lists]
    return np.concatenate(pieces, dtype=np.intp), np.repeat(weights, sizes)


def _idf(known: int, rows: int) -> float:
    return math.log(1 + (rows - known + 0.5) / (known + 0.5))
