"""From texts to the terms of an index, and from a query to what it lights up in a text."""

import math
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from functools import lru_cache
from hashlib import blake2b
from itertools import islice, takewhile
from struct import unpack
from typing import Final

import numpy as np
import Stemmer
from numpy.typing import NDArray

from smriti.retrieval.documents import Document

MOST_WORDS: Final = 200
"""Of one row: longer texts are divided (`specs/retrieval.md`, *Open risks*, 2)."""

LONGEST_WORD: Final = 64
"""Characters of a word that count."""

_DAY: Final = "#"
"""Before a word of a row's day, which has a stem, but no parts: "marmalade" begins like "March"."""

_NAME: Final = "@"
"""Before a word of the author's name, which is a part itself; without it the word has parts."""

_MARKS: Final = _DAY + _NAME

_GRAM: Final = 4
_FACTORS: Final = np.array([0x9E37_79B9_7F4A_7C15**at % 2**64 for at in range(_GRAM)], np.uint64)
_NOTHING: Final = "\0"
_END: Final = "\n"
_PRIVATE: Final = 0xF0000
"""From here on 16 bits of characters that mean nothing."""

_NUMBER: Final = 8
"""Bytes."""


_REMEMBERED: Final = 65_536
"""Words, about 20 MB: making their parts is half of the work of taking a text in."""

_LEADS: Final = 64

_MOST_GROWN: Final = 2
"""How much longer a text may get by being folded."""

_SIGN: Final = 18
# fmt: off
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)
# fmt: on

_ASCII: Final = bytes(
    ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)
).ljust(256)
"""What stands for each byte of an ASCII text, so that spaces divide its words."""

_CJK: Final = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN: Final = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_CJK_CHARACTER: Final = re.compile(f"[{_CJK}]")
_SHOWN: Final = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}](?:[^\W_{_CJK}]|[\u0300-\u036f])*")
"""A run in a text that is not normalised: accents may stand on their own."""

# fmt: off
STOP_WORDS: Final = frozenset({
    "a", "about", "above", "after", "again", "against", "ain", "all", "am", "an", "and", "any",
    "are", "aren", "as", "at", "be", "because", "been", "before", "being", "below", "between",
    "both", "but", "by", "can", "cannot", "could", "couldn", "d", "did", "didn", "do", "does",
    "doesn", "doing", "don", "down", "during", "each", "few", "for", "from", "further", "had",
    "hadn", "has", "hasn", "have", "haven", "having", "he", "her", "here", "hers", "herself",
    "him", "himself", "his", "how", "i", "if", "in", "into", "is", "isn", "it", "its",
    "itself", "just", "ll", "m", "me", "mightn", "more", "most", "mustn", "my", "myself",
    "needn", "no", "nor", "not", "now", "o", "of", "off", "on", "once", "only", "or", "other",
    "our", "ours", "ourselves", "out", "over", "own", "re", "s", "same", "shan", "she",
    "should", "shouldn", "so", "some", "such", "t", "than", "that", "the", "their", "theirs",
    "them", "themselves", "then", "there", "these", "they", "this", "those", "through", "to",
    "too", "under", "until", "up", "us", "ve", "very", "was", "wasn", "we", "were", "weren",
    "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with",
    "won", "would", "wouldn", "y", "you", "your", "yours", "yourself", "yourselves",
})
# fmt: on
"""English words that say nothing of what a text is about, and those that only ask."""


type Stems = bytes
"""Of a row, 64 bits each, the highest byte first."""

type Pieces = str
"""Of a row: the words that count, each with its borders, of which `parts_of` makes the parts."""

type Numbered = tuple[NDArray[np.uint64], list[int]]
"""Terms as numbers that no other term has, or else once in many billions of them, and how many of
them are of each row."""


class _OfThread(threading.local):
    """A stemmer is not to be used by two threads at a time."""

    def __init__(self) -> None:
        self.stemmer = Stemmer.Stemmer("english", 0)


_OF_THREAD: Final = _OfThread()


def index_text(document: Document) -> str:
    """What is indexed of a document: its day and author come first."""
    author = f" {document.author}" if document.author else ""
    return f"({_day(document)}){author}: {document.text}"


def rows_of(document: Document) -> list[list[str]]:
    """The words of each row that a document gets: all begin with its day and author, marked."""
    lead, said = _lead(_day(document), document.author), words(document.text)
    size = math.ceil(len(said) / max(1, math.ceil(len(said) / MOST_WORDS)))
    return [lead + said[at : at + size] for at in range(0, len(said), size or 1)] or [lead]


@lru_cache(_LEADS)
def _lead(day: str, author: str) -> list[str]:
    return [_DAY + word for word in words(day)] + [_NAME + word for word in words(author)]


def words(text: str) -> list[str]:
    """All words in order; of a run of Chinese, Japanese or Korean the pairs of characters."""
    if text.isascii():
        found = text.encode().translate(_ASCII).decode().split()
        return [word[:LONGEST_WORD] for word in found]
    return [word for run in _RUN.findall(_folded(text)) for word in _words_of(run)]


def terms(found: Iterable[str]) -> tuple[Stems, Pieces]:
    """Of the words that count."""
    each = list(map(_terms_of, found))
    return b"".join([stem for stem, _ in each]), "".join([piece for _, piece in each])


@lru_cache(_REMEMBERED)
def _terms_of(word: str) -> tuple[Stems, Pieces]:
    """Its stem, and its pieces; a word that does not count has neither."""
    bare = word.lstrip(_MARKS)
    if bare in STOP_WORDS:
        return b"", ""
    stem = _numbered(_OF_THREAD.stemmer.stemWord(bare))
    if word == bare:
        return stem, _pieces(word)
    return stem, _hidden(word) if word.startswith(_NAME) else ""


def _numbered(term: str) -> bytes:
    raw = term.encode()
    if len(raw) < _NUMBER:
        return raw.rjust(_NUMBER, b"\0")
    return blake2b(raw, digest_size=_NUMBER).digest()


def _pieces(word: str) -> Pieces:
    """Of a CJK word its characters."""
    if _is_cjk(word):
        return "".join([character.ljust(_GRAM, _NOTHING) + _END for character in word])
    return f"<{word}>".ljust(_GRAM, _NOTHING) + _END


def _hidden(name: str) -> Pieces:
    """A single part: four characters that no text has."""
    return "".join([chr(_PRIVATE + each) for each in unpack(">4H", _numbered(name))]) + _END


def stems_of(rows: Sequence[Stems]) -> Numbered:
    """The stems of rows."""
    numbers = np.frombuffer(b"".join(rows), ">u8").astype(np.uint64)
    return numbers, [len(row) // _NUMBER for row in rows]


def parts_of(rows: Sequence[Pieces]) -> Numbered:
    """The parts of rows: all that are four characters of one piece."""
    codes = np.frombuffer("".join(rows).encode("utf-32-le"), "<u4").astype(np.uint64)
    if not len(codes):
        return codes, [0] * len(rows)
    whole = codes != ord(_END)
    pairs = whole[:-1] & whole[1:]
    numbers = np.correlate(codes, _FACTORS, "valid")
    return numbers[pairs[:-2] & pairs[2:]], [len(row) - _GRAM * row.count(_END) for row in rows]


def names(found: Iterable[str]) -> list[str]:
    """The words of an author's name, marked, that count."""
    marked = takewhile(lambda word: word[0] in _MARKS, found)
    return [word for word in marked if word[0] == _NAME and word[1:] not in STOP_WORDS]


def parts_of_word(word: str) -> list[int]:
    """Of one; a marked name is a single part."""
    return list(map(int, parts_of([_terms_of(word)[1]])[0]))


def stems(text: str) -> set[str]:
    """Of the words that count."""
    telling = [word for word in words(text) if word not in STOP_WORDS]
    return set(_OF_THREAD.stemmer.stemWords(telling))


def query_terms(query: str, limit: int) -> dict[int, list[int]]:
    """The different stems that a query asks for, at most so many, and the parts of their words."""
    found = [_terms_of(word) for word in dict.fromkeys(words(query)) if word not in STOP_WORDS]
    stems, _ = stems_of([stem for stem, _ in found])
    numbers, sizes = parts_of([pieces for _, pieces in found])
    asked: dict[int, dict[int, None]] = {}
    left = iter(numbers.tolist())
    for stem, size in zip(stems.tolist(), sizes, strict=True):
        parts = dict.fromkeys(islice(left, size))
        if stem in asked or len(asked) < limit:
            asked.setdefault(stem, {}).update(parts)
    return {stem: list(parts) for stem, parts in asked.items()}


def highlights(text: str, query: str) -> list[tuple[int, int]]:
    """From where to where, in `text`, the words stand that the query asks for, in any form."""
    wanted = stems(query)
    spans: list[tuple[int, int]] = []
    for start, end in _spans(text, wanted):
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return spans


def _spans(text: str, wanted: set[str]) -> Iterator[tuple[int, int]]:
    known: dict[str, bool] = {}
    for found in _SHOWN.finditer(text) if wanted else ():
        run = found[0]
        if _is_cjk(run):
            yield from _pairs_within(run, found.start(), wanted)
            continue
        if run not in known:
            known[run] = not wanted.isdisjoint(stems(run))
        if known[run]:
            yield found.span()


def _pairs_within(run: str, start: int, wanted: set[str]) -> Iterator[tuple[int, int]]:
    for at in range(len(run)):
        for size in (1, 2):
            if at + size <= len(run) and run[at : at + size] in wanted:
                yield start + at, start + at + size


def _day(document: Document) -> str:
    day = document.created_at.astimezone(UTC)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _folded(text: str) -> str:
    """A sign may stand for 18 others: of a text that is made of such signs, the beginning."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return folded[: _MOST_GROWN * len(text) + _SIGN]


def _words_of(run: str) -> Sequence[str]:
    if not _is_cjk(run):
        return (run[:LONGEST_WORD],)
    return [run[at : at + 2] for at in range(len(run) - 1)] or (run,)


def _is_cjk(run: str) -> bool:
    return not run.isascii() and _CJK_CHARACTER.match(run) is not None
