"""Lists of numbers, by term: one array for nearly all, and what came since."""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEW: Final = 1 << 11
MANY: Final = 1 << 16
SHARE: Final = 8
"""An eighth of all may come before it is put into its place; a few more where there are few, and
where somebody looks at them meanwhile never many."""

_NEWER_BYTES: Final = 230

type Numbers = NDArray[np.uint32]
type Terms = NDArray[np.uint64]
type Sizes = NDArray[np.int64]


class Lists:
    """For each term numbers of 32 bits, in the order in which they came."""

    def __init__(self) -> None:
        self.restore(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.uint32))

    def restore(self, terms: Terms, sizes: Sizes, values: Numbers) -> None:
        """`terms`: different ones, rising. `sizes`: of their lists, which follow one another."""
        self.terms = terms
        self.starts = np.append(0, np.cumsum(sizes))
        self.values = values
        self._newer: dict[int, array[int]] = defaultdict(partial(array, "I"))
        self._since = 0

    @property
    def bytes(self) -> int:
        settled = self.terms.nbytes + self.starts.nbytes + self.values.nbytes
        return settled + _NEWER_BYTES * len(self._newer) + 4 * self._since

    @property
    def sizes(self) -> Sizes:
        return np.diff(self.starts)

    def append(self, terms: Collection[int], values: Iterable[int]) -> None:
        """A number more for each of a few terms."""
        for known, value in zip(map(self._newer.__getitem__, terms), values, strict=False):
            known.append(value)
        self._since += len(terms)
        if self._since > min(MANY, FEW + len(self.values) // SHARE):
            self.settle()

    def extend(self, terms: Terms, sizes: Sizes, values: Numbers) -> None:
        """More numbers for many terms, given like those of `restore`."""
        self.settle()
        at = np.searchsorted(self.terms, terms)
        after = np.searchsorted(self.terms, terms, side="right")
        values = np.insert(self.values, np.repeat(self.starts[after], sizes), values)
        new = at == after
        known = np.insert(self.terms, at[new], terms[new])
        all_sizes = np.insert(self.sizes, at[new], 0)
        all_sizes[at + np.cumsum(new) - new] += sizes
        self.restore(known, all_sizes, values)

    def settle(self) -> None:
        """Puts all numbers into their places."""
        if self._since:
            terms = sorted(self._newer)
            newer = [self._newer[term] for term in terms]
            self._newer.clear()
            self._since = 0
            self.extend(
                np.array(terms, np.uint64),
                np.fromiter(map(len, newer), np.int64),
                np.frombuffer(b"".join(newer), np.uint32),
            )

    def of(self, terms: Iterable[int]) -> list[list[Numbers]]:
        """The list of each of these, in pieces."""
        asked = np.fromiter(terms, np.uint64)
        starts = np.searchsorted(self.terms, asked)
        ends = np.searchsorted(self.terms, asked, side="right")
        pieces = [
            [self.values[start:end]]
            for start, end in zip(
                self.starts[starts].tolist(), self.starts[ends].tolist(), strict=True
            )
        ]
        for term, piece in zip(asked.tolist(), pieces, strict=True):
            if term in self._newer:
                piece.append(np.frombuffer(self._newer[term], np.uint32))
        return pieces

    def keep(self, kept: NDArray[np.bool], moved: Sizes, bits: int) -> None:
        """Forgets rows that are not kept; the others get new numbers. They stand above `bits`."""
        self.settle()
        rows = self.values >> bits
        stays = kept[rows]
        owners = np.repeat(np.arange(len(self.terms)), self.sizes)[stays]
        values = moved[rows[stays]] << bits | self.values[stays] & ((1 << bits) - 1)
        sizes = np.bincount(owners, minlength=len(self.terms))
        self.restore(self.terms[sizes > 0], sizes[sizes > 0], values.astype(np.uint32))
