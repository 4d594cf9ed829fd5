"""A ranking whose pages are put in order when they are asked for."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.documents import Hit
from smriti.retrieval.rows import NONE, Rows, moment_of

FIRST_PAGE: Final = 64
"""Places that are put in order together: no caller asks for more on the event loop."""

_BLOCK: Final = 256

type Places = NDArray[np.int64]


class Ranking:
    """Documents that match: best first, then newest first, then by key and part.

    It stays what it is when the index changes: of what it keeps, nothing is ever changed in place
    but the ends of lists, and no memory is held that must grow.
    """

    def __init__(self, relevance: float, scores: NDArray[np.float32], rows: Rows) -> None:
        self.relevance = relevance
        self.total = int(np.count_nonzero(scores > 0))
        self._scores = scores
        self._sks = rows.sks
        self._threads = rows.threads.values
        self._created = rows.columns["created"]
        self._part = rows.columns["part"]
        self._thread = rows.columns["thread"]
        self._sorted: list[int] = []

    def page(self, start: int, count: int) -> Sequence[Hit]:
        """`count` hits from place `start` on, the best being at 0."""
        best = self._best(start + count)[start : start + count]
        unit = self.relevance / float(self._scores.max()) if best else 0.0
        return [self._hit(row, unit) for row in best]

    def after(self, sk: str, part: int, otherwise: int) -> int:
        """The place after this document; `otherwise` when it is not there any more."""
        if 0 < otherwise <= self.total:
            row = self._best(otherwise)[otherwise - 1]
            if (self._sks[row], self._part[row]) == (sk, part):
                return otherwise
        row = self._find(sk, part)
        return otherwise if row == NONE else self._place(row) + 1

    def _find(self, sk: str, part: int) -> int:
        row = NONE
        while True:
            try:
                row = self._sks.index(sk, row + 1, len(self._scores))
            except ValueError:
                return NONE
            if self._part[row] == part and self._scores[row]:
                return row

    def _place(self, row: int) -> int:
        score = self._scores[row]
        alike = np.flatnonzero(self._scores == score).tolist()
        better = int(np.count_nonzero(self._scores > score))
        return better + sum(self._order(other) < self._order(row) for other in alike)

    def _best(self, count: int) -> list[int]:
        """The rows of at least the best `count`, in order."""
        if len(self._sorted) < min(count, self.total):
            wanted = max(count, FIRST_PAGE, 2 * len(self._sorted))
            pool = self._pool(wanted)
            scores = (-self._scores[pool]).tolist()
            times = [-self._created[row] for row in pool]
            sks = [self._sks[row] for row in pool]
            parts = [self._part[row] for row in pool]
            ordered = sorted(zip(scores, times, sks, parts, pool, strict=True))
            self._sorted = [row for *_, row in ordered[:wanted]]
        return self._sorted

    def _pool(self, count: int) -> list[int]:
        """The rows of the best `count`, and of what ties with the last of them; in any order."""
        if count >= self.total:
            matching: list[int] = np.flatnonzero(self._scores).tolist()
            return matching
        # As many blocks as places have such a score in them, or more.
        blocks = np.maximum.reduceat(self._scores, np.arange(0, len(self._scores), _BLOCK))
        least = -np.partition(-blocks, count - 1)[count - 1] if count <= len(blocks) else 0
        rows = np.flatnonzero(self._scores >= least) if least else np.flatnonzero(self._scores)
        scores = self._scores[rows]
        # Negated, because to part many equal small numbers takes long otherwise.
        least = -np.partition(-scores, count - 1)[count - 1]
        sure: list[int] = rows[scores > least].tolist()
        tied: list[int] = rows[scores == least].tolist()
        if len(tied) > count - len(sure):
            newest = sorted((self._created[row] for row in tied), reverse=True)
            oldest = newest[count - len(sure) - 1]
            tied = [row for row in tied if self._created[row] >= oldest]
        return sure + tied

    def _order(self, row: int) -> tuple[float, int, str, int]:
        return -self._scores[row], -self._created[row], self._sks[row], self._part[row]

    def _hit(self, row: int, unit: float) -> Hit:
        thread = self._thread[row]
        return Hit(
            sk=self._sks[row],
            part=self._part[row],
            created_at=moment_of(self._created[row]),
            thread=None if thread == NONE else self._threads[thread],
            score=min(1.0, float(self._scores[row] * unit)),
        )
