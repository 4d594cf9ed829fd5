"""How lexical and dense scores become one, and lift what stands beside (`specs/retrieval.md`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.documents import Kernel

DENSE: Final = 0.3
"""The weight of the dense score; the lexical has the rest. *Combine*; *Open risks*, 5."""

NEAREST: Final = 200
"""Vectors that get a dense score at all. *Dense score*."""

SPREADS: Final = 0.2
"""A row lifts its neighbours when its score is above this. *Neighbours*."""

_LEAST_CONTRAST: Final = 1e-6

type Scores = NDArray[np.float32]
type Vector = NDArray[np.float32]
type Links = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest vectors, best first, and the first rows of their documents."""

    cosines: Vector
    rows: Links
    dense: Scores

    def only(self, wanted: NDArray[np.bool]) -> "Near":
        stay = wanted[self.rows]
        return Near(self.cosines[stay], self.rows[stay], self.dense[stay])


def fuse(scores: Scores, near: Near | None, first: Links) -> None:
    """Makes of lexical scores, in place, both in one. `first`: of each row its document's first.

    The vector is that of a document: its score goes to the row that says best what is asked for.
    """
    best = scores.max()
    if best:
        scores *= (1.0 if near is None else 1 - DENSE) / best
    if near is not None:
        ends = np.searchsorted(first, near.rows, side="right")
        best_rows = near.rows.copy()
        for place in np.flatnonzero(ends > near.rows + 1):
            row = best_rows[place]
            best_rows[place] += scores[row : ends[place]].argmax()
        scores[best_rows] += DENSE * near.dense


def fit_of(lexical: float, bound: float, near: Near | None) -> float:
    """How well the best match fits, from 0 to 1, whatever the others are."""
    fit = lexical / bound if bound else 0.0
    if near is not None:
        fit = max(fit, float(near.cosines.max(initial=0)))
    return min(fit, 1.0)


def dense_scores(cosines: NDArray[np.float32], usual: float) -> Scores:
    """1 for the best, 0 for what is no nearer than `usual`, the mean of all.

    Where all are equally near, as in a corpus of one, the nearest are the best.
    """
    above = cosines - np.float32(usual)
    best = above.max()
    if best <= _LEAST_CONTRAST:
        return ((cosines > 0) & (above >= best - _LEAST_CONTRAST)).astype(np.float32)
    dense: Scores = np.maximum(above, 0) / best
    return dense


def smooth(
    scores: Scores,
    before: Links,
    after: Links,
    kernels: Sequence[Kernel],
    kernel_of: Links,
) -> None:
    """Squares the scores, in place, and adds what their neighbours lift.

    The last score is the place of "no neighbour", -1. All other targets of one step are distinct.
    """
    spreading = np.flatnonzero(scores > SPREADS)
    lift = scores[spreading] ** 2
    scores *= scores
    for number, kernel in enumerate(kernels):
        own = kernel_of[spreading] == number
        back = forth = spreading[own]
        targets = []
        for _ in kernel:
            back = np.where(back >= 0, before[back], -1)
            forth = np.where(forth >= 0, after[forth], -1)
            targets += [back, forth]
        if targets:
            weights = np.repeat(np.array(kernel, np.float32), 2)[:, None] * lift[own]
            np.add.at(scores, np.concatenate(targets, dtype=np.intp), weights.ravel())
    scores[-1] = 0
