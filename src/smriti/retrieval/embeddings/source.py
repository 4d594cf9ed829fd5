"""Where vectors come from: one request a call, answered or failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from smriti.retrieval.embeddings.port import Vectors


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold, and how many requests may run at once.

    Of a longer text only the first `text_characters` count.
    """

    texts: int = 32
    characters: int = 64_000
    text_characters: int = 8_000
    requests: int = 4


class Source(Protocol):
    """A model, asked without patience or suspicion; `CheckedEmbedder` has both."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int | None:
        """How long its vectors must be, where that is known before the first."""
        ...

    @property
    def limits(self) -> Limits: ...

    async def vectors(self, texts: Sequence[str], *, query: bool) -> Vectors:
        """What the model says, whatever it is, one row a text. `EmbeddingFailed`."""
        ...

    async def close(self) -> None: ...
