"""BM25 over words and parts of words, row by row (`specs/retrieval.md`, *Lexical score*)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smriti.retrieval.field import K1, Alive, Field, Found, Scores, Weighed
from smriti.retrieval.text import (
    names,
    parts_of,
    parts_of_word,
    query_terms,
    stems_of,
    terms,
)

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

_NAME_BYTES: Final = 1000


class Lexical:
    """Both fields. Rows are numbered as they come."""

    def __init__(self) -> None:
        self.words = Field(stems_of)
        self.grams = Field(parts_of)
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
        stems, pieces = terms(words)
        self.words.append(stems)
        self.grams.append(pieces)
        self.add_names(names(words))

    def add_names(self, found: Iterable[str]) -> None:
        for name in found:
            if name not in self.names:
                self.names[name] = None
                for part in parts_of_word(name[1:]):
                    self._named.setdefault(part, []).extend(parts_of_word(name))

    def drop(self, row: int) -> None:
        self.words.drop(row)
        self.grams.drop(row)

    def keep(self, kept: NDArray[np.bool]) -> None:
        self.words.keep(kept)
        self.grams.keep(kept)
        terms = [parts_of_word(name) for name in self.names]
        lists = self.grams.rows.of(chain.from_iterable(terms))
        known = [
            name for name, pieces in zip(self.names, lists, strict=True) if any(map(len, pieces))
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


def _idf(known: int, rows: int) -> float:
    return math.log(1 + (rows - known + 0.5) / (known + 0.5))
