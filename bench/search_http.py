"""What a search costs over HTTP: a page of an archive by a query, against a bare route.

    uv run bench/search_http.py [--quick] [--memories N]

The two routes take turns over one connection, so that both meet the same noise; p05 is what a
quiet machine would show. The bare route reads one item: `GET /agents/{id}`.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import batched
from pathlib import Path
from typing import Final

import httpx2

from account import Account
from corpus import Corpus
from figures import aligned, differences, quantile, shown
from machine import ForeignLoad, cpu_s
from servers import Server, smriti
from smriti.retrieval.documents import Document

MEMORIES: Final = 10_000
_BATCH: Final = 500
_WARM_UP: Final = 20
_WORDS: Final = 8
TARGET_MS: Final = 6.0


class Archive:
    """An agent of a new account, and what it is asked for."""

    def __init__(self, http: httpx2.Client, server: Server) -> None:
        self._http = http
        self._pid = server.pid
        self._account = Account(http)
        self._bare = f"/agents/{self._account.agent('Demo')}"
        self._path = f"{self._bare}/archival-memory"

    def fill(self, documents: Sequence[Document]) -> None:
        for some in batched(documents, _BATCH, strict=False):
            items = [
                {
                    "content": document.text,
                    "author": document.author,
                    "created_at": document.created_at.isoformat(),
                    "conversation_id": document.thread,
                    "sequence": document.place,
                }
                for document in some
            ]
            self._account.post(f"{self._path}:batch", {"items": items})

    def bare(self, _: str) -> float:
        """Milliseconds to the end of the answer."""
        return self._timed(self._bare, {})

    def search(self, question: str) -> float:
        return self._timed(self._path, {"query": question, "limit": "5"})

    def cpu_ms(self, route: Callable[[str], float], questions: Sequence[str]) -> float:
        """What one answer costs the server."""
        used = cpu_s(self._pid)
        for question in questions:
            route(question)
        return 1000 * (cpu_s(self._pid) - used) / len(questions)

    def _timed(self, path: str, query: dict[str, str]) -> float:
        began = time.perf_counter()
        response = self._http.get(path, params=query)
        took = time.perf_counter() - began
        assert response.status_code == 200, response.text
        return 1000 * took


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a search over HTTP.")
    parser.add_argument("--quick", action="store_true", help="few samples: to see that all works")
    parser.add_argument("--memories", type=int, default=MEMORIES, metavar="N")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="smriti-bench-") as directory,
        smriti(Path(directory) / "data") as server,
        httpx2.Client(base_url=server.url, timeout=120, trust_env=False) as http,
    ):
        pairs = 50 if given.quick else 1000
        print(_measured(Archive(http, server), server.pid, given.memories, pairs))
    return 0


def _measured(archive: Archive, pid: int, memories: int, pairs: int) -> str:
    documents = list(Corpus().documents(memories))
    archive.fill(documents)
    questions = _questions(documents, pairs + _WARM_UP)
    first_ms = archive.search(questions[0])
    for question in questions[:_WARM_UP]:
        archive.bare(question)
        archive.search(question)

    load = ForeignLoad([pid])
    bare, search = [], []
    for question in questions[_WARM_UP:]:
        bare.append(archive.bare(question))
        search.append(archive.search(question))
    cores = load.cores()
    cpu_ms = [archive.cpu_ms(route, questions) for route in (archive.bare, archive.search)]
    floor, ours = [*_quantiles(bare), cpu_ms[0]], [*_quantiles(search), cpu_ms[1]]
    lines = [
        ("", "p05 ms", "p50 ms", "p95 ms", "CPU ms", "target"),
        ("bare route", *map(shown, floor), ""),
        ("search", *map(shown, ours), ""),
        ("added", *map(shown, differences(ours, floor)), f"p50 ≤ {shown(TARGET_MS)}"),
    ]
    return "\n".join(
        [
            f"A search of {memories} memories over HTTP, {pairs} pairs",
            "",
            *aligned(lines),
            "",
            f"The first search, which builds the index: {shown(first_ms)} ms.",
            f"Others used {shown(cores)} cores.",
        ]
    )


def _questions(documents: Sequence[Document], count: int) -> list[str]:
    """Of some words of a memory each."""
    chance = random.Random(7)  # noqa: S311 - the same questions in each run
    asked = chance.choices(documents, k=count)
    return [" ".join(chance.sample(document.text.split(), _WORDS)) for document in asked]


def _quantiles(times_ms: Sequence[float]) -> list[float]:
    return [quantile(times_ms, share) for share in (0.05, 0.5, 0.95)]


if __name__ == "__main__":
    sys.exit(main())
