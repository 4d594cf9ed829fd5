"""The simple retriever: reads the whole corpus at each search and ranks it by BM25."""

import asyncio
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from smriti.db.table import ItemPage, Query, Table
from smriti.retrieval.documents import EVERYTHING, Corpus, Document, Filter, Hit

MAX_DOCUMENTS: Final = 20_000
MAX_CHARACTERS: Final = 32_000_000
_INLINE_CHARACTERS: Final = 5_000
"""What is ranked within about a millisecond; more is done off the event loop."""
_PAGE: Final = 1000
AT_ONCE: Final = 1
"""Searches of large corpora: each holds its corpus in memory; more would not end any sooner."""

_K1: Final = 0.9
_B: Final = 0.3
_PREFIX: Final = 0.6
_INSIDE: Final = 0.3
_PHRASE: Final = 1.0
_MIN_PART: Final = 3
"""An ASCII term must be this long to be looked for inside of words."""
_MAX_TERMS: Final = 64

# fmt: off
_STOP_WORDS: Final = frozenset({
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "could", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "his", "how",
    "i", "if", "in", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or", "our", "she",
    "should", "so", "than", "that", "the", "their", "them", "then", "there", "they", "this", "to",
    "us", "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why",
    "will", "with", "would", "you", "your",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ranking that is complete from the beginning."""

    hits: Sequence[Hit]

    @property
    def total(self) -> int:
        return len(self.hits)

    @property
    def relevance(self) -> float:
        return self.hits[0].score if self.hits else 0.0

    def page(self, start: int, count: int) -> Sequence[Hit]:
        return self.hits[start : start + count]

    def after(self, sk: str, part: int, otherwise: int) -> int:
        places = (
            place
            for place, hit in enumerate(self.hits, start=1)
            if (hit.sk, hit.part) == (sk, part)
        )
        return next(places, otherwise)


class ScanRetriever:
    """Looks at the newest 20,000 documents, or 32 million characters, of a corpus."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._places = asyncio.Semaphore(AT_ONCE)

    async def search(
        self,
        corpus: Corpus,
        query: str,
        *,
        where: Filter = EVERYTHING,
        most_terms: int | None = None,  # noqa: ARG002 - the port's signature
    ) -> Ranked:
        first = await self._table.query(_first_page(corpus))
        documents = _documents(corpus, first, where)
        if first.next is None and _size_of(documents) <= _INLINE_CHARACTERS:
            return Ranked(rank_documents(documents, query))
        async with self._places:
            documents = await self._read_on(corpus, documents, first.next, where)
            return Ranked(await asyncio.to_thread(rank_documents, documents, query))

    def added(self, corpus: Corpus) -> None:
        """Nothing is kept."""

    def forget(self, corpus: Corpus) -> None:
        """Nothing is kept."""

    async def _read_on(
        self, corpus: Corpus, documents: list[Document], after: str | None, where: Filter
    ) -> list[Document]:
        characters = _size_of(documents)
        while after is not None and len(documents) < MAX_DOCUMENTS and characters < MAX_CHARACTERS:
            page = await self._table.query(replace(_first_page(corpus), after=after))
            found = _documents(corpus, page, where)
            documents += found
            characters += _size_of(found)
            after = page.next
        return documents[:MAX_DOCUMENTS]


def _first_page(corpus: Corpus) -> Query:
    return Query(corpus.pk, begins=corpus.prefix, limit=_PAGE, newest_first=True)


def _documents(corpus: Corpus, page: ItemPage, where: Filter) -> list[Document]:
    return [each for item in page.items for each in corpus.documents(item) if _wanted(each, where)]


def _wanted(document: Document, where: Filter) -> bool:
    return (
        (where.since is None or document.created_at >= where.since)
        and (where.until is None or document.created_at < where.until)
        and (not where.any_of or bool(where.any_of & document.labels))
        and where.all_of <= document.labels
    )


def _size_of(documents: Sequence[Document]) -> int:
    return sum(len(document.text) for document in documents)


def rank_documents(documents: Sequence[Document], query: str) -> list[Hit]:
    """The documents that match, best first, then newest first, then by key.

    A score is a part of what a document full of the query's words would get. Whatever contains
    the query as it stands matches, too.
    """
    phrase = _folded(query).strip()
    if not phrase:
        return []
    texts = [_folded(document.text) for document in documents]
    words = [Counter(_words(text)) for text in texts]
    terms = _terms(phrase)
    scores, bound = _bm25(words, terms)
    total = bound + _PHRASE
    hits = [
        _hit(document, (score + _PHRASE * (phrase in text)) / total)
        for document, text, score in zip(documents, texts, scores, strict=True)
        if score > 0 or phrase in text
    ]
    return sorted(hits, key=lambda hit: (-hit.score, -hit.created_at.timestamp(), hit.sk, hit.part))


def _hit(document: Document, score: float) -> Hit:
    return Hit(document.sk, document.part, document.created_at, document.thread, score)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _words(folded: str) -> list[str]:
    return re.findall(r"[^\W_]+", folded)


def _terms(phrase: str) -> list[str]:
    words = list(dict.fromkeys(_words(phrase)))[:_MAX_TERMS]
    return [word for word in words if word not in _STOP_WORDS] or words


def _bm25(words: Sequence[Counter[str]], terms: Sequence[str]) -> tuple[list[float], float]:
    """The score of each document, and the bound that no score reaches."""
    lengths = [counts.total() for counts in words]
    mean = sum(lengths) / max(1, len(lengths)) or 1.0
    scores = [0.0] * len(words)
    bound = 0.0
    vocabulary: set[str] = set().union(*words)
    for term in terms:
        likeness = {word: alike for word in vocabulary if (alike := _alike(term, word))}
        counts = [_weighted(likeness, document) for document in words]
        matching = sum(count > 0 for count in counts)
        idf = math.log(1 + (len(words) - matching + 0.5) / (matching + 0.5))
        bound += idf * (_K1 + 1)
        for row, count in enumerate(counts):
            norm = _K1 * (1 - _B + _B * lengths[row] / mean)
            scores[row] += idf * count * (_K1 + 1) / (count + norm)
    return scores, bound


def _alike(term: str, word: str) -> float:
    """How much `word` counts when `term` is asked for: 1 when equal, 0 when unrelated."""
    if term == word:
        return 1.0
    if len(term) < _MIN_PART and term.isascii():
        return 0.0
    if word.startswith(term):
        return _PREFIX
    return _INSIDE if term in word else 0.0


def _weighted(likeness: dict[str, float], counts: Counter[str]) -> float:
    if len(likeness) < len(counts):
        return sum(alike * counts[word] for word, alike in likeness.items() if word in counts)
    return sum(likeness[word] * count for word, count in counts.items() if word in likeness)
