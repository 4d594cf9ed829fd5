"""A ranking whose pages are put in order when they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.documents import Hit
from smriti.retrieval.rows import NONE, moment_of

_FIRST_SORTED: Final = 32


@dataclass(slots=True)
class Ranking:
    """Documents that match, by place: best first, then newest first, then by key and part.

    It stays what it is when the index changes. `scores` are relative to one another.
    """

    relevance: float
    scores: NDArray[np.float64]
    found: NDArray[np.int64]
    """Their rows."""
    created: NDArray[np.int64]
    parts: NDArray[np.int64]
    threads: NDArray[np.int64]
    sks: Sequence[str]
    """By row, as the threads' names are by number: lists that only ever grow."""
    thread_names: Sequence[str]
    _sorted: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def total(self) -> int:
        return len(self.found)

    def page(self, start: int, count: int) -> Sequence[Hit]:
        """`count` hits from place `start` on, the best being at 0."""
        best = self._best(start + count)
        unit = self.relevance / float(self.scores[best[0]]) if len(best) else 0.0
        return [self._hit(at, unit) for at in best[start : start + count].tolist()]

    def after(self, sk: str, part: int, otherwise: int) -> int:
        """The place after this document; `otherwise` when it is not there any more."""
        if 0 < otherwise <= self.total:
            at = int(self._best(otherwise)[otherwise - 1])
            if self._key(at) == (sk, part):
                return otherwise
        for at, row in enumerate(self.found.tolist()):
            if self.sks[row] == sk and self.parts[at] == part:
                return self._place(at) + 1
        return otherwise

    def _place(self, at: int) -> int:
        score, created = self.scores[at], self.created[at]
        same = self.scores == score
        better = int(np.count_nonzero(self.scores > score))
        newer = int(np.count_nonzero(same & (self.created > created)))
        alike = np.flatnonzero(same & (self.created == created)).tolist()
        return better + newer + sum(self._key(other) < self._key(at) for other in alike)

    def _best(self, count: int) -> NDArray[np.int64]:
        """At least the best `count`, in order."""
        if len(self._sorted) < min(count, self.total):
            wanted = max(count, _FIRST_SORTED, 2 * len(self._sorted))
            self._sorted = self._in_order(self._pool(wanted))[:wanted]
        return self._sorted

    def _pool(self, count: int) -> NDArray[np.int64]:
        """The best `count`, and what ties with the last of them; in any order."""
        if count >= self.total:
            return np.arange(self.total)
        # Negated, because a partition of many zeros, or small scores, takes long otherwise.
        least = -np.partition(-self.scores, count - 1)[count - 1]
        sure = np.flatnonzero(self.scores > least)
        tied = np.flatnonzero(self.scores == least)
        open_places = count - len(sure)
        if open_places < len(tied):
            created = self.created[tied]
            oldest = -np.partition(-created, open_places - 1)[open_places - 1]
            tied = tied[created >= oldest]
        return np.concatenate((sure, tied))

    def _in_order(self, pool: NDArray[np.int64]) -> NDArray[np.int64]:
        scores, created = self.scores[pool], self.created[pool]
        order = np.lexsort((-created, -scores))
        pool, scores, created = pool[order], scores[order], created[order]
        alike = (scores[1:] == scores[:-1]) & (created[1:] == created[:-1])
        edges = np.flatnonzero(np.diff(alike, prepend=False, append=False))
        for start, last in edges.reshape(-1, 2).tolist():
            pool[start : last + 1] = sorted(pool[start : last + 1].tolist(), key=self._key)
        return pool

    def _key(self, at: int) -> tuple[str, int]:
        return self.sks[int(self.found[at])], int(self.parts[at])

    def _hit(self, at: int, unit: float) -> Hit:
        sk, part = self._key(at)
        thread = int(self.threads[at])
        return Hit(
            sk=sk,
            part=part,
            created_at=moment_of(int(self.created[at])),
            thread=None if thread == NONE else self.thread_names[thread],
            score=min(1.0, float(self.scores[at]) * unit),
        )
