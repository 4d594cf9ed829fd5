"""What searching memory costs: an index of generated conversations, CPU time of one thread.

    uv run bench/retrieval.py [--quick] [--memories N] [--vectors [DIMENSIONS ...]]

No store and no server. bench/README.md tells the method.
"""

import argparse
import gc
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Final

import faiss
import numpy as np

from corpus import Corpus, Vector
from figures import aligned, quantile, shown
from machine import pss_mib
from smriti.retrieval.documents import Document, Hit
from smriti.retrieval.index import Index
from smriti.retrieval.snapshot import load, save

_MODEL: Final = "bench"
_PAGE: Final = 5
_REPEATED: Final = 3
_NEWEST: Final = 1000

_YARDSTICK_MS: Final = 4.5
"""An exact scan of 10⁵ vectors of 384 numbers, on the machine for which the targets were set
(`specs/retrieval.md`, 4.2)."""

type Figures = dict[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what searching memory costs.")
    add = parser.add_argument
    add("--quick", action="store_true", help="few memories: to see that all works")
    add("--memories", type=int, default=100_000, metavar="N")
    add("--vectors", type=int, nargs="*", default=[384, 1536], metavar="DIMENSIONS")
    given = parser.parse_args()
    count, questions = (2000, 20) if given.quick else (given.memories, 500)
    # A process for each: what one leaves in memory is no part of what the next one takes.
    columns: dict[str, Figures] = {}
    with (
        multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool,
        tempfile.TemporaryDirectory(prefix="smriti-bench-") as directory,
    ):
        scan_ms = pool.apply(_scan_ms)
        for dimensions in (0, *given.vectors):
            path = Path(directory) / str(dimensions)
            figures = pool.apply(_measured, (count, dimensions, questions, path))
            title = f"{dimensions} d" if dimensions else "no vectors"
            columns[title] = figures | pool.apply(_loaded, (path,))
        scan_ms = (scan_ms + pool.apply(_scan_ms)) / 2
    print("\n".join(_table(f"{count:,} memories", columns)))
    slower = scan_ms / _YARDSTICK_MS
    print(f"\nThis machine takes {slower:.2f} times as long as the one the targets were set on:")
    print(f"{scan_ms:.1f} against {_YARDSTICK_MS} ms for an exact scan of 10⁵ vectors of 384 d.")
    return 0


def _scan_ms() -> float:
    """What the yardstick takes here."""
    vectors = np.random.default_rng(1).standard_normal((100_000, 384), np.float32)
    scanned = faiss.IndexScalarQuantizer(
        384, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    scanned.add(vectors)
    faiss.omp_set_num_threads(1)
    return quantile([_cpu_ms(lambda: scanned.search(vectors[:1], 50)) for _ in range(100)], 0.5)


def _table(title: str, columns: Mapping[str, Figures]) -> list[str]:
    lines = [
        (measure, *(shown(figures[measure]) for figures in columns.values()))
        for measure in next(iter(columns.values()))
    ]
    return aligned([(title, *columns), *lines])


def _measured(count: int, dimensions: int, questions: int, path: Path) -> Figures:
    """What a build costs, and searches. The index is saved at the path."""
    corpus, index = Corpus(), Index(model=_MODEL)
    some: list[Document] = []
    puts_ms: list[float] = []
    before = _memory_mib()
    for number, document in enumerate(_documents(corpus, count, dimensions)):
        put = _seen if number >= count - _NEWEST else Index.put
        puts_ms.append(_cpu_ms(partial(put, index, document)))
        if number % (count // questions) == 0:
            some.append(replace(document, vector=None))
    memory = _memory_mib() - before
    searches_ms = list(_searches_ms(index, corpus, some, dimensions))
    return {
        "put, p50 ms": quantile(puts_ms[-_NEWEST:], 0.5),
        "put, p95 ms": quantile(puts_ms[-_NEWEST:], 0.95),
        "search, p50 ms": quantile(searches_ms, 0.5),
        "search, p95 ms": quantile(searches_ms, 0.95),
        "build, s": sum(puts_ms) / 1000,
        "different stems": len(index.lexical.words.rows.terms),
        "save, s": _cpu_ms(lambda: save(index, path, about={})) / 1000,
        "file, MiB": path.stat().st_size / 2**20,
        "memory after the build, MiB": memory,
    }


def _seen(index: Index, document: Document) -> None:
    """Puts it in, with what the next search has to do because of it."""
    index.put(document)
    index.lexical.words.settle()
    index.lexical.grams.settle()


def _documents(corpus: Corpus, count: int, dimensions: int) -> Iterator[Document]:
    if not dimensions:
        yield from corpus.documents(count)
        return
    vectors = corpus.vectors(count, dimensions)
    for document, vector in zip(corpus.documents(count), vectors, strict=True):
        yield replace(document, vector=vector.astype("float16").tobytes(), vector_model=_MODEL)


def _searches_ms(
    index: Index, corpus: Corpus, documents: Sequence[Document], dimensions: int
) -> Iterator[float]:
    """The best of a few goes at each question: what others do to the caches is not ours."""
    vectors: Iterator[Vector | None] = (
        corpus.vectors(len(documents), dimensions) if dimensions else repeat(None)
    )
    for question, vector in zip(corpus.questions(documents), vectors, strict=False):
        search = partial(_first_page, index, question, vector)
        yield min(_cpu_ms(search) for _ in range(_REPEATED))


def _first_page(index: Index, question: str, vector: Vector | None) -> Sequence[Hit]:
    return index.rank(question, vector).page(0, _PAGE)


def _loaded(path: Path) -> Figures:
    """What a start with a snapshot costs, in a process that has built nothing."""
    before = _memory_mib()
    index, _ = load(path)
    memory = _memory_mib() - before
    return {
        "load, s": min(_cpu_ms(lambda: load(path)) for _ in range(_REPEATED)) / 1000,
        "memory, MiB": memory,
        "memory as the index tells it, MiB": index.bytes / 2**20,
    }


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return 1000 * (time.thread_time() - began)


def _memory_mib() -> float:
    gc.collect()
    return pss_mib(os.getpid())


if __name__ == "__main__":
    sys.exit(main())
