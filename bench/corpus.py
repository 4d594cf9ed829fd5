"""Generated conversations: words as rare and as many as in English, and questions about them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from smriti.retrieval.documents import MESSAGES, Document
from smriti.retrieval.text import STOP_WORDS

TURNS: Final = 20
"""Messages of a conversation."""

_WORDS: Final = 70_000
_FLATTENED: Final = 20
"""Zipf's law with Mandelbrot's correction, as content words of English follow it."""

_CONTENT: Final = 11
_STOP: Final = 12
"""Words of a message: 23 on average, as in the benchmark that the design was measured on."""

_ASKED: Final = 4
_BLOCK: Final = 1000
_BEGAN: Final = datetime(2023, 1, 1, tzinfo=UTC)
_AUTHORS: Final = ("Caroline", "Melanie", "Jonathan", "Deborah")
_ONSETS: Final = (
    "b c d f g h l m n p r s t v w br ch cl cr dr fl gr pl pr sh sp st th tr qu".split()
)
_VOWELS: Final = "a e i o u a e i o u ai ea ee ie oa ou".split()
_CODAS: Final = "n r l s t m d ck ll nd ng nt rd rm rt sh ss st th x".split()
_ENDINGS: Final = ("", "", "", "s", "ed", "ing")


class Corpus:
    """The same texts for the same seed."""

    def __init__(self, seed: int = 7) -> None:
        self._random = np.random.default_rng(seed)
        self._stop = np.array(sorted(STOP_WORDS))
        self._words = np.array(self._vocabulary())
        ranks = np.arange(1, _WORDS + 1)
        self._chances = np.cumsum(1 / (ranks + _FLATTENED))
        self._chances /= self._chances[-1]

    def documents(self, count: int) -> Iterator[Document]:
        """Messages of conversations of two, a minute apart."""
        for number in range(count):
            if number % _BLOCK == 0:
                texts = self._texts(_BLOCK)
            thread, place = divmod(number, TURNS)
            made = _BEGAN + timedelta(minutes=13 * number)
            yield Document(
                sk=f"Recall#{made.isoformat(timespec='microseconds')}#{number:032x}",
                text=texts[number % _BLOCK],
                created_at=made,
                author=_AUTHORS[(thread + place) % 2 + 2 * (thread % 2)],
                thread=f"{thread:08x}-0000-7000-8000-000000000000",
                place=place,
                kernel=MESSAGES,
            )

    def questions(self, documents: list[Document], count: int) -> Iterator[str]:
        """Of words of a message, some of them in another form, with its author and stop words."""
        for number in self._random.integers(0, len(documents), count):
            document = documents[number]
            said = [word for word in document.text.split() if word not in STOP_WORDS]
            asked = self._random.choice(said, _ASKED, replace=False)
            stop = self._random.choice(self._stop, _ASKED)
            yield f"{' '.join(stop)} {document.author} {' '.join(asked)}?"

    def vectors(self, count: int, dimensions: int) -> Iterator[np.ndarray]:
        """Around some topics, as embeddings are; in blocks, float32, of unit length."""
        topics = self._random.standard_normal((200, dimensions), dtype=np.float32)
        topics += 2 * self._random.standard_normal(dimensions, dtype=np.float32)
        for start in range(0, count, _BLOCK):
            size = min(_BLOCK, count - start)
            chosen = topics[self._random.integers(0, len(topics), size)]
            found = chosen + self._random.standard_normal((size, dimensions), dtype=np.float32)
            yield found / np.linalg.norm(found, axis=1, keepdims=True)

    def _vocabulary(self) -> list[str]:
        """Different words: the more usual ones are the shorter ones."""
        words: dict[str, None] = {}
        for syllables in (1, 2, 3):
            while len(words) < _WORDS * (0.02, 0.35, 1)[syllables - 1]:
                words[self._word(syllables)] = None
        return list(words)

    def _word(self, syllables: int) -> str:
        parts = ""
        for _ in range(syllables):
            onset, vowel = (self._one(each) for each in (_ONSETS, _VOWELS))
            parts += onset + vowel
        return parts + self._one(_CODAS)

    def _one(self, some: list[str]) -> str:
        # The first are the most usual: the square of a number between 0 and 1 is mostly small.
        return some[int(len(some) * self._random.random() ** 2)]

    def _texts(self, count: int) -> list[str]:
        drawn = np.searchsorted(self._chances, self._random.random((count, _CONTENT)))
        endings = self._random.choice(_ENDINGS, (count, _CONTENT))
        content = np.char.add(self._words[drawn], endings)
        stop = self._random.choice(self._stop, (count, _STOP))
        return [" ".join(row) for row in np.concatenate((content, stop), axis=1).tolist()]
