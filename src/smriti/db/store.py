"""The store thread: one thread that owns one connection and commits in groups.

Callers queue what they want done; the thread takes all that waits, does it in one transaction,
commits once, and only then hands out the results. One commit and one wake-up of the event loop
serve many callers, and within a process nothing ever collides.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal

import structlog

from smriti.core.clock import unix_now
from smriti.db.sqlite_file import Gate, transaction
from smriti.db.table import TableBusy, TableError, TableUnavailable

type Durability = Literal["bounded", "full"]
type Work[T] = Callable[[sqlite3.Connection], T]

MAX_WAITING: Final = 10_000
_MAX_BATCH: Final = 256
_SYNC_WITHIN_S: Final = 0.1  # what a power cut may cost when durability is bounded
_SWEEP_LIMIT: Final = 500
_SWEEP: Final = "DELETE FROM item WHERE rowid IN (SELECT rowid FROM item WHERE ttl <= ? LIMIT ?)"
_CLOSE_TIMEOUT_S: Final = 30.0
# The thread outlives them all, a refusal of the kernel to lock too: else every caller would hang.
_FAILURES: Final = (sqlite3.Error, TableError, OSError)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Job:
    """`alone` manages its own transaction; the others share one."""

    future: asyncio.Future[Any]
    work: Work[Any]
    writes: bool
    alone: bool = False


@dataclass(frozen=True, slots=True)
class _Outcome:
    future: asyncio.Future[Any]
    value: object = None
    error: Exception | None = None


class Store:
    """Runs work on `connection`, which it owns from now on, as it does the gate."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        gate: Gate | None,
        durability: Durability,
        *,
        sweep_every_s: float = 60.0,
    ) -> None:
        self._connection = connection
        self._gate = gate
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._always_full = durability == "full"
        self._full = False
        self._unsynced = False
        self._sync_at = 0.0
        self._sweep_every_s = sweep_every_s
        self._sweep_at = time.monotonic() + sweep_every_s
        self._thread = threading.Thread(target=self._run, name="smriti-store", daemon=True)
        self._thread.start()

    def submit[T](
        self, work: Work[T], *, writes: bool = False, alone: bool = False
    ) -> asyncio.Future[T]:
        """Queue `work`; its result is delivered to the running loop once it is committed.

        Work raises its own refusals before it writes its first row: the rows of others stand in
        the same transaction. Who stops waiting does not stop the work.
        """
        if self._closed:
            raise TableUnavailable("The table is closed.")
        if self._jobs.qsize() >= MAX_WAITING:
            raise TableBusy("Too many operations are waiting for the store.")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(future, work, writes, alone))
        return future

    async def close(self) -> None:
        """Finish what waits, then close the file."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join, _CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        open_ = True
        while open_:
            batch = self._next_batch()
            open_ = None not in batch
            for alone, jobs in groupby(filter(None, batch), key=lambda job: job.alone):
                if alone:
                    _deliver([self._run_alone(job) for job in jobs])
                else:
                    _deliver(self._run_together(list(jobs)))
            self._keep_house()
        with suppress(*_FAILURES), self._entered():  # the last one to close checkpoints
            self._connection.close()
        self._connection.close()
        if self._gate is not None:
            self._gate.close()

    def _next_batch(self) -> list[_Job | None]:
        """All that waits, up to a limit; nothing when it is time to keep house instead."""
        due = min(self._sweep_at, self._sync_at) if self._unsynced else self._sweep_at
        batch: list[_Job | None] = []
        with suppress(queue.Empty):
            batch.append(self._jobs.get(timeout=max(0.0, due - time.monotonic())))
            while len(batch) < _MAX_BATCH:
                batch.append(self._jobs.get_nowait())
        return batch

    def _run_together(self, jobs: Sequence[_Job]) -> list[_Outcome]:
        try:
            with self._transaction(writes=any(job.writes for job in jobs)):
                return [self._outcome(job) for job in jobs]
        except _FAILURES as error:
            return [_Outcome(job.future, error=_unavailable(error)) for job in jobs]

    def _run_alone(self, job: _Job) -> _Outcome:
        try:
            with self._entered():
                self._set_sync(full=True)
                return self._outcome(job)
        except _FAILURES as error:
            return _Outcome(job.future, error=_unavailable(error))

    def _outcome(self, job: _Job) -> _Outcome:
        """What one job gives; a failure of the database itself is everybody's."""
        try:
            return _Outcome(job.future, job.work(self._connection))
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - the caller's own failure, delivered to it
            return _Outcome(job.future, error=error)

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[None]:
        if not writes:
            with transaction(self._connection, writes=False):
                yield
            return
        if not self._unsynced:  # the term begins with the first commit that is not synced
            self._sync_at = time.monotonic() + _SYNC_WITHIN_S
        with self._entered():
            self._set_sync(full=self._always_full or time.monotonic() >= self._sync_at)
            with transaction(self._connection):
                yield
        self._unsynced = not self._full and self._gate is not None

    def _entered(self) -> AbstractContextManager[None]:
        """The gate; a database in memory has none."""
        return nullcontext() if self._gate is None else self._gate

    def _set_sync(self, *, full: bool) -> None:
        if full is not self._full:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
            self._full = full

    def _keep_house(self) -> None:
        """Sync what no later commit has synced, and delete some of what has expired."""
        now = time.monotonic()
        try:
            if self._unsynced and now >= self._sync_at:
                self._sync_at = now + _SYNC_WITHIN_S
                with self._entered():
                    checkpoint = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                    self._unsynced = checkpoint.fetchone()[0] != 0
            if now >= self._sweep_at:
                self._sweep_at = now + self._sweep_every_s
                with self._transaction(writes=True):
                    sweep(self._connection)
        except _FAILURES as error:
            log.warning("store.housekeeping_failed", error=str(error))


def sweep(connection: sqlite3.Connection) -> int:
    """Delete some expired items; how many."""
    return connection.execute(_SWEEP, (unix_now(), _SWEEP_LIMIT)).rowcount


def _unavailable(error: Exception) -> TableUnavailable:
    """A failure of its own for everybody who waits: a raised exception grows a traceback."""
    return TableUnavailable(f"The database failed: {error}")


def _deliver(outcomes: Sequence[_Outcome]) -> None:
    """Wake every loop once. A loop that is gone has nobody waiting."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome.future.get_loop(), []).append(outcome)
    for loop, group in by_loop.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, group)


def _resolve(outcomes: Sequence[_Outcome]) -> None:
    for future, value, error in ((o.future, o.value, o.error) for o in outcomes):
        if future.done():  # cancelled by who waited
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)
