"""The retrieval port: one complete, stable ranking of a corpus per query."""

from collections.abc import Sequence
from typing import Protocol

from smriti.retrieval.documents import EVERYTHING, Corpus, Filter, Hit


class Found(Protocol):
    """A ranking: every document that matches, best first, then newest first, then by key."""

    @property
    def total(self) -> int: ...

    @property
    def relevance(self) -> float:
        """How well the best match fits, between 0 and 1, whatever else there is: a lexical score by
        its upper bound or, with an embedding model, the better of that and the cosine."""
        ...

    def page(self, start: int, count: int) -> Sequence[Hit]:
        """`count` hits from place `start` on, the best being at 0."""
        ...

    def after(self, sk: str, part: int, otherwise: int) -> int:
        """The place after this document; `otherwise` when it is not there any more."""
        ...


class Retriever(Protocol):
    async def search(
        self,
        corpus: Corpus,
        query: str,
        *,
        where: Filter = EVERYTHING,
        most_terms: int | None = None,
    ) -> Found:
        """What matches, of all that was acknowledged before the call, by whatever process.

        `most_terms`: only so many of the query's rarest words count. `TableError`.
        """
        ...

    def added(self, corpus: Corpus) -> None:
        """Tells that something new is stored: vectors for it may be made now."""
        ...

    def forget(self, corpus: Corpus) -> None:
        """Tells that all of it was deleted: nothing of it is kept, on disk neither."""
        ...
