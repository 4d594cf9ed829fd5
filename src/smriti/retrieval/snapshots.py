"""The directory of saved indexes, so that a large one need not be built anew at each start."""

import hashlib
import os
import secrets
import time
from collections.abc import Mapping
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
            self._prune()
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
            written_at = path.stat().st_mtime
            os.utime(path, (time.time(), written_at))  # those used last stay longest
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
            held.compact()
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
        """Delete beyond the limit those used least recently, and all that no feed reaches back to
        any more: they may hold what was deleted since."""
        now = time.time()
        total = 0
        for path, status in self._files():
            total += status.st_size
            kept_s = KEPT_S if path.suffix == _FINISHED else _DRAFT_KEPT_S
            if total > self._most_bytes or now - status.st_mtime > kept_s:
                _delete(path)

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        """Those used last first."""
        found: list[tuple[Path, os.stat_result]] = []
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):
                found.append((path, path.stat()))
        return sorted(found, key=lambda file: -max(file[1].st_atime, file[1].st_mtime))


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("index.not_deleted", error=str(error))
