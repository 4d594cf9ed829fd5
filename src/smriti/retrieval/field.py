"""The rows of each term, and BM25 of every row."""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from sys import getsizeof
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.lists import FEW, MANY, SHARE, Lists, Numbers, Sizes
from smriti.retrieval.text import Numbered, Pieces, Stems

K1: Final = 0.9
B: Final = 0.3

_ROW_BITS: Final = 32
_COUNT_BITS: Final = 8
_MOST_COUNTED: Final = (1 << _COUNT_BITS) - 1
_NONE: Final = np.zeros(0, np.uint32)

_TERM_BYTES: Final = 8

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


class Field[Row: (Stems, Pieces)]:
    """The rows of terms. A row that is dropped keeps its place until `keep`."""

    def __init__(self, numbered: Callable[[Sequence[Row]], Numbered]) -> None:
        self.rows = Lists()
        self.repeated = Lists()
        self.lengths = array("H")
        self.total = 0
        """The terms of all listed rows that are not dropped."""
        self._numbered: Callable[[Sequence[Row]], Numbered] = numbered
        self._waiting: list[Row] = []
        """The last rows, which are in no list yet, and have no length."""
        self._waiting_bytes = 0
        self._shared: tuple[tuple[int, int, int], Scores] | None = None

    @property
    def bytes(self) -> int:
        return self.rows.bytes + self.repeated.bytes + self._waiting_bytes

    def append(self, row: Row) -> None:
        """The next row."""
        self._waiting.append(row)
        self._waiting_bytes += getsizeof(row)
        if self._waiting_bytes > _TERM_BYTES * (MANY + len(self.rows.values) // SHARE):
            self.settle()

    def settle(self) -> None:
        """Puts into the lists what waits."""
        if not self._waiting:
            return
        terms, lengths = self._numbered(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        if len(terms) > FEW:
            self._list_many(terms, lengths)
        else:
            self._list_few(iter(terms.tolist()), lengths)
        self.lengths.extend(lengths)
        self.total += len(terms)

    def _list_few(self, terms: Iterator[int], lengths: Iterable[int]) -> None:
        for row, length in enumerate(lengths, len(self.lengths)):
            counts = Counter(islice(terms, length))
            self.rows.append(counts, repeat(row))
            often = {term: min(count, _MOST_COUNTED) for term, count in counts.items() if count > 1}
            self.repeated.append(often, (row << _COUNT_BITS | count for count in often.values()))

    def _list_many(self, terms: NDArray[np.uint64], lengths: Sequence[int]) -> None:
        """Sorts pairs of a term and a row that are one number: far faster than two of them."""
        known = _different(np.sort(terms))[0]
        rows = np.repeat(np.arange(len(lengths)) + len(self.lengths), lengths)
        pairs, counts = _different(np.sort(np.searchsorted(known, terms) << _ROW_BITS | rows))
        often = counts > 1
        counted = (pairs << _COUNT_BITS | np.minimum(counts, _MOST_COUNTED))[often]
        for lists, owners, values in (
            (self.rows, pairs >> _ROW_BITS, pairs),
            (self.repeated, pairs[often] >> _ROW_BITS, counted),
        ):
            owned, sizes = _different(owners)
            lists.extend(known[owned], sizes, values.astype(np.uint32))

    def drop(self, row: int) -> None:
        if row >= len(self.lengths):
            self.settle()
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

    def restore(self, lengths: NDArray[np.uint16], total: int) -> None:
        """Takes the lengths of rows that are listed, and the sum of those not dropped."""
        self.lengths = array("H", lengths.tobytes())
        self.total = total


def _different[Value: np.generic](rising: NDArray[Value]) -> tuple[NDArray[Value], Sizes]:
    """The different ones, and how often each is there."""
    new = np.ones(len(rising), np.bool)
    new[1:] = rising[1:] != rising[:-1]
    first = np.flatnonzero(new)
    return rising[first], np.diff(first, append=len(rising))


def _flat(lists: Sequence[Sequence[Numbers]], weights: Scores) -> tuple[NDArray[np.intp], Scores]:
    """All numbers of the lists, and the weight of the list of each."""
    pieces = [_NONE, *chain.from_iterable(lists)]
    sizes = [sum(map(len, pieces)) for pieces in lists]
    return np.concatenate(pieces, dtype=np.intp), np.repeat(weights, sizes)
