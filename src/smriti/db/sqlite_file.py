"""The SQLite file: how it is opened, guarded between processes, verified and copied."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from smriti.db.table import TableError, TableUnavailable

APPLICATION_ID: Final = 0x536D7274  # "Smrt", in the file's header
SCHEMA_VERSION: Final = 1

_COLUMNS: Final = ("pk", "sk", "body", "gsi2_pk", "gsi2_sk", "ttl")
# A rowid table: with WITHOUT ROWID whole messages would sit in the pages of the index.
_SCHEMA: Final = (
    "CREATE TABLE item (pk TEXT NOT NULL, sk TEXT NOT NULL, body BLOB NOT NULL,"
    " gsi2_pk TEXT, gsi2_sk TEXT, ttl INTEGER, PRIMARY KEY (pk, sk))",
    "CREATE INDEX gsi2 ON item (gsi2_pk, gsi2_sk, pk, sk)"
    " WHERE gsi2_pk IS NOT NULL AND gsi2_sk IS NOT NULL",
    "CREATE INDEX ttl ON item (ttl) WHERE ttl IS NOT NULL",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -32000",
    "PRAGMA mmap_size = 268435456",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)


class DatabaseRefused(TableError):
    """The file is not a database that this version of Smriti can use; the text says why."""


class Gate:
    """One writer at a time among the processes that share a file.

    The kernel's lock on a side file is fairer and quicker than SQLite's own sleeping back-off, and
    keeps checkpoints of two processes apart. The lock of a killed process is released with it.
    """

    def __init__(self, path: Path, *, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        deadline = time.monotonic() + self._timeout_s
        pause_s = 0.0002
        while not self._taken():
            if time.monotonic() > deadline:
                raise TableUnavailable("Another process has been holding the database for long.")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.002)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._lock)


def gate_of(path: Path) -> Gate:
    """The gate of the database at `path`, which is created when missing, for its owner alone."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return Gate(path.with_name(f"{path.name}.lock"))
    except OSError as error:
        raise TableUnavailable(f"The database cannot be opened: {error}.") from error


def connect(path: Path | None) -> sqlite3.Connection:
    """A connection with the schema in place; None is a database in memory. `DatabaseRefused`."""
    name = ":memory:" if path is None else path.resolve().as_uri()
    connection = _connected(name)
    try:
        _prepare(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        raise TableUnavailable(f"The database cannot be opened: {error}.") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise DatabaseRefused(f"{name} is not a database: {error}.") from error
    except DatabaseRefused:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables > 0:
        _check_kind(connection)  # before the first change to a file that may not be ours
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchall()
    if tables == 0:
        with transaction(connection):
            for statement in _SCHEMA:
                connection.execute(statement)


def _connected(name: str) -> sqlite3.Connection:
    return sqlite3.connect(name, isolation_level=None, check_same_thread=False, uri=True)


@contextmanager
def transaction(connection: sqlite3.Connection, *, writes: bool = True) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back on some errors
            connection.execute("ROLLBACK")
        raise


def _check_kind(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    columns = tuple(row[1] for row in connection.execute("PRAGMA table_info(item)"))
    if application != APPLICATION_ID:
        raise DatabaseRefused("The file is a database, but not one of Smriti.")
    if version > SCHEMA_VERSION:
        raise DatabaseRefused(
            f"The database was written by a newer version of Smriti (its schema is {version}, "
            f"this version knows {SCHEMA_VERSION}). Install that version."
        )
    if columns != _COLUMNS:
        raise DatabaseRefused("The database's table is not the one that Smriti makes.")


def verify(path: Path, *, live: Path | None) -> None:
    """`DatabaseRefused` unless it is a sound database of Smriti, and not the `live` one itself."""
    if not path.is_file():
        raise DatabaseRefused(f"There is no file {str(path)!r}.")
    if live is not None and path.samefile(live):
        raise DatabaseRefused(f"{str(path)!r} is the database in use.")
    try:
        with closing(_connected(_read_only(path))) as connection:
            _check_kind(connection)
            faults = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise DatabaseRefused(f"{str(path)!r} is not a database of Smriti: {error}.") from error
    if faults != ("ok",):
        raise DatabaseRefused(f"{str(path)!r} is damaged: {faults[0]}.")


def copy(source: Path, target: Path) -> None:
    """A consistent copy in one file, for its owner alone, while others go on writing.

    The target appears whole or not at all, and replaces what was there. `TableUnavailable` when it
    cannot be written, `DatabaseRefused` when it is the source itself.
    """
    if target.exists() and target.samefile(source):
        raise DatabaseRefused(f"{str(target)!r} is the database in use.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _copy_pages(source, partial)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise TableUnavailable(f"The copy cannot be written: {error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _copy_pages(source: Path, target: Path) -> None:
    with (
        closing(_connected(_read_only(source))) as origin,
        closing(_connected(target.resolve().as_uri())) as copied,
    ):
        origin.backup(copied)
        copied.execute("PRAGMA journal_mode = DELETE").fetchall()
    with target.open("rb") as file:
        os.fsync(file.fileno())


def replace_items(connection: sqlite3.Connection, source: Path) -> None:
    """All items give way to those of a verified file, in one transaction."""
    connection.execute("ATTACH ? AS source", (_read_only(source),))
    try:
        with transaction(connection):
            columns = ", ".join(_COLUMNS)
            connection.execute("DELETE FROM item")
            connection.execute(
                f"INSERT INTO item ({columns}) SELECT {columns} FROM source.item"  # noqa: S608 - our names
            )
    finally:
        connection.execute("DETACH source")


def _read_only(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"
