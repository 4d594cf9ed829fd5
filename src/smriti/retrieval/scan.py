"""The simple retriever: reads the whole corpus at each search and ranks it by BM25."""

import asyncio
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from smriti.db.table import Query, Table
from smriti.retrieval.retriever import Corpus, Document, Hit

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


class ScanRetriever:
    """Looks at the newest 20,000 documents, or 32 million characters, of a corpus."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._places = asyncio.Semaphore(AT_ONCE)

    async def rank(self, corpus: Corpus, query: str) -> Sequence[Hit]:
        first = await self._table.query(_first_page(corpus))
        documents = [corpus.document(item) for item in first.items]
        if first.next is None and _size_of(documents) <= _INLINE_CHARACTERS:
            return rank_documents(documents, query)
        async with self._places:
            documents = await self._read_on(corpus, documents, first.next)
            return await asyncio.to_thread(rank_documents, documents, query)

    async def _read_on(
        self, corpus: Corpus, documents: list[Document], after: str | None
    ) -> list[Document]:
        characters = _size_of(documents)
        while after is not None and len(documents) < MAX_DOCUMENTS and characters < MAX_CHARACTERS:
            page = await self._table.query(replace(_first_page(corpus), after=after))
            found = [corpus.document(item) for item in page.items]
            documents += found
            characters += _size_of(found)
            after = page.next
        return documents[:MAX_DOCUMENTS]


def _first_page(corpus: Corpus) -> Query:
    return replace(corpus.query, limit=_PAGE, newest_first=True)


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
        Hit(document, (score + _PHRASE * (phrase in text)) / total)
        for document, text, score in zip(documents, texts, scores, strict=True)
        if score > 0 or phrase in text
    ]
    return sorted(
        hits, key=lambda hit: (-hit.score, -hit.document.created_at.timestamp(), hit.document.key)
    )


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
