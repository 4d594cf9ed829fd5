"""The directory of saved indexes, so that a large one need not be built anew at each start."""

import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

import structlog

from smriti.retrieval.changes import KEPT_S
from smriti.retrieval.documents import Corpus
from smriti.retrieval.held import Held
from smriti.retrieval.index import Index
from smriti.retrieval.place import Place
from smriti.retrieval.snapshot import SnapshotRefused, load, save

MIN_DOCUMENTS: Final = 5_000
"""Fewer are read from the table in a fraction of a second."""

_FINISHED: Final = ".index"
_DRAFT: Final = ".draft"
_DRAFT_KEPT_S: Final = 3600

log = structlog.get_logger()


class Snapshots:
    """Files of `most_bytes` in all. `store` names the table whose items are in them.

    The methods block; all but `forget` belong into threads. What goes wrong with a file costs only
    the time to build its index anew.
    """

    def __init__(
        self, directory: Path, *, most_bytes: int, store: str, min_documents: int = MIN_DOCUMENTS
    ) -> None:
        self.min_documents = min_documents
        self._directory = directory
        self._most_bytes = most_bytes
        self._store = store
        self._lock = Lock()

    def restore(self, held: Held) -> None:
        """Begin with the saved index, if there is one and it fits."""
        path = self._path(held.corpus)
        try:
            index, about = load(path)
            place = self._place(about, held)
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("index.not_loaded", error=str(error))
            return
        except (SnapshotRefused, ValueError) as error:
            log.warning("index.snapshot_refused", error=str(error))
            _delete(path)
            return
        with suppress(OSError):
            os.utime(path)  # the oldest are deleted first
        held.restore(index, place)

    def save(self, held: Held) -> None:
        """Write the index as it is now, unless it is forgotten meanwhile."""
        if held.place is None:
            return
        about = {"of": self._of(held), **held.place.written()}
        path = self._path(held.corpus)
        draft = path.with_name(f"{secrets.token_hex(8)}{_DRAFT}")

        def write(index: Index) -> None:
            save(index, draft, about=about)
            held.unsaved = 0

        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            whole = held.with_index(write)
            with self._lock:
                if whole and not held.forgotten:
                    draft.replace(path)
            self._prune()
        except OSError as error:
            log.warning("index.not_saved", error=str(error))
        finally:
            _delete(draft)

    def forget(self, corpus: Corpus) -> None:
        with self._lock:
            _delete(self._path(corpus))

    def _path(self, corpus: Corpus) -> Path:
        name = hashlib.sha256(f"{corpus.pk}{corpus.prefix}".encode()).hexdigest()
        return self._directory / f"{name}{_FINISHED}"

    def _place(self, about: Mapping[str, object], held: Held) -> Place:
        if about.get("of") != self._of(held):
            raise SnapshotRefused("It is of another corpus, table or model.")
        return Place.read(about)

    def _of(self, held: Held) -> list[str]:
        corpus = held.corpus
        return [self._store, corpus.pk, corpus.prefix, corpus.name, held.index.model]

    def _prune(self) -> None:
        """Delete the oldest beyond the limit, and all that no feed reaches back to any more."""
        now = time.time()
        total = 0
        for path, size, written_at in self._files():
            total += size
            kept_s = KEPT_S if path.suffix == _FINISHED else _DRAFT_KEPT_S
            if total > self._most_bytes or now - written_at > kept_s:
                _delete(path)

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Path, bytes and time of each, the newest first."""
        found: list[tuple[Path, int, float]] = []
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((path, status.st_size, status.st_mtime))
        return iter(sorted(found, key=lambda file: -file[2]))


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("index.not_deleted", error=str(error))
