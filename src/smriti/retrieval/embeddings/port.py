"""The embeddings port: texts in, unit vectors out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

type Vectors = NDArray[np.float32]
"""One row a text."""


class EmbeddingFailed(Exception):
    """No vectors. The text is for the operator's log, and holds no secret.

    `transient`: the same call may succeed a moment later; the server asks to wait `retry_after_s`
    seconds if that is given.
    """

    def __init__(
        self, detail: str, *, transient: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.transient = transient
        self.retry_after_s = retry_after_s


class TextsTooLong(EmbeddingFailed):
    """The model takes only shorter texts."""


class Embedder(Protocol):
    @property
    def model(self) -> str:
        """Under which vectors are stored: vectors of two such ids are never compared."""
        ...

    @property
    def dimensions(self) -> int | None:
        """How long its vectors are; None before the first, where only the model knows."""
        ...

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Finite vectors of unit length, in the order of the texts; `EmbeddingFailed`.

        `query`: of what is searched for, not of what is kept. Somebody waits for those, so they
        are asked for once. Other calls may take minutes while the model is overloaded.
        """
        ...

    async def close(self) -> None: ...
